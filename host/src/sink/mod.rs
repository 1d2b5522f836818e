//! 6. Produce and be acknowledged: records into Kafka, and word of each one back.
//!
//! Three objects share one client. [`Producer`] opens topics and waits for room; a [`Sender`] belongs to one worker
//! and hands records over in batches; [`Deliveries`] belongs to one thread and collects what became of them. Every
//! record that was accepted comes back from [`Deliveries`] exactly once, with its ticket.

use thiserror::Error;

use crate::kafka::error::{Code, ErrorClass};
use crate::record::{Headers, Ticket};

pub mod dead_letter;
mod deliveries;
mod native;
mod producer;
#[cfg(test)]
mod tests;
mod transactions;

pub use deliveries::Deliveries;
pub use producer::{Producer, Room, Sender, Topic};
pub use transactions::{TransactionError, Transactions};

/// What a producer needs to know.
#[derive(Debug, Clone)]
pub struct ProducerSettings {
    /// The pipeline's name, which the broker's logs will show.
    pub pipeline: String,
    /// `host:port`, several with commas between them.
    pub brokers: String,
    /// The user's properties: `[kafka.client]`, then `[kafka.producer]`.
    pub properties: Vec<(String, String)>,
    /// Under which id it writes in transactions, if it does.
    pub transactional_id: Option<String>,
}

/// A record on its way out. Its bytes are copied when it is accepted.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// Comes back with the delivery.
    pub ticket: Ticket,
    /// `None` is a record without a key, which goes to any partition.
    pub key: Option<&'a [u8]>,
    /// `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Headers as they came with an input record.
    pub headers: Headers<'a>,
    /// More headers, after those.
    pub extra_headers: &'a [(&'a [u8], Option<&'a [u8]>)],
    /// `None` leaves it to the key.
    pub partition: Option<i32>,
    /// Milliseconds since the epoch; `None`, or not above zero, is now.
    pub timestamp: Option<i64>,
}

impl<'a> Outgoing<'a> {
    /// A record with nothing but key and value.
    pub fn plain(ticket: Ticket, key: Option<&'a [u8]>, value: Option<&'a [u8]>) -> Self {
        let headers = Headers::default();
        Outgoing { ticket, key, value, headers, extra_headers: &[], partition: None, timestamp: None }
    }

    fn has_headers(&self) -> bool {
        !self.headers.is_empty() || !self.extra_headers.is_empty()
    }
}

/// How far a call of [`Sender::send`] came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "records behind `accepted` were not sent"]
pub struct Sent {
    /// So many records from the front will come back from [`Deliveries`].
    pub accepted: usize,
    /// Why the next one was not taken, if not all were.
    pub refused: Option<Refusal>,
}

/// Why a record was not taken. Nothing behind it was, either.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Too much waits for the broker: [`Producer::wait_for_room`], then send the rest.
    #[error("the producer's queue is full")]
    QueueFull(Room),
    /// This record alone is too large; the rest can be sent without it.
    #[error(
        "the record is too large: {size} bytes with key, headers and framing, {limit} are allowed; \
        raise \"message.max.bytes\" in [kafka.producer] and on the topic, or make the output smaller"
    )]
    TooLarge {
        /// Its size as sent, at most.
        size: usize,
        /// The producer's limit.
        limit: usize,
    },
    /// The producer takes nothing, or nothing like this.
    #[error("the producer does not take the record: {reason} ({name})")]
    Other {
        /// librdkafka's name of the error.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

/// What became of one accepted record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The record's ticket.
    pub ticket: Ticket,
    /// `None`: all replicas have it.
    pub error: Option<DeliveryError>,
}

/// Why a record did not get there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text}")]
pub struct DeliveryError {
    /// What it means.
    pub kind: DeliveryErrorKind,
    /// What happened, and librdkafka's name of it.
    pub text: String,
}

/// What a failed delivery means to a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryErrorKind {
    /// The broker or topic has a lower limit than this producer.
    TooLarge,
    /// Not acknowledged within "message.timeout.ms". It may be there all the same.
    TimedOut,
    /// The topic or partition does not exist.
    TopicMissing,
    /// The broker refuses.
    Unauthorized,
    /// Another producer has its transactional id, or its transaction has ended.
    Fenced,
    /// The producer cannot go on.
    Fatal,
    /// Anything else.
    Other,
}

impl DeliveryError {
    fn new(code: Code) -> Self {
        let kind = match code.name().as_str() {
            "MSG_SIZE_TOO_LARGE" | "RECORD_LIST_TOO_LARGE" => DeliveryErrorKind::TooLarge,
            "_MSG_TIMED_OUT" | "_TIMED_OUT" | "REQUEST_TIMED_OUT" => DeliveryErrorKind::TimedOut,
            "_FENCED" | "PRODUCER_FENCED" | "INVALID_PRODUCER_EPOCH" => DeliveryErrorKind::Fenced,
            "_FATAL" | "OUT_OF_ORDER_SEQUENCE_NUMBER" => DeliveryErrorKind::Fatal,
            _ => match code.class() {
                ErrorClass::TopicMissing => DeliveryErrorKind::TopicMissing,
                ErrorClass::Unauthorized => DeliveryErrorKind::Unauthorized,
                _ => DeliveryErrorKind::Other,
            },
        };
        DeliveryError { kind, text: format!("{} ({})", code.text(), code.name()) }
    }
}

/// What the broker says of a topic's partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Partitions {
    /// There are so many; 0 where there is no such topic.
    Known(usize),
    /// It refuses to say.
    Unauthorized(String),
    /// It may say later, and why it does not now.
    Later(String),
}

/// Why writing to Kafka cannot start or go on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SinkError {
    /// A setting was refused.
    #[error("the producer cannot start: {reason}")]
    Settings {
        /// Which, and why.
        reason: String,
    },
    /// A topic's name was refused.
    #[error("`{topic}` cannot be a topic's name: {reason}")]
    Topic {
        /// The name.
        topic: String,
        /// Why not.
        reason: String,
    },
    /// The broker refuses.
    #[error("the broker refuses to let this producer write: {reason}; check the credentials and what they may do")]
    Unauthorized {
        /// What it said.
        reason: String,
    },
    /// The client has given up: nothing can be sent any more, and what was under way comes back failed.
    #[error("the Kafka producer failed and cannot go on: {reason} ({name})")]
    Fatal {
        /// librdkafka's name of the error.
        name: String,
        /// What happened.
        reason: String,
    },
}
