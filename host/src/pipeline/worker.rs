//! The way of a record, on one page. A worker takes batches of its partitions' records and walks them through:
//!
//! 1. open      each record gets a ticket in its partition's ledger
//! 2. decode    Avro bytes become the image of the guest's typed records
//! 3. call      the guest transforms the batch
//! 4. settle    each record is produced, dead-lettered or skipped, in order
//!
//! The acknowledgement closes the ticket (`delivery.rs`), and the committer commits what is closed (`committer.rs`).

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::failure::Failure;
use super::queue::Queue;
use super::rejection::Rejection;
use super::shared::Shared;
use crate::config::Reject;
use crate::decode::{Image, Writers};
use crate::encode::{FaultKind, Outputs, Verdict};
use crate::guest::{CallError, Instance};
use crate::record::{Batch, Record, Ticket};
use crate::sink::dead_letter::{self, Letter, Reason};
use crate::sink::{Outgoing, Refusal, Sender};
use crate::telemetry::metrics::Stage;

/// Records in one guest call, at most: past this the call's own cost no longer counts (docs/performance.md).
const CALL_RECORDS: usize = 256;
/// Bytes of input in one guest call, at most: it bounds what a guest must hold at once.
const CALL_BYTES: usize = 1 << 20;
/// How long to wait for room in the producer before looking whether to go on.
const ROOM: Duration = Duration::from_millis(100);

/// Does the work of its partitions, on a thread of its own.
pub(super) struct Worker {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    writers: Writers,
    instance: Instance,
    sender: Sender,
    image: Image,
    outputs: Outputs,
    items: Vec<Item>,
    /// The instance's memory as it was last counted, in bytes.
    memory: usize,
}

/// One record under way.
struct Item {
    index: usize,
    ticket: Ticket,
    rejection: Option<Box<Rejection>>,
}

