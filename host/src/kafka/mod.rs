//! What both ends of the pipe share: client handles, settings, error text, the broker probe and the embedded broker.
//!
//! The ends use librdkafka's batch calls directly, because they move one and a half times the records of the
//! record-at-a-time calls for a little more than half the CPU. `unsafe` stands only in `native.rs`, `ending.rs`
//! and `versions.rs` here and in the two `native.rs` of `source` and `sink`; everything above them is safe code.
//!
//! * [`properties`]: the defaults, what the host owns, and the check of one user-given property
//! * [`error`]: librdkafka's codes, sorted into the few classes that matter to a pipeline
//! * [`probe`]: is the broker there, and does it have the topics
//! * [`embedded`]: a broker inside this process, for trying things out and for tests
//! * `logging`: librdkafka's log lines as tracing events, repeats held back
//! * `ending`: stops and frees a client within a bound, whatever its group or broker does
//! * `versions`: what a broker can do
//! * `epochs`: the leader epoch that belongs to each committed offset

use std::fmt;

pub mod embedded;
mod ending;
pub(crate) mod epochs;
pub mod error;
pub(crate) mod logging;
pub(crate) mod native;
pub mod probe;
pub mod properties;
mod versions;

pub use embedded::{EmbeddedBroker, EmbeddedError};
pub use error::{ErrorClass, Trouble};
pub use native::Group;
pub use probe::{ClusterInfo, ProbeError, probe};

/// One partition of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: String,
    /// The partition's number.
    pub partition: i32,
}

impl TopicPartition {
    /// Names a partition.
    pub fn new(topic: impl Into<String>, partition: i32) -> Self {
        TopicPartition { topic: topic.into(), partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.topic, self.partition)
    }
}
