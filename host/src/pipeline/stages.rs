//! The guests of one pipeline and what their calls need. Knows nothing of Kafka's clients, so that records can also be
//! taken through the guests without a broker.

use std::sync::Arc;

use super::chain::Step;
use super::load::Prepared;
use super::tap::Tap;
use crate::config::Reject;
use crate::format::json::WriteOptions;
use crate::guest::{Allowance, Guest};
use crate::kafka::TopicPartition;
use crate::record::{Record, Slot};
use crate::schema::Schema;
use crate::telemetry::metrics::{GuestMetrics, Metrics};

/// All that a way through the guests is made from.
pub(super) struct Stages {
    /// The pipeline's name.
    pub(super) name: String,
    pub(super) metrics: Metrics,
    /// The guests, in the order in which records meet them.
    pub(super) each: Vec<Stage>,
    /// The way through their functions.
    pub(super) steps: Vec<Step>,
    /// The schemas of JSON that has to be read or written.
    pub(super) json_source: Option<Arc<Schema>>,
    pub(super) json_sink: Option<(Arc<Schema>, WriteOptions)>,
    pub(super) reject: Reject,
    /// Who is told what becomes of each record, if anyone.
    pub(super) tap: Option<Tap>,
    /// Bytes of one output, at most: also what the text of one may have.
    pub(super) record_limit: usize,
}

/// One guest.
pub(super) struct Stage {
    pub(super) name: String,
    pub(super) guest: Guest,
    pub(super) allowance: Arc<Allowance>,
    pub(super) metrics: GuestMetrics,
    /// Records in one call, and their bytes, at most.
    pub(super) records: usize,
    pub(super) bytes: usize,
    /// Bytes that a call's image may have.
    pub(super) image_limit: usize,
}

/// Knows where records come from.
pub(super) trait Whence {
    /// The partition behind a slot; `None` for one that nobody has.
    fn partition(&self, slot: Slot) -> Option<TopicPartition>;

    /// Topic, partition and offset of a record, as people look for it.
    fn place(&self, record: &Record<'_>) -> String {
        match self.partition(record.slot()) {
            Some(partition) => format!("{partition}@{}", record.offset()),
            None => format!("offset {}", record.offset()),
        }
    }
}

impl Stages {
    pub(super) fn new(prepared: &Prepared, metrics: &Metrics) -> Stages {
        let config = &prepared.config;
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let each = config.stages.iter().zip(&prepared.stages).map(|(stage, loaded)| {
            let own = metrics.guest(&stage.name);
            own.loaded(loaded.load_seconds);
            // One for each stage: its instances share the limit of series.
            let series = metrics.guest_series(&stage.name);
            Stage {
                name: stage.name.clone(),
                guest: loaded.guest.clone(),
                allowance: Arc::new(Allowance { series, ..(*loaded.allowance).clone() }),
                metrics: own,
                records: count(stage.records),
                bytes: count(stage.bytes),
                // The image is copied into the guest's memory, so it can be no larger than that.
                image_limit: count(stage.memory),
            }
        });
        Stages {
            name: config.name.clone(),
            metrics: metrics.clone(),
            each: each.collect(),
            steps: prepared.steps.clone(),
            json_source: prepared.reader.clone().filter(|_| prepared.reads_json),
            json_sink: prepared.json_sink(),
            reject: config.errors.reject.clone(),
            tap: prepared.tap.clone(),
            record_limit: prepared.stages.first().map_or(usize::MAX, |stage| stage.allowance.outputs.record),
        }
    }
}