/// What became of the records of a call, up to the one that stops the pipeline.
struct Judged {
    /// Those with an output: which item, and where its value is.
    ready: Vec<(usize, Range<usize>)>,
    /// How many items were judged.
    end: usize,
    /// Why the pipeline stops there.
    stop: Option<Failure>,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, queue: Arc<Queue>, writers: Writers) -> Result<Worker, Failure> {
        let instance = start(&shared)?;
        let sender = shared.producer.sender();
        let (image, outputs) = (Image::default(), Outputs::default());
        Ok(Worker { shared, queue, writers, instance, sender, image, outputs, items: Vec::new(), memory: 0 })
    }

    /// Works until the queue is closed or the pipeline stops. Records not reached by then are untouched, so not lost.
    pub(super) fn run(mut self) {
        let shared = self.shared.clone();
        while let Some(batch) = self.queue.pop() {
            for records in calls(&batch) {
                if shared.control.stopping() {
                    return;
                }
                if let Err(failure) = self.walk(&batch, records) {
                    return shared.control.fail(failure);
                }
            }
            self.queue.give_back(batch);
        }
    }

    /// The way of the records of one guest call.
    fn walk(&mut self, batch: &Batch, records: Range<usize>) -> Result<(), Failure> {
        self.open(batch, records);
        self.decode(batch);
        self.call(batch)?;
        self.settle(batch)
    }

    /// Step 1. Records of a partition that has left are dropped here: they belong to its next owner.
    fn open(&mut self, batch: &Batch, records: Range<usize>) {
        self.items.clear();
        let mut bytes = 0;
        let mut index = records.start;
        while index < records.end {
            let slot = batch.get(index).slot();
            let run = (index..records.end).take_while(|at| batch.get(*at).slot() == slot);
            let end = run.last().map_or(index, |last| last) + 1;
            let partition = self.shared.partitions.get(slot);
            if let Some(mut ledger) = partition.as_ref().and_then(|partition| partition.open_ledger()) {
                for at in index..end {
                    let record = batch.get(at);
                    let ticket = Ticket::new(slot, ledger.open(record.offset(), record.timestamp()));
                    bytes += size(&record);
                    self.items.push(Item { index: at, ticket, rejection: None });
                }
            }
            index = end;
        }
        self.shared.metrics.consumed(self.items.len() as u64, bytes as u64);
    }

    /// Step 2.
    fn decode(&mut self, batch: &Batch) {
        let (stride, _) = self.writers.layout();
        let limit = self.shared.image_limit;
        self.image.begin(stride, self.items.len(), self.writers.carried(), limit);
        for item in &mut self.items {
            if let Err(why) = decode_one(&mut self.writers, &mut self.image, &batch.get(item.index)) {
                item.rejection = Some(Box::new(Rejection::decode(why)));
            }
        }
    }

    /// Step 3. A call that fails condemns the instance and rejects what it was called with.
    fn call(&mut self, batch: &Batch) -> Result<(), Failure> {
        self.outputs.clear();
        if self.image.count() == 0 {
            return Ok(());
        }
        let (_, align) = self.writers.layout();
        let shared = &self.shared;
        shared.metrics.batch_size().observe(self.image.count() as f64);
        let start = Instant::now();
        let done =
            self.instance.transform(batch.bytes(), &mut self.image, align as u32, &shared.encode, &mut self.outputs);
        shared.guest_metrics.calls().observe(start.elapsed().as_secs_f64());
        let memory = self.instance.memory();
        shared.guest_metrics.memory_by(memory as i64 - self.memory as i64);
        self.memory = memory;
        match done {
            Ok(()) => Ok(()),
            Err(error) => self.condemn(batch, &error),
        }
    }

    /// Which record of the call is to blame is not known; where they all stand is.
    fn one_of_many(&self, batch: &Batch, error: &CallError) -> Failure {
        let called = || self.items.iter().filter(|item| item.rejection.is_none());
        let place = |item: &Item| self.shared.place(&batch.get(item.index));
        let at = match (called().next(), called().next_back()) {
            (Some(first), Some(last)) if first.index != last.index => {
                format!("one of the {} records from {} to {}", called().count(), place(first), place(last))
            }
            (first, _) => first.map(place).unwrap_or_default(),
        };
        let kind = error.kind.label();
        self.shared.metrics.error(kind, Stage::Guest, called().count() as u64);
        Failure::Rejected { at, kind, why: error.text.clone() }
    }

    fn condemn(&mut self, batch: &Batch, error: &CallError) -> Result<(), Failure> {
        let kind = error.kind.label();
        tracing::warn!(pipeline = self.shared.name, kind, why = error.text, "guest instance condemned");
        self.shared.guest_metrics.trapped(kind);
        self.outputs.clear();
        if self.shared.reject == Reject::Stop {
            return Err(self.one_of_many(batch, error));
        }
        for item in self.items.iter_mut().filter(|item| item.rejection.is_none()) {
            item.rejection = Some(Box::new(Rejection::call(kind, error.text.clone())));
        }
        self.instance = start(&self.shared)?;
        Ok(())
    }

    /// Step 4. What stands before a record that stops the pipeline is still produced.
    fn settle(&mut self, batch: &Batch) -> Result<(), Failure> {
        let mut items = std::mem::take(&mut self.items);
        let outputs = std::mem::take(&mut self.outputs);
        let done = self.settle_all(batch, &mut items, &outputs);
        (self.items, self.outputs) = (items, outputs);
        done
    }

    fn settle_all(&mut self, batch: &Batch, items: &mut [Item], outputs: &Outputs) -> Result<(), Failure> {
        let Judged { ready, end, mut stop } = self.judge(batch, items, outputs);
        // What stands behind the record that stops the pipeline is left alone: it comes again.
        let items = items.get_mut(..end).unwrap_or_default();
        let outgoing: Vec<Outgoing<'_>> = ready
            .iter()
            .map(|(at, value)| {
                let record = batch.get(items[*at].index);
                let plain = Outgoing::plain(items[*at].ticket, record.key(), outputs.bytes.get(value.clone()));
                Outgoing { headers: record.headers(), ..plain }
            })
            .collect();
        let shared = self.shared.clone();
        for (index, why) in self.send(&shared.topics.output, &outgoing)? {
            let item = &mut items[ready[index].0];
            item.reject(Rejection::too_large(why));
            stop = stop.or_else(|| self.stopped_by(item, &batch.get(item.index)));
        }
        self.settle_rejected(batch, items)?;
        stop.map_or(Ok(()), Err)
    }

    /// What becomes of each record, in order, up to the one that stops the pipeline.
    fn judge(&self, batch: &Batch, items: &mut [Item], outputs: &Outputs) -> Judged {
        let mut verdicts = outputs.verdicts.iter();
        let mut ready = Vec::with_capacity(items.len());
        for (at, item) in items.iter_mut().enumerate() {
            let record = batch.get(item.index);
            if item.rejection.is_none() {
                match verdicts.next() {
                    Some(Verdict::Value(range)) => ready.push((at, range.clone())),
                    Some(Verdict::Invalid(why)) => item.reject(Rejection::encode(why.clone())),
                    Some(Verdict::Fault(FaultKind::Reject, why)) => item.reject(Rejection::guest(why.clone())),
                    Some(Verdict::Fault(kind, why)) => {
                        return Judged { ready, end: at, stop: Some(self.fault(*kind, why, &record)) };
                    }
                    None => {
                        return Judged {
                            ready,
                            end: at,
                            stop: Some(Failure::Host("the guest's answer is incomplete".into())),
                        };
                    }
                }
            }
            if let Some(failure) = self.stopped_by(item, &record) {
                return Judged { ready, end: at, stop: Some(failure) };
            }
        }
        Judged { ready, end: items.len(), stop: None }
    }

    /// The failure that a rejected record is, where the policy is to stop.
    fn stopped_by(&self, item: &Item, record: &Record<'_>) -> Option<Failure> {
        let rejection = item.rejection.as_ref().filter(|_| self.shared.reject == Reject::Stop)?;
        self.shared.metrics.error(rejection.kind, rejection.stage, 1);
        Some(Failure::Rejected { at: self.shared.place(record), kind: rejection.kind, why: rejection.why.clone() })
    }

    /// Skips or dead-letters what was rejected; with the policy `stop` there is nothing to do for it.
    fn settle_rejected(&mut self, batch: &Batch, items: &[Item]) -> Result<(), Failure> {
        let rejected: Vec<(&Item, &Rejection)> =
            items.iter().filter_map(|item| Some((item, item.rejection.as_deref()?))).collect();
        if self.shared.reject == Reject::Stop || rejected.is_empty() {
            return Ok(());
        }
        for (item, rejection) in &rejected {
            self.note(rejection, &batch.get(item.index));
        }
        let Some(topic) = self.shared.topics.dead_letters.clone() else {
            self.shared.metrics.skipped(rejected.len() as u64);
            self.shared.partitions.close(rejected.iter().map(|(item, _)| item.ticket), |_| ());
            return Ok(());
        };
        let letters: Vec<Letter> = rejected.iter().map(|(item, why)| self.letter(item, why, batch)).collect();
        let headers: Vec<_> = letters.iter().map(Letter::headers).collect();
        let outgoing: Vec<Outgoing<'_>> = rejected
            .iter()
            .zip(&headers)
            .map(|((item, _), headers)| dead_letter::outgoing(item.ticket, &batch.get(item.index), headers))
            .collect();
        match self.send(&topic, &outgoing)?.first() {
            None => Ok(()),
            Some((index, why)) => {
                let at = self.shared.place(&batch.get(rejected[*index].0.index));
                Err(Failure::Kafka(format!("the dead letter for {at} cannot be sent: {why}")))
            }
        }
    }

    fn letter(&self, item: &Item, rejection: &Rejection, batch: &Batch) -> Letter {
        let record = batch.get(item.index);
        let partition = self.shared.partitions.get(item.ticket.slot());
        if let Some(partition) = &partition {
            partition.ledger().dead_letter(item.ticket.sequence());
        }
        let (topic, number) = partition.map_or((String::new(), -1), |p| (p.name.topic.clone(), p.name.partition));
        Letter::new(&Reason {
            topic: &topic,
            partition: number,
            offset: record.offset(),
            group: &self.shared.group,
            pipeline: &self.shared.name,
            stage: rejection.stage.as_str(),
            kind: rejection.kind,
            message: &rejection.why,
        })
    }

    fn note(&self, rejection: &Rejection, record: &Record<'_>) {
        self.shared.metrics.error(rejection.kind, rejection.stage, 1);
        let (at, why) = (self.shared.place(record), rejection.why.as_str());
        let stage = rejection.stage.as_str();
        tracing::warn!(pipeline = self.shared.name, record = at, stage, kind = rejection.kind, why, "record rejected");
    }

    fn fault(&self, kind: FaultKind, why: &str, record: &Record<'_>) -> Failure {
        let (at, why) = (self.shared.place(record), why.to_owned());
        match kind {
            FaultKind::Halt => Failure::Halted { at, why },
            FaultKind::Retry | FaultKind::Reject => Failure::Retry { at, why },
        }
    }

    /// Hands records to the producer, waiting while it is full; answers those that are too large, and why.
    fn send(&mut self, topic: &str, outgoing: &[Outgoing<'_>]) -> Result<Vec<(usize, String)>, Failure> {
        if outgoing.is_empty() {
            return Ok(Vec::new());
        }
        let topic = self.shared.topics.get(&self.shared.producer, topic)?;
        let mut too_large = Vec::new();
        let mut at = 0;
        while let Some(rest) = outgoing.get(at..).filter(|rest| !rest.is_empty()) {
            if rest.first().is_some_and(|next| self.is_fenced(next.ticket)) {
                at += 1;
                continue;
            }
            let sent = self.sender.send(&topic, rest);
            at += sent.accepted;
            match sent.refused {
                None => {}
                // Not sent, so not acknowledged, so not committed: nothing is lost by giving up.
                Some(Refusal::QueueFull(_)) if self.shared.abandoned() => return Ok(too_large),
                Some(Refusal::QueueFull(room)) => drop(self.shared.producer.wait_for_room(room, ROOM)),
                Some(refusal @ Refusal::TooLarge { .. }) => {
                    too_large.push((at, refusal.to_string()));
                    if self.shared.reject == Reject::Stop {
                        return Ok(too_large);
                    }
                    at += 1;
                }
                Some(refusal) => return Err(Failure::Kafka(refusal.to_string())),
            }
        }
        let bytes: usize = outgoing.iter().map(|o| o.value.map_or(0, <[u8]>::len)).sum();
        self.shared.metrics.produced(0, bytes as u64);
        Ok(too_large)
    }

    /// Whether the record's partition has another owner, who will send it.
    fn is_fenced(&self, ticket: Ticket) -> bool {
        self.shared.partitions.get(ticket.slot()).is_none_or(|partition| partition.is_fenced())
    }
}

