//! 1. Poll: records out of Kafka, under an assignment that says whose they are.
//!
//! [`Consumer`] is one group member, polled by one thread that does nothing else. Each assignment of a partition gets
//! a [`Slot`] of its own from the pipeline, and each record carries it. Partitions move one by one
//! (cooperative-sticky); the pipeline is asked before they go, from inside [`Consumer::poll`].

use std::time::Duration;

use thiserror::Error;

use crate::kafka::TopicPartition;
use crate::kafka::error::{Code, ErrorClass, Trouble};
use crate::record::Slot;

mod assignment;
#[cfg(test)]
mod close_tests;
mod consumer;
mod native;
#[cfg(test)]
mod tests;

pub use consumer::Consumer;
pub use native::RawHeaders;

/// Where to start in a partition whose group has committed nothing yet, or whose committed offset is gone from the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the oldest record that is still there.
    Earliest,
    /// With what comes from now on.
    Latest,
}

/// What a consumer needs to know.
#[derive(Debug, Clone)]
pub struct ConsumerSettings {
    /// The pipeline's name, which the broker's logs will show.
    pub pipeline: String,
    /// `host:port`, several with commas between them.
    pub brokers: String,
    /// The group's id.
    pub group: String,
    /// The topics to read.
    pub topics: Vec<String>,
    /// Where to start without a committed offset.
    pub start: Start,
    /// The user's properties: `[kafka.client]`, then `[kafka.consumer]`.
    pub properties: Vec<(String, String)>,
}

/// What the pipeline does when partitions come and go. Called on the polling thread, inside [`Consumer::poll`] and
/// [`Consumer::close`], never from librdkafka's own callbacks: it may commit and it may wait, though while it waits
/// nothing is polled.
pub trait RebalanceEvents: Send {
    /// These partitions come; answers a slot for each, in the same order. Records follow after it has returned.
    fn assigned(&mut self, partitions: &[TopicPartition]) -> Vec<Slot>;

    /// These partitions go once this has returned: the last chance to commit for them.
    fn revoked(&mut self, partitions: &[(TopicPartition, Slot)]);

    /// These partitions are gone already and may belong to another member: drop their work, commit nothing.
    fn lost(&mut self, partitions: &[(TopicPartition, Slot)]);
}

/// A record as it lies in the client's memory, lent for one call.
pub struct RawRecord<'m> {
    /// The assignment it was polled under.
    pub slot: Slot,
    /// Its offset in the partition.
    pub offset: i64,
    /// Milliseconds since the epoch, or -1 where the broker gave none.
    pub timestamp: i64,
    /// The broker gave the timestamp when it appended the record; else its producer did.
    pub log_append: bool,
    /// `None` where the record has no key.
    pub key: Option<&'m [u8]>,
    /// `None` is a tombstone.
    pub value: Option<&'m [u8]>,
    /// Names and values in order; a name ends at its first zero byte and need not be UTF-8.
    pub headers: RawHeaders<'m>,
}

/// What came out of one poll.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Polled {
    /// How many records were handed over.
    pub records: usize,
    /// What the client has trouble with and goes on trying.
    pub troubles: Vec<Trouble>,
}

/// How far a partition has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The assignment.
    pub slot: Slot,
    /// The partition.
    pub partition: TopicPartition,
    /// One past the last record handed over; none before the first.
    pub position: Option<i64>,
    /// The next offset to be written, as last heard from the broker; none before the first answer.
    pub end: Option<i64>,
}

impl Progress {
    /// Records that were not handed over yet, as far as known.
    pub fn lag(&self) -> Option<u64> {
        let lag = self.end? - self.position?;
        Some(u64::try_from(lag).unwrap_or(0))
    }
}

