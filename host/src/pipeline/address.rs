//! Where an output goes: the topic and partition that a guest named, if the pipeline allows them.

use std::time::{Duration, Instant};

use super::failure::Failure;
use super::rejection::Rejection;
use super::shared::Shared;
use crate::record::Envelope;
use crate::telemetry::printable::printable;

/// How long to wait for the broker to say how many partitions a topic has.
const ASK: Duration = Duration::from_secs(10);
/// Partitions may be added: a number beyond those known is asked about again, but not for every record.
const ASK_AGAIN: Duration = Duration::from_secs(10);

/// Longest name of a topic that is shown, in bytes: Kafka's own limit.
const TOPIC: usize = 249;

/// The topics that one worker has written to.
pub(super) struct Addresses {
    /// The sink's own topic first.
    names: Vec<String>,
    /// Of each, how many partitions it has and when that was asked; nothing before a guest named one.
    partitions: Vec<Option<(usize, Instant)>>,
}

/// Why an output has no place in the topic that a guest wants.
pub(super) fn not_allowed(topic: &str) -> Rejection {
    let topic = printable(topic, TOPIC);
    let why = format!("the guest wants the topic `{topic}`, which `topics` in [sink] does not allow");
    Rejection::sink("topic-not-allowed", why)
}

impl Addresses {
    pub(super) fn new(shared: &Shared) -> Addresses {
        Addresses { names: vec![shared.topics.output.clone()], partitions: vec![None] }
    }

    /// The topics by number.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of an output's topic, or why the output cannot go where the guest wants it.
    pub(super) fn find(
        &mut self,
        shared: &Shared,
        set: Option<&Envelope>,
    ) -> Result<Result<usize, Rejection>, Failure> {
        let Some(set) = set else { return Ok(Ok(0)) };
        let topic = match set.topic() {
            None => 0,
            Some(name) => match self.topic(shared, name) {
                Some(topic) => topic,
                None => return Ok(Err(not_allowed(name))),
            },
        };
        match set.partition {
            None => Ok(Ok(topic)),
            Some(partition) => self.partition(shared, topic, partition).map(|found| found.map(|()| topic)),
        }
    }

    fn topic(&mut self, shared: &Shared, name: &str) -> Option<usize> {
        if let Some(topic) = self.names.iter().position(|known| known == name) {
            return Some(topic);
        }
        if !shared.sink.allows(name) {
            return None;
        }
        self.names.push(name.to_owned());
        self.partitions.push(None);
        Some(self.names.len() - 1)
    }

    fn partition(&mut self, shared: &Shared, topic: usize, partition: i32) -> Result<Result<(), Rejection>, Failure> {
        let wanted = usize::try_from(partition).unwrap_or(usize::MAX);
        let known = self.partitions[topic];
        let stale = known.is_none_or(|(count, asked)| wanted >= count && asked.elapsed() > ASK_AGAIN);
        let name = &self.names[topic];
        if stale {
            // So that the client knows of the topic.
            shared.topics.get(&shared.producer, name)?;
            let count = shared.producer.partitions(name, ASK).map_err(|error| Failure::Kafka(error.to_string()))?;
            self.partitions[topic] = Some((count, Instant::now()));
        }
        match self.partitions[topic] {
            Some((count, _)) if wanted >= count => {
                let why = format!("the guest wants partition {partition} of topic `{name}`, which has {count}");
                Ok(Err(Rejection::sink("no-such-partition", why)))
            }
            _ => Ok(Ok(())),
        }
    }
}
