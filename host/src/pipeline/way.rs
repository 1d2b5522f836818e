//! The way through the guests: each step makes a function's argument of the values there are, calls it, and takes what
//! it answers for the next step.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use super::bisect::Bisect;
use super::chain::Step;
use super::failure::Failure;
use super::flow::{Again, Flow, Item, Stop, Unit, call_end};
use super::origin::{NOTHING, Origin, Place};
use super::rejection::Rejection;
use super::stages::{Stage, Stages};
use crate::config::Reject;
use crate::contract::shape::Role;
use crate::decode::Image;
use crate::decode::intake::Value as Given;
use crate::encode::{FaultKind, Outputs, Value, Verdict};
use crate::guest::{Call, CallError, Instance, Past};
use crate::telemetry::printable::printable;

/// One worker's guests and buffers.
pub(super) struct Way {
    stages: Arc<Stages>,
    steps: Vec<Step>,
    /// The steps of each guest.
    guests: Vec<Range<usize>>,
    /// One for each stage.
    instances: Vec<Instance>,
    /// Each instance's memory as it was last counted, in bytes.
    memory: Vec<usize>,
    /// Units of fuel that instances had burnt which are no more.
    burnt: u64,
    image: Image,
    past: Past,
    /// Which units of a call the guest was given.
    given: Vec<bool>,
    /// What goes into the present guest, what goes from function to function within it, and what comes out.
    into: Flow,
    within: [Flow; 2],
    out: Flow,
}

/// What a step starts from: the records, and the bytes that its values are in.
#[derive(Clone, Copy)]
struct Ready<'a> {
    origin: Origin<'a>,
    source: &'a [u8],
}

/// What came out of the last step.
pub(super) struct Come<'a> {
    /// The values, in the order of their records.
    pub(super) units: &'a [Unit],
    /// Their bytes.
    pub(super) outputs: &'a Outputs,
}

impl Way {
    pub(super) fn start(stages: Arc<Stages>) -> Result<Way, Failure> {
        let instances = stages.each.iter().map(start).collect::<Result<Vec<_>, _>>()?;
        let steps = stages.steps.clone();
        let of = |stage: usize| {
            let first = steps.iter().position(|step| step.stage == stage).unwrap_or(steps.len());
            first..first + steps.iter().filter(|step| step.stage == stage).count()
        };
        Ok(Way {
            guests: (0..instances.len()).map(of).collect(),
            memory: vec![0; instances.len()],
            burnt: 0,
            steps,
            stages,
            instances,
            image: Image::default(),
            past: Past::default(),
            given: Vec::new(),
            into: Flow::default(),
            within: <[Flow; 2]>::default(),
            out: Flow::default(),
        })
    }

    /// Its guests are used no more: what was counted of their memory is taken back.
    pub(super) fn retire(self) {
        for (stage, bytes) in self.stages.each.iter().zip(&self.memory) {
            stage.metrics.memory_by(-(*bytes as i64));
        }
    }