/// Why reading from Kafka cannot start or go on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A setting was refused.
    #[error("the consumer cannot start: {reason}")]
    Settings {
        /// Which, and why.
        reason: String,
    },
    /// A topic to read is not there (any more).
    #[error("topic `{topic}` does not exist on the broker; create it, or correct `topics` in [source]")]
    TopicMissing {
        /// Its name.
        topic: String,
    },
    /// The broker refuses.
    #[error("the broker refuses to let this consumer {what}: {reason}; check the credentials and what they may do")]
    Unauthorized {
        /// Topic or group, and what it was for.
        what: String,
        /// What it said.
        reason: String,
    },
    /// Damaged bytes. The client would skip them; nothing behind them is handed over.
    #[error(
        "{partition} holds data at offset {offset} that cannot be read: {reason}; \
        nothing behind it is processed, so that nothing is lost unseen"
    )]
    Corrupt {
        /// Where.
        partition: TopicPartition,
        /// Where in it.
        offset: i64,
        /// What is wrong.
        reason: String,
    },
    /// The position to go on from has been deleted.
    #[error("{partition} no longer holds offset {offset}: {reason}")]
    OffsetLost {
        /// Where.
        partition: TopicPartition,
        /// The offset wanted.
        offset: i64,
        /// What the client says.
        reason: String,
    },
    /// The client has given up.
    #[error("the Kafka consumer failed and cannot go on: {reason} ({name})")]
    Fatal {
        /// librdkafka's name of the error.
        name: String,
        /// What happened.
        reason: String,
    },
    /// The group was not left in time; its other members take over when this one's session ends.
    #[error("the consumer could not leave its group within {} ms", .bound.as_millis())]
    CloseLate {
        /// The time it was given.
        bound: Duration,
    },
}

impl SourceError {
    /// What it means to a pipeline.
    pub fn class(&self) -> ErrorClass {
        match self {
            SourceError::TopicMissing { .. } => ErrorClass::TopicMissing,
            SourceError::Unauthorized { .. } => ErrorClass::Unauthorized,
            SourceError::Corrupt { .. } => ErrorClass::Corrupt,
            SourceError::OffsetLost { .. } => ErrorClass::OffsetLost,
            SourceError::CloseLate { .. } => ErrorClass::Transient,
            SourceError::Settings { .. } | SourceError::Fatal { .. } => ErrorClass::Fatal,
        }
    }
}

/// Where an error was found; empty and negative where it belongs to no record.
struct Place<'a> {
    partition: TopicPartition,
    offset: i64,
    /// The consumer's.
    group: &'a str,
}

/// An error the client reported: what it goes on trying with, or what ends the source.
fn sort(code: Code, reason: &str, place: Place<'_>) -> Result<Trouble, SourceError> {
    let trouble = code.trouble(reason);
    let Place { partition, offset, group } = place;
    let reason = trouble.text.clone();
    match trouble.class {
        ErrorClass::Transient => Ok(trouble),
        ErrorClass::TopicMissing => Err(SourceError::TopicMissing { topic: topic_of(partition, &reason) }),
        ErrorClass::Unauthorized => {
            let what = match (code, partition.topic.as_str()) {
                (Code::GROUP_AUTHORIZATION_FAILED, _) => format!("join group `{group}`"),
                (_, "") => "read".to_owned(),
                (_, topic) => format!("read topic `{topic}`"),
            };
            Err(SourceError::Unauthorized { what, reason })
        }
        ErrorClass::Corrupt => Err(SourceError::Corrupt { partition, offset, reason }),
        ErrorClass::OffsetLost => Err(SourceError::OffsetLost { partition, offset, reason }),
        _ => Err(SourceError::Fatal { name: trouble.name, reason }),
    }
}

/// The topic an error is about; where the error names none, its text does ("Subscribed topic not available: x: ...").
fn topic_of(partition: TopicPartition, reason: &str) -> String {
    if !partition.topic.is_empty() {
        return partition.topic;
    }
    let rest = reason.split_once("not available: ").map_or(reason, |(_, rest)| rest);
    rest.split_once(": ").map_or(rest, |(topic, _)| topic).to_owned()
}
