//! The way through the guests: each step makes a function's argument of the values there are, calls it, and takes what
//! it answers for the next step.

use std::sync::Arc;
use std::time::Instant;

use super::chain::Step;
use super::failure::Failure;
use super::flow::{Item, Unit};
use super::partitions::Partition;
use super::rejection::{Rejection, stage_of};
use super::shared::{Shared, StageShared};
use crate::config::Reject;
use crate::contract::shape::Role;
use crate::decode::Image;
use crate::decode::intake::{Around, Value as Given};
use crate::encode::{FaultKind, Outputs, Value, Verdict};
use crate::guest::{Call, CallError, Instance, Past};
use crate::record::{Batch, Headers, Record, Slot};

/// One worker's guests and buffers.
pub(super) struct Way {
    shared: Arc<Shared>,
    steps: Vec<Step>,
    /// One for each stage.
    instances: Vec<Instance>,
    /// Each instance's memory as it was last counted, in bytes.
    memory: Vec<usize>,
    image: Image,
    past: Past,
    /// Which units of a call the guest was given.
    given: Vec<bool>,
    units: Vec<Unit>,
    next: Vec<Unit>,
    outputs: Outputs,
    before: Outputs,
}

/// What came out of the last step.
pub(super) struct Come<'a> {
    /// The values, in the order of their records.
    pub(super) units: &'a [Unit],
    /// Their bytes.
    pub(super) outputs: &'a Outputs,
}

impl Way {
    pub(super) fn start(shared: Arc<Shared>, steps: Vec<Step>) -> Result<Way, Failure> {
        let instances = shared.stages.iter().map(start).collect::<Result<Vec<_>, _>>()?;
        Ok(Way {
            memory: vec![0; instances.len()],
            shared,
            steps,
            instances,
            image: Image::default(),
            past: Past::default(),
            given: Vec::new(),
            units: Vec::new(),
            next: Vec::new(),
            outputs: Outputs::default(),
            before: Outputs::default(),
        })
    }

