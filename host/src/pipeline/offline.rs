//! Records through the guests without a broker: the same way that a worker takes, from a topic's bytes to a topic's
//! bytes, for tests and pipes.

use std::sync::Arc;

use super::address::not_allowed;
use super::failure::Failure;
use super::flow::{Item, Stop};
use super::formats::Formats;
use super::judge::Leaving;
use super::load::Prepared;
use super::origin::Origin;
use super::stages::{Stages, Whence};
use super::way::Way;
use crate::config::{Reject, Sink};
use crate::kafka::TopicPartition;
use crate::record::{Batch, Parts, Slot, Ticket};
use crate::telemetry::metrics::Metrics;

/// A pipeline's guests, brought up.
pub struct Offline {
    stages: Arc<Stages>,
    way: Way,
    formats: Formats,
    sink: Sink,
    from: From,
}

/// Where the records seem to come from.
struct From(TopicPartition);

impl Whence for From {
    fn partition(&self, _: Slot) -> Option<TopicPartition> {
        Some(self.0.clone())
    }
}

/// What became of one record.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Its outputs, in order; none where a guest dropped it.
    Outputs(Vec<Sent>),
    /// It was rejected.
    Rejected(Rejected),
    /// The guest asks to try it again, and says why; a pipeline that runs does that.
    Again(String),
    /// The pipeline would stop before it, and why.
    Stopped(String),
}

/// Why a record was rejected, as its dead letter would say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Where on its way: `decode`, `transform` ...
    pub stage: &'static str,
    /// Which stage's guest, if it was one.
    pub guest: Option<String>,
    /// The kind, one word.
    pub kind: &'static str,
    /// The reason, in words.
    pub why: String,
}

/// An output as it would be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its topic.
    pub topic: String,
    /// `None`: no key.
    pub key: Option<Vec<u8>>,
    /// `None`: a tombstone.
    pub value: Option<Vec<u8>>,
    /// Names and values, in order.
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// The partition that a guest named.
    pub partition: Option<i32>,
    /// The time that a guest gave it, in milliseconds since the epoch.
    pub timestamp: Option<i64>,
}

/// A record to be taken through the guests. Its offset is its place in the batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// `None`: no key.
    pub key: Option<Vec<u8>>,
    /// As it would lie on the topic, framing included; `None`: a tombstone.
    pub value: Option<Vec<u8>>,
    /// Names and values, in order.
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// Milliseconds since the epoch; `None`: no timestamp.
    pub timestamp: Option<i64>,
}

impl Outcome {
    /// That of a record at which nothing goes on.
    pub(super) fn of_stop(stop: &Stop) -> Outcome {
        match stop {
            Stop::Fail(failure) => Outcome::Stopped(failure.to_string()),
            Stop::Again(again) => Outcome::Again(again.why.clone()),
        }
    }
}

impl Offline {
    /// Brings up an instance of each guest. `metrics` counts what the guests count.
    pub fn start(prepared: &Prepared, metrics: &Metrics) -> Result<Offline, Failure> {
        // A record that is rejected is the caller's to judge; the others go on.
        let stages = Arc::new(Stages { reject: Reject::Skip, ..Stages::new(prepared, metrics) });
        let topic = prepared.config.source.topics.first().map_or("", String::as_str);
        Ok(Offline {
            way: Way::start(stages.clone())?,
            formats: Formats::new(&stages),
            stages,
            sink: prepared.config.sink.clone(),
            from: From(TopicPartition::new(topic, 0)),
        })
    }

    /// Takes records through as one batch, cut into calls as the pipeline's limits say. `first` is the offset of the
    /// first of them. A call that fails rejects all of its records, as in a running pipeline.
    pub fn run(&mut self, records: &[Given], first: i64) -> Result<Vec<Outcome>, Failure> {
        self.calls(records, |index| first + index as i64)
    }

    /// As [`Offline::run`], of records that all seem to have this offset.
    pub fn run_at(&mut self, records: &[Given], offset: i64) -> Result<Vec<Outcome>, Failure> {
        self.calls(records, |_| offset)
    }

    /// Units of fuel that the guests have burnt so far; `None` where the engine does not count them.
    pub fn burnt(&self) -> Option<u64> {
        self.way.burnt()
    }

    fn calls(&mut self, records: &[Given], offset: impl Fn(usize) -> i64) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes = Vec::with_capacity(records.len());
        let size = self.stages.each.first().map_or(1, |stage| stage.records.max(1));
        for (index, call) in records.chunks(size).enumerate() {
            self.call(call, |at| offset(index * size + at), &mut outcomes)?;
        }
        Ok(outcomes)
    }

    fn call(
        &mut self,
        records: &[Given],
        offset: impl Fn(usize) -> i64,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Failure> {
        let mut batch = Batch::default();
        let slot = Slot(0);
        for (index, record) in records.iter().enumerate() {
            let (key, value) = (record.key.as_deref(), record.value.as_deref());
            let (offset, timestamp) = (offset(index), record.timestamp.unwrap_or(-1));
            let headers = record.headers.iter().map(|(name, value)| (name.as_slice(), value.as_deref()));
            if !batch.push(Parts { slot, offset, timestamp, log_append: false, key, value }, headers) {
                return Err(Failure::Host("records of more than 4 GiB cannot be taken at once".into()));
            }
        }
        let mut items: Vec<Item> = (0..batch.len()).map(|at| Item::new(at, Ticket::new(slot, at as u64))).collect();
        let (source, values) = self.formats.read(&batch, &mut items);
        self.way.walk(Origin { batch: &batch, whence: &self.from }, source, values, &mut items)?;
        let come = self.way.come();
        self.formats.write(&come, &mut items);
        let leaving = Leaving { batch: &batch, formats: &self.formats, come, origins: &[] };
        outcomes.extend((0..items.len()).map(|at| self.outcome(at, &items, &leaving)));
        Ok(())
    }

    /// What became of item `at`. Units stand in the order of their items.
    fn outcome(&self, at: usize, items: &[Item], leaving: &Leaving<'_>) -> Outcome {
        let item = &items[at];
        if let Some(stop) = &item.stop {
            return Outcome::of_stop(stop);
        }
        if let Some(rejection) = &item.rejection {
            return Outcome::Rejected(rejection.told(&self.stages));
        }
        let mut sent = Vec::new();
        let before = |item: usize| leaving.come.units.partition_point(|unit| unit.item < item);
        for unit in before(at)..before(at + 1) {
            match self.sent(unit, items, leaving) {
                Ok(output) => sent.push(output),
                Err(rejected) => return Outcome::Rejected(rejected),
            }
        }
        Outcome::Outputs(sent)
    }

    /// An output as a worker would send it.
    fn sent(&self, at: usize, items: &[Item], leaving: &Leaving<'_>) -> Result<Sent, Rejected> {
        let set = leaving.come.units[at].envelope.as_deref();
        let topic = set.and_then(|set| set.topic()).unwrap_or(&self.sink.topic);
        if !self.sink.allows(topic) {
            return Err(not_allowed(topic).told(&self.stages));
        }
        Ok(leaving.sent(items, at, topic))
    }
}
