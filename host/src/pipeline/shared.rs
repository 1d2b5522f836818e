//! What all threads of one pipeline share. Made once, before the first of them starts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use super::control::Control;
use super::failure::Failure;
use super::partitions::Partitions;
use super::queue::Queue;
use super::stages::{Stages, Whence};
use super::swap::Swap;
use crate::config::{Reject, Retry, Sink};
use crate::kafka::Trouble;
use crate::record::Record;
use crate::sink::{Producer, Topic};
use crate::telemetry::health::PipelineHealth;
use crate::telemetry::metrics::{Metrics, Stage};

/// The pipeline's parts that no thread owns alone.
pub(super) struct Shared {
    pub(super) name: String,
    pub(super) group: String,
    pub(super) control: Arc<Control>,
    pub(super) partitions: Partitions,
    /// One for each worker.
    pub(super) queues: Vec<Arc<Queue>>,
    pub(super) metrics: Metrics,
    /// The guests that the pipeline starts with, and the way through them.
    pub(super) stages: Arc<Stages>,
    /// Those that come later.
    pub(super) swap: Arc<Swap>,
    pub(super) producer: Producer,
    pub(super) topics: Topics,
    /// Which topics guests may name.
    pub(super) sink: Sink,
    pub(super) reject: Reject,
    /// When records are tried again whose guests ask for it.
    pub(super) retry: Retry,
    pub(super) health: PipelineHealth,
    /// Set when the pipeline stops: until when it may wait for Kafka.
    pub(super) deadline: OnceLock<Instant>,
}

/// The topics that are written to, each opened when the first record goes there.
///
/// Not earlier: a topic opened before the producer has its id makes librdkafka change connections in between, and ask
/// for the id again half a second later.
pub(super) struct Topics {
    pub(super) output: String,
    /// Where dead letters go; `None` unless that is the policy.
    pub(super) dead_letters: Option<String>,
    pub(super) open: Mutex<HashMap<String, Topic>>,
}

impl Topics {
    /// Opens a topic, or gives the open one.
    pub(super) fn get(&self, producer: &Producer, name: &str) -> Result<Topic, Failure> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(topic) = open.get(name) {
            return Ok(topic.clone());
        }
        let topic = producer.topic(name).map_err(|error| Failure::Kafka(error.to_string()))?;
        open.insert(name.to_owned(), topic.clone());
        Ok(topic)
    }
}

impl Shared {
    /// Whether waiting for Kafka has no point any more: the time for draining is over.
    pub(super) fn abandoned(&self) -> bool {
        self.deadline.get().is_some_and(|deadline| Instant::now() >= *deadline)
    }

    /// Logs and counts what a client has trouble with and goes on trying.
    pub(super) fn note(&self, troubles: &[Trouble], stage: Stage) {
        for trouble in troubles {
            self.metrics.error("kafka", stage, 1);
            tracing::warn!(pipeline = self.name, code = trouble.name, stage = stage.as_str(), "{}", trouble.text);
        }
    }

    /// Bytes of input that wait for the workers.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.queues.iter().map(|queue| queue.bytes()).sum()
    }

    /// Topic, partition and offset of a record, as people look for it.
    pub(super) fn place(&self, record: &Record<'_>) -> String {
        self.partitions.place(record)
    }
}