    /// What the last walk came to.
    pub(super) fn come(&self) -> Come<'_> {
        Come { units: &self.units, outputs: &self.outputs }
    }

    /// Takes values of `source`, one for each item that has a value there, through all steps.
    pub(super) fn walk(
        &mut self,
        batch: &Batch,
        source: &[u8],
        values: impl Iterator<Item = (usize, Value)>,
        items: &mut [Item],
    ) -> Result<(), Failure> {
        self.units.clear();
        self.units.extend(values.map(|(item, value)| Unit { item, row: 0, value, envelope: None }));
        for at in 0..self.steps.len() {
            std::mem::swap(&mut self.outputs, &mut self.before);
            self.outputs.clear();
            let before = std::mem::take(&mut self.before);
            let source = if at == 0 { source } else { &before.bytes };
            let done = self.step(at, batch, source, items);
            self.before = before;
            done?;
        }
        self.release()
    }

    fn step(&mut self, at: usize, batch: &Batch, source: &[u8], items: &mut [Item]) -> Result<(), Failure> {
        let mut units = std::mem::take(&mut self.units);
        let stage = &self.shared.stages[self.steps[at].stage];
        let (records, bytes) = (stage.records, stage.bytes);
        let mut start = 0;
        while start < units.len() {
            let end = call_end(&units, start, records, bytes);
            let call = units.get_mut(start..end).unwrap_or_default();
            self.give(at, batch, source, call, items);
            match self.call(at, source) {
                Ok(()) => self.take(at, batch, call, items)?,
                Err(error) => {
                    self.condemn(at, batch, call, items, &error)?;
                    self.bury(at, units.get(end..).unwrap_or_default(), items, &error);
                }
            }
            start = end;
        }
        units.clear();
        self.units = std::mem::replace(&mut self.next, units);
        Ok(())
    }

    /// Makes the argument. A tombstone has nothing to deserialize or serialize: it goes round.
    fn give(&mut self, at: usize, batch: &Batch, source: &[u8], units: &mut [Unit], items: &mut [Item]) {
        let Way { shared, steps, image, past, given, .. } = self;
        let Step { stage, role, intake, .. } = &mut steps[at];
        image.begin(intake.stride(), units.len(), intake.carried(), shared.stages[*stage].image_limit);
        given.clear();
        past.rows.clear();
        let mut place = Place::default();
        for unit in units {
            let item = &mut items[unit.item];
            let goes_round = *role != Role::Transform && unit.value == Value::Tombstone;
            if goes_round || !item.goes_on() {
                given.push(false);
                continue;
            }
            let record = batch.get(item.index);
            let around = match intake.looks_around() {
                true => place.around(shared, &record, unit),
                false => NOTHING,
            };
            let value = match &unit.value {
                Value::Bytes(range) => Given::Bytes(source.get(range.clone()).unwrap_or_default(), range.start as u32),
                Value::Handle(handle) => Given::Handle(*handle),
                Value::Tombstone => Given::Tombstone,
            };
            let taken = intake.take(image, value, &around);
            given.push(taken.is_ok());
            match taken {
                Ok(()) if at == 0 => unit.row = image.count() as u32 - 1,
                Ok(()) => past.rows.push(unit.row),
                Err(unfit) if at == 0 => item.reject(Rejection::decode(unfit.to_string())),
                Err(unfit) => item.reject(Rejection::at(*role, *stage, "decode", unfit.to_string())),
            }
        }
        if at == 0 {
            past.carried = image.take_carried();
        }
    }

    /// Calls the guest, unless there is nothing to call it with.
    fn call(&mut self, at: usize, source: &[u8]) -> Result<(), CallError> {
        let Way { shared, steps, instances, memory, image, past, outputs, .. } = self;
        let Step { stage, role, intake, plan } = &steps[at];
        outputs.values.clear();
        outputs.verdicts.clear();
        if image.count() == 0 {
            return Ok(());
        }
        shared.metrics.batch_size().observe(image.count() as f64);
        let metrics = &shared.stages[*stage].metrics;
        let instance = &mut instances[*stage];
        let start = Instant::now();
        let done = instance.call(Call { role: *role, source, image, intake, plan, past }, outputs);
        metrics.calls().observe(start.elapsed().as_secs_f64());
        let now = instance.memory();
        metrics.memory_by(now as i64 - memory[*stage] as i64);
        memory[*stage] = now;
        done
    }

    /// Takes the answer: values go on, faults are noted with their records.
    fn take(&mut self, at: usize, batch: &Batch, units: &[Unit], items: &mut [Item]) -> Result<(), Failure> {
        let Way { shared, steps, given, next, outputs, .. } = self;
        let (stage, role) = (steps[at].stage, steps[at].role);
        let is_last = at + 1 == steps.len();
        let mut verdicts = outputs.verdicts.drain(..);
        let mut values = outputs.values.drain(..);
        for (unit, given) in units.iter().zip(given.iter()) {
            let item = &mut items[unit.item];
            if !given {
                if item.goes_on() {
                    next.push(unit.becomes(unit.value.clone(), None));
                }
                continue;
            }
            match verdicts.next() {
                Some(Verdict::Outputs(count)) => {
                    let outputs = values.by_ref().take(count as usize);
                    next.extend(outputs.map(|output| unit.becomes(output.value, output.envelope)));
                }
                Some(Verdict::Invalid(why)) if is_last => item.reject(Rejection::encode(Some(stage), why)),
                Some(Verdict::Invalid(why)) => item.reject(Rejection::at(role, stage, "bad-result", why)),
                Some(Verdict::Fault(FaultKind::Reject, why)) => item.reject(Rejection::at(role, stage, "reject", why)),
                Some(Verdict::Fault(kind, why)) => {
                    let at = shared.place(&batch.get(item.index));
                    item.stop.get_or_insert_with(|| {
                        Box::new(match kind {
                            FaultKind::Halt => Failure::Halted { at, why },
                            FaultKind::Retry | FaultKind::Reject => Failure::Retry { at, why },
                        })
                    });
                }
                None => return Err(Failure::Host("the guest's answer is incomplete".into())),
            }
        }
        Ok(())
    }

    /// A call that fails condemns the instance and rejects what it was called with.
    fn condemn(
        &mut self,
        at: usize,
        batch: &Batch,
        units: &[Unit],
        items: &mut [Item],
        error: &CallError,
    ) -> Result<(), Failure> {
        let Step { stage, role, .. } = self.steps[at];
        let shared = self.shared.clone();
        let kind = error.kind.label();
        let StageShared { name, metrics, .. } = &shared.stages[stage];
        tracing::warn!(pipeline = shared.name, stage = name, kind, why = error.text, "guest instance condemned");
        metrics.trapped(kind);
        let called = |given: &[bool]| -> Vec<usize> {
            let mut called: Vec<usize> =
                units.iter().zip(given).filter(|(_, given)| **given).map(|(unit, _)| unit.item).collect();
            called.dedup();
            called
        };
        let called = called(&self.given);
        if shared.reject == Reject::Stop {
            return Err(one_of_many(&shared, batch, items, &called, role, error));
        }
        for item in &called {
            items[*item].reject(Rejection::at(role, stage, kind, error.text.clone()));
        }
        for (unit, given) in units.iter().zip(&self.given) {
            if !given && items[unit.item].goes_on() {
                self.next.push(unit.becomes(unit.value.clone(), None));
            }
        }
        self.restart(stage)
    }

    /// Values that the condemned instance kept are lost with it, those of other calls too. Its successor numbers its own
    /// from the start: a number of before would be another record's value.
    fn bury(&self, at: usize, behind: &[Unit], items: &mut [Item], error: &CallError) {
        let Step { stage, role, .. } = self.steps[at];
        for unit in self.next.iter().chain(behind).filter(|unit| matches!(unit.value, Value::Handle(_))) {
            let why = format!("lost with the guest's instance, in a call for other records: {}", error.text);
            items[unit.item].reject(Rejection::at(role, stage, error.kind.label(), why));
        }
    }

    fn restart(&mut self, stage: usize) -> Result<(), Failure> {
        self.instances[stage] = start(&self.shared.stages[stage])?;
        Ok(())
    }

    /// Guests get back what they still keep for records that did not come to the end.
    fn release(&mut self) -> Result<(), Failure> {
        for stage in 0..self.instances.len() {
            if let Err(error) = self.instances[stage].release() {
                let (kind, name) = (error.kind.label(), &self.shared.stages[stage].name);
                tracing::warn!(
                    pipeline = self.shared.name,
                    stage = name,
                    kind,
                    why = error.text,
                    "a destructor failed"
                );
                self.shared.stages[stage].metrics.trapped(kind);
                self.restart(stage)?;
            }
        }
        Ok(())
    }
}

