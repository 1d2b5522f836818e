//! What all threads of one pipeline share. Made once, before the first of them starts.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::control::Control;
use super::partitions::Partitions;
use super::queue::Queue;
use crate::config::Reject;
use crate::encode::EncodePlan;
use crate::guest::{Allowance, Guest};
use crate::kafka::Trouble;
use crate::record::Record;
use crate::sink::{Producer, Topic};
use crate::telemetry::metrics::{GuestMetrics, Metrics, Stage};

/// The pipeline's parts that no thread owns alone.
pub(super) struct Shared {
    pub(super) name: String,
    pub(super) group: String,
    pub(super) control: Arc<Control>,
    pub(super) partitions: Partitions,
    /// One for each worker.
    pub(super) queues: Vec<Arc<Queue>>,
    pub(super) metrics: Metrics,
    pub(super) guest_metrics: GuestMetrics,
    pub(super) producer: Producer,
    pub(super) topic: Topic,
    /// Where dead letters go; `None` unless that is the policy.
    pub(super) dead_letters: Option<Topic>,
    pub(super) reject: Reject,
    pub(super) guest: Guest,
    pub(super) allowance: Arc<Allowance>,
    pub(super) encode: Arc<EncodePlan>,
    /// Bytes that a batch's image may have.
    pub(super) image_limit: usize,
    /// Set when the pipeline stops: until when it may wait for Kafka.
    pub(super) deadline: OnceLock<Instant>,
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
        match self.partitions.get(record.slot()) {
            Some(partition) => format!("{}@{}", partition.name, record.offset()),
            None => format!("offset {}", record.offset()),
        }
    }
}