    /// What the last walk came to.
    pub(super) fn come(&self) -> Come<'_> {
        Come { units: &self.out.units, outputs: &self.out.outputs }
    }

    /// Units of fuel that its instances have burnt, coming up included; `None` where the engine does not count them.
    pub(super) fn burnt(&self) -> Option<u64> {
        let of = |burnt: u64, instance: &Instance| Some(burnt + instance.burnt()?);
        self.instances.iter().try_fold(self.burnt, of)
    }

    /// Takes values of `source`, one for each item that has a value there, through all guests.
    pub(super) fn walk(
        &mut self,
        origin: Origin<'_>,
        source: &[u8],
        values: impl Iterator<Item = (usize, Value)>,
        items: &mut [Item],
    ) -> Result<(), Failure> {
        self.out.clear();
        self.out.units.extend(values.map(|(item, value)| Unit { item, row: NO_ROW, value, envelope: None }));
        self.past.carried.clear(self.steps.first().map_or(0, |step| step.intake.carried()));
        for stage in 0..self.guests.len() {
            std::mem::swap(&mut self.out, &mut self.into);
            self.out.clear();
            let (mut into, mut out) = (std::mem::take(&mut self.into), std::mem::take(&mut self.out));
            let source = if stage == 0 { source } else { &into.outputs.bytes };
            let done = self.guest(stage, Ready { origin, source }, &mut into.units, items, &mut out);
            (self.into, self.out) = (into, out);
            done?;
        }
        self.release()
    }

    /// Takes values through all functions of one guest, a call's records at a time: what stays in the guest between its
    /// functions is lost with the instance, so as few records as possible are under way there. Where a call fails, its
    /// records begin anew in smaller calls, until the bad one stands alone.
    fn guest(
        &mut self,
        stage: usize,
        ready: Ready<'_>,
        units: &mut [Unit],
        items: &mut [Item],
        out: &mut Flow,
    ) -> Result<(), Failure> {
        let mut start = 0;
        while start < units.len() && !self.guests[stage].is_empty() {
            let end = self.call_end(self.guests[stage].start, units, start);
            let mut search = Bisect::new(start..end);
            let together = |units: &[Unit], at: usize| at > 0 && units[at].item == units[at - 1].item;
            while let Some(part) = search.next(|at| together(units, at)) {
                let before = out.mark();
                let Some((at, error)) = self.through(stage, ready, &mut units[part.clone()], items, out)? else {
                    search.passed();
                    continue;
                };
                out.rewind(&before);
                self.condemn(at, &part, part == (start..end), &error)?;
                if !search.failed(&part, |at| together(units, at)) {
                    continue;
                }
                let item = &mut items[units[part.start].item];
                item.reject(Rejection::at(self.steps[at].role, stage, error.kind.label(), error.text));
                if self.stages.reject == Reject::Stop {
                    // All that comes behind it will come again.
                    return Ok(());
                }
            }
            start = end;
        }
        Ok(())
    }

    /// Takes the values of one call through all functions of a guest; or the step that failed, and how.
    fn through(
        &mut self,
        stage: usize,
        ready: Ready<'_>,
        units: &mut [Unit],
        items: &mut [Item],
        out: &mut Flow,
    ) -> Result<Option<(usize, CallError)>, Failure> {
        let (steps, mut within) = (self.guests[stage].clone(), std::mem::take(&mut self.within));
        let [mut from, mut to] = within.each_mut();
        let (mut call, mut source, mut failed) = (units, ready.source, None);
        for at in steps.clone() {
            let is_last = at + 1 == steps.end;
            let into = if is_last { &mut *out } else { &mut *to };
            if !is_last {
                into.clear();
            }
            if let Some(error) = self.step(at, Ready { source, ..ready }, call, items, into)? {
                failed = Some((at, error));
                break;
            }
            std::mem::swap(&mut from, &mut to);
            (call, source) = (&mut from.units, &from.outputs.bytes);
        }
        self.within = within;
        Ok(failed)
    }

    /// Takes values through one function; or how a call of it failed.
    fn step(
        &mut self,
        at: usize,
        ready: Ready<'_>,
        units: &mut [Unit],
        items: &mut [Item],
        into: &mut Flow,
    ) -> Result<Option<CallError>, Failure> {
        let mut start = 0;
        while start < units.len() {
            if into.is_full() {
                let Step { stage, role, .. } = self.steps[at];
                units[start..].iter().for_each(|unit| items[unit.item].reject(too_many(role, stage)));
                return Ok(None);
            }
            let end = self.call_end(at, units, start);
            let call = &mut units[start..end];
            self.give(at, ready, call, items)?;
            if let Err(error) = self.call(at, ready.source, &mut into.outputs) {
                return Ok(Some(error));
            }
            self.take(at, ready.origin, call, items, into)?;
            start = end;
        }
        Ok(None)
    }

    /// Where the units of one call end: as the stage's limits say, and no more than the image has room for.
    fn call_end(&self, at: usize, units: &[Unit], start: usize) -> usize {
        let step = &self.steps[at];
        let stage = &self.stages.each[step.stage];
        let room = stage.image_limit.checked_div(step.intake.stride()).unwrap_or(usize::MAX).max(1);
        call_end(units, start, stage.records.min(room), stage.bytes)
    }

    /// Makes the argument. A tombstone has nothing to deserialize or serialize: it goes round.
    fn give(&mut self, at: usize, ready: Ready<'_>, units: &mut [Unit], items: &mut [Item]) -> Result<(), Failure> {
        let Ready { origin, source } = ready;
        let Way { stages, steps, image, past, given, .. } = self;
        let Step { stage, role, intake, .. } = &mut steps[at];
        image.begin(intake.stride(), units.len(), intake.carried(), stages.each[*stage].image_limit);
        given.clear();
        past.rows.clear();
        let base = past.carried.rows();
        let carries = at == 0 && intake.carried() > 0;
        let mut place = Place::default();
        for unit in units {
            let item = &mut items[unit.item];
            let goes_round = *role != Role::Transform && unit.value == Value::Tombstone;
            if goes_round || !item.goes_on() {
                given.push(false);
                continue;
            }
            let record = origin.batch.get(item.index);
            let around = match intake.looks_around() {
                true => place.around(origin.whence, &record, unit),
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
                Ok(()) => {
                    if carries {
                        unit.row = (base + image.count()) as u32 - 1;
                    }
                    past.rows.push(unit.row);
                }
                Err(unfit) if at == 0 => item.reject(Rejection::decode(unfit.to_string())),
                Err(unfit) => item.reject(Rejection::at(*role, *stage, "decode", unfit.to_string())),
            }
        }
        if carries && base == 0 {
            image.swap_carried(&mut past.carried);
        } else if carries && !past.carried.append(image.carried()) {
            return Err(Failure::Host("the fields that go past the guests have more than 4 GiB".into()));
        }
        Ok(())
    }

    /// Calls the guest, unless there is nothing to call it with.
    fn call(&mut self, at: usize, source: &[u8], outputs: &mut Outputs) -> Result<(), CallError> {
        let Way { stages, steps, instances, memory, image, past, .. } = self;
        let Step { stage, role, intake, plan } = &steps[at];
        outputs.values.clear();
        outputs.verdicts.clear();
        if image.count() == 0 {
            return Ok(());
        }
        stages.metrics.batch_size().observe(image.count() as f64);
        let metrics = &stages.each[*stage].metrics;
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
    fn take(
        &mut self,
        at: usize,
        origin: Origin<'_>,
        units: &[Unit],
        items: &mut [Item],
        into: &mut Flow,
    ) -> Result<(), Failure> {
        let (stage, role) = (self.steps[at].stage, self.steps[at].role);
        let is_last = at + 1 == self.steps.len();
        let Flow { units: next, outputs } = into;
        let mut verdicts = outputs.verdicts.drain(..);
        let mut values = outputs.values.drain(..);
        for (unit, given) in units.iter().zip(&self.given) {
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
                Some(Verdict::Fault(FaultKind::Reject, why)) => {
                    item.reject(Rejection::at(role, stage, "reject", printable(why, WORDS)));
                }
                Some(Verdict::Fault(kind, why)) => {
                    let why = printable(why, WORDS);
                    let stop = match kind {
                        FaultKind::Halt => Stop::Fail(Failure::Halted { at: origin.place(item), why }),
                        FaultKind::Retry | FaultKind::Reject => Stop::Again(Again { role, guest: stage, why }),
                    };
                    item.stop.get_or_insert_with(|| Box::new(stop));
                }
                None => return Err(Failure::Host("the guest's answer is incomplete".into())),
            }
        }
        Ok(())
    }

    /// A call that fails condemns the instance. It is told once; the record that is found is told by its rejection.
    fn condemn(&mut self, at: usize, part: &Range<usize>, is_first: bool, error: &CallError) -> Result<(), Failure> {
        let stage = self.steps[at].stage;
        let Stage { name, metrics, .. } = &self.stages.each[stage];
        let (pipeline, kind, records, why) = (&self.stages.name, error.kind.label(), part.len(), error.text.as_str());
        metrics.trapped(kind);
        if is_first {
            tracing::warn!(pipeline, stage = name, kind, records, why, "guest instance condemned");
        } else {
            tracing::debug!(pipeline, stage = name, kind, records, why, "guest instance condemned");
        }
        self.restart(stage)
    }

    fn restart(&mut self, stage: usize) -> Result<(), Failure> {
        self.burnt += self.instances[stage].burnt().unwrap_or(0);
        self.instances[stage] = start(&self.stages.each[stage])?;
        Ok(())
    }

    /// Guests get back what they still keep for records that did not come to the end.
    fn release(&mut self) -> Result<(), Failure> {
        for stage in 0..self.instances.len() {
            if let Err(error) = self.instances[stage].release() {
                let (kind, name) = (error.kind.label(), &self.stages.each[stage].name);
                tracing::warn!(
                    pipeline = self.stages.name,
                    stage = name,
                    kind,
                    why = error.text,
                    "a destructor failed"
                );
                self.stages.each[stage].metrics.trapped(kind);
                self.restart(stage)?;
            }
        }
        Ok(())
    }
}

fn too_many(role: Role, stage: usize) -> Rejection {
    let why = "the guest's outputs for this record and those before it are more than a worker holds at once; \
               lower `limits.records` or `limits.outputs`";
    Rejection::at(role, stage, "too-many-outputs", why.to_owned())
}

/// What a guest says goes to logs and terminals: so many bytes of it, and nothing that moves a cursor.
const WORDS: usize = 4096;

/// The row of a value that came with no fields to go past the guests.
const NO_ROW: u32 = u32::MAX;

fn start(stage: &Stage) -> Result<Instance, Failure> {
    let instance = Instance::start(&stage.guest, &stage.allowance);
    let instance = instance.map_err(|error| Failure::Guest(error.to_string()))?;
    stage.metrics.instance_created();
    Ok(instance)
}