impl Item {
    fn reject(&mut self, rejection: Rejection) {
        self.rejection = Some(Box::new(rejection));
    }
}

fn decode_one(writers: &mut Writers, image: &mut Image, record: &Record<'_>) -> Result<(), String> {
    let Some(value) = record.value() else { return Err("the record has no value (a tombstone)".into()) };
    let (plan, framing) = writers.plan(value).map_err(|error| error.to_string())?;
    let base = record.value_start() + framing as u32;
    plan.decode(&value[framing..], base, image).map_err(|failure| failure.to_string())
}

fn start(shared: &Shared) -> Result<Instance, Failure> {
    let instance = Instance::start(&shared.guest, &shared.allowance);
    let instance = instance.map_err(|error| Failure::Guest(error.to_string()))?;
    shared.guest_metrics.instance_created();
    Ok(instance)
}

/// Cuts a batch into guest calls.
fn calls(batch: &Batch) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |at: &usize| {
            bytes += size(&batch.get(*at));
            at - start < CALL_RECORDS && (bytes <= CALL_BYTES || *at == start)
        };
        let end = (start..batch.len()).take_while(fits).last()? + 1;
        let range = start..end;
        start = end;
        Some(range)
    })
}

fn size(record: &Record<'_>) -> usize {
    record.key().map_or(0, <[u8]>::len) + record.value().map_or(0, <[u8]>::len)
}