/// Where the units of one call end.
fn call_end(units: &[Unit], start: usize, records: usize, bytes: usize) -> usize {
    let mut sum = 0;
    let fits = |(at, unit): &(usize, &Unit)| {
        sum += unit.len();
        *at < records && (sum <= bytes || *at == 0)
    };
    start + units[start..].iter().enumerate().take_while(fits).count()
}

/// Which record of the call is to blame is not known; where they all stand is.
fn one_of_many(
    shared: &Shared,
    batch: &Batch,
    items: &[Item],
    called: &[usize],
    role: Role,
    error: &CallError,
) -> Failure {
    let place = |item: &usize| shared.place(&batch.get(items[*item].index));
    let at = match (called.first(), called.last()) {
        (Some(first), Some(last)) if first != last => {
            format!("one of the {} records from {} to {}", called.len(), place(first), place(last))
        }
        (first, _) => first.map(place).unwrap_or_default(),
    };
    let kind = error.kind.label();
    shared.metrics.error(kind, stage_of(role), called.len() as u64);
    Failure::Rejected { at, kind, why: error.text.clone() }
}

fn start(stage: &StageShared) -> Result<Instance, Failure> {
    let instance = Instance::start(&stage.guest, &stage.allowance);
    let instance = instance.map_err(|error| Failure::Guest(error.to_string()))?;
    stage.metrics.instance_created();
    Ok(instance)
}

/// For guests that do not look around.
const NOTHING: Around<'static> = Around {
    key: None,
    headers: Headers::NONE,
    topic: "",
    partition: -1,
    offset: -1,
    timestamp: -1,
    log_append: false,
};

/// The partition of the record before: records of one come in long runs.
#[derive(Default)]
struct Place(Option<(Slot, Option<Arc<Partition>>)>);

impl Place {
    fn around<'a>(&'a mut self, shared: &Shared, record: &Record<'a>, unit: &'a Unit) -> Around<'a> {
        let slot = record.slot();
        if self.0.as_ref().is_none_or(|(known, _)| *known != slot) {
            self.0 = Some((slot, shared.partitions.get(slot)));
        }
        let name = self.0.as_ref().and_then(|(_, partition)| partition.as_ref()).map(|partition| &partition.name);
        let set = unit.envelope.as_deref();
        let key = set.and_then(|set| set.key());
        let headers = set.and_then(|set| set.headers());
        Around {
            key: key.unwrap_or(record.key()),
            headers: headers.unwrap_or(record.headers()),
            topic: name.map_or("", |name| name.topic.as_str()),
            partition: name.map_or(-1, |name| name.partition),
            offset: record.offset(),
            timestamp: set.and_then(|set| set.timestamp).unwrap_or(record.timestamp()),
            log_append: record.log_append(),
        }
    }
}
