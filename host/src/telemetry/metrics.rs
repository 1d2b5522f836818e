//! The live series behind the declarations of [`catalog`](super::catalog), and the handles that stages count with.
//!
//! Handles are made once and hold their series, so that counting is an atomic addition and never a search by label.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::catalog;
use super::guest_series::GuestSeries;
use super::health::State;
use super::histogram::BatchedHistogram;
use super::series::{Families, Gauges, Labels};

/// What is running, for `millstream_build_info` and `/version`.
#[derive(Debug, Clone, Copy)]
pub struct Build {
    /// The version of Millstream.
    pub version: &'static str,
    /// The commit it was built from.
    pub commit: &'static str,
    /// The version of the engine.
    pub wasmtime: &'static str,
}

/// A place on the path of a record, for `millstream_errors_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Polling.
    Source,
    /// Bytes to value.
    Decode,
    /// The guest's own `deserialize`.
    Deserialize,
    /// The guest's `transform`.
    Transform,
    /// The guest's own `serialize`.
    Serialize,
    /// Value to bytes.
    Encode,
    /// Producing.
    Sink,
    /// Committing.
    Commit,
}

/// All series of the process.
#[derive(Debug, Clone)]
pub struct Exporter {
    registry: Arc<Registry>,
    families: Arc<Families>,
    build: Build,
}

/// The series of one pipeline. Clones count into the same series.
#[derive(Debug, Clone)]
pub struct Metrics {
    shared: Arc<Pipeline>,
}

/// The series of one component in a pipeline.
#[derive(Debug, Clone)]
pub struct GuestMetrics {
    families: Arc<Families>,
    labels: Labels,
    calls: BatchedHistogram,
    memory: Gauge,
    instances: Counter,
    load: Gauge<f64, AtomicU64>,
}

/// The lag of one assigned partition. The series goes away when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Lag {
    series: Arc<LagSeries>,
}

/// What a pipeline has done so far, for the last line of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Input records polled.
    pub consumed: u64,
    /// Output records acknowledged.
    pub produced: u64,
    /// Input records that the guest dropped.
    pub filtered: u64,
    /// Input records acknowledged as dead letters.
    pub dead_lettered: u64,
    /// Input records passed over.
    pub skipped: u64,
    /// Input records below the committed positions.
    pub committed: u64,
}

#[derive(Debug)]
struct Pipeline {
    families: Arc<Families>,
    labels: Labels,
    consumed: Counter,
    bytes_consumed: Counter,
    produced: Counter,
    bytes_produced: Counter,
    filtered: Counter,
    dead_lettered: Counter,
    skipped: Counter,
    committed: Counter,
    batch_size: BatchedHistogram,
    end_to_end: BatchedHistogram,
    commit_duration: BatchedHistogram,
    commits_ok: Counter,
    commits_failed: Counter,
    in_flight_records: Gauge,
    in_flight_bytes: Gauge,
}

#[derive(Debug)]
struct LagSeries {
    family: Gauges,
    labels: Labels,
    gauge: Gauge,
}

impl Stage {
    /// The value of the label `stage`.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Source => "source",
            Stage::Decode => "decode",
            Stage::Deserialize => "deserialize",
            Stage::Transform => "transform",
            Stage::Serialize => "serialize",
            Stage::Encode => "encode",
            Stage::Sink => "sink",
            Stage::Commit => "commit",
        }
    }
}

impl Exporter {
    /// An exporter without pipelines yet.
    pub fn new(build: Build) -> Self {
        let mut registry = Registry::default();
        let families = Families::register(&mut registry);
        let values = [build.version, build.commit, build.wasmtime].map(str::to_owned);
        let labels = catalog::BUILD_INFO.labels.iter().copied().zip(values).collect();
        families.build_info.get_or_create(&labels).set(1);
        Exporter { registry: Arc::new(registry), families: Arc::new(families), build }
    }

    /// The series of a pipeline; asking twice for the same one gives the same series.
    pub fn pipeline(&self, name: &str, tenant: &str) -> Metrics {
        let labels = vec![("pipeline", name.to_owned()), ("tenant", tenant.to_owned())];
        Metrics { shared: Arc::new(Pipeline::new(Arc::clone(&self.families), labels)) }
    }

    /// What is running.
    pub fn build(&self) -> Build {
        self.build
    }

    /// All series in the OpenMetrics text format.
    pub fn render(&self) -> String {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            // Writing to a string cannot fail, and no encoder of ours does.
            Err(std::fmt::Error) => "# EOF\n".to_owned(),
        }
    }
}

impl Metrics {
    /// Records were polled.
    pub fn consumed(&self, records: u64, bytes: u64) {
        self.shared.consumed.inc_by(records);
        self.shared.bytes_consumed.inc_by(bytes);
    }

    /// Outputs were acknowledged.
    pub fn produced(&self, records: u64, bytes: u64) {
        self.shared.produced.inc_by(records);
        self.shared.bytes_produced.inc_by(bytes);
    }

    /// The guest dropped input records.
    pub fn filtered(&self, records: u64) {
        self.shared.filtered.inc_by(records);
    }

    /// Dead letters were acknowledged.
    pub fn dead_lettered(&self, records: u64) {
        self.shared.dead_lettered.inc_by(records);
    }

    /// Rejected records were passed over.
    pub fn skipped(&self, records: u64) {
        self.shared.skipped.inc_by(records);
    }

    /// A commit took `seconds` and moved past `records` input records.
    pub fn committed(&self, records: u64, seconds: f64) {
        self.shared.committed.inc_by(records);
        self.shared.commits_ok.inc();
        self.shared.commit_duration.observe(seconds);
    }

    /// A commit failed after `seconds`.
    pub fn commit_failed(&self, seconds: f64) {
        self.shared.commits_failed.inc();
        self.shared.commit_duration.observe(seconds);
    }

    /// A transaction was committed: its end took `seconds`, and it moved past `records` input records.
    pub fn transaction_committed(&self, records: u64, seconds: f64) {
        self.shared.committed.inc_by(records);
        self.transactions("committed").inc();
        self.shared.families.transaction_duration.get_or_create_owned(&self.shared.labels).observe(seconds);
    }

    /// A transaction was given up.
    pub fn transaction_aborted(&self) {
        self.transactions("aborted").inc();
    }

    fn transactions(&self, result: &str) -> Counter {
        let labels = self.shared.with([("result", result.to_owned())]);
        self.shared.families.transactions.get_or_create_owned(&labels)
    }

    /// The pipeline begins anew.
    pub fn restarted(&self) {
        self.shared.families.restarts.get_or_create_owned(&self.shared.labels).inc();
    }

    /// `count` failures of a kind. A kind is a word of the code, never text of a record, so that series stay few. This
    /// searches by label: on a path that fails often keep the handle of [`Metrics::errors`].
    pub fn error(&self, kind: &'static str, stage: Stage, count: u64) {
        self.errors(kind, stage).inc_by(count);
    }

    /// The counter behind [`Metrics::error`].
    pub fn errors(&self, kind: &'static str, stage: Stage) -> Counter {
        let labels = self.shared.with([("kind", kind.to_owned()), ("stage", stage.as_str().to_owned())]);
        self.shared.families.errors.get_or_create_owned(&labels)
    }

    /// Records handed to the guest in one call.
    pub fn batch_size(&self) -> &BatchedHistogram {
        &self.shared.batch_size
    }

    /// Seconds from the timestamp of an input record to the acknowledgement of its output.
    pub fn end_to_end(&self) -> &BatchedHistogram {
        &self.shared.end_to_end
    }

    /// Work in flight has changed by so much.
    pub fn in_flight_by(&self, records: i64, bytes: i64) {
        self.shared.in_flight_records.inc_by(records);
        self.shared.in_flight_bytes.inc_by(bytes);
    }

    /// Work in flight is now so much.
    pub fn in_flight(&self, records: i64, bytes: i64) {
        self.shared.in_flight_records.set(records);
        self.shared.in_flight_bytes.set(bytes);
    }

    /// The pipeline has entered a state.
    pub fn state(&self, state: &State) {
        for name in State::NAMES {
            let labels = self.shared.with([("state", name.to_owned())]);
            self.shared.families.state.get_or_create(&labels).set(i64::from(name == state.name()));
        }
    }

    /// The lag of a partition, for as long as it is assigned. Make one handle for each and share it by cloning.
    pub fn lag(&self, topic: &str, partition: i32) -> Lag {
        let family = self.shared.families.lag.clone();
        let labels = self.shared.with([("topic", topic.to_owned()), ("partition", partition.to_string())]);
        let gauge = family.get_or_create_owned(&labels);
        Lag { series: Arc::new(LagSeries { family, labels, gauge }) }
    }

    /// The series of a component.
    pub fn guest(&self, component: &str) -> GuestMetrics {
        let families = Arc::clone(&self.shared.families);
        let labels = self.shared.with([("component", component.to_owned())]);
        GuestMetrics {
            calls: families.guest_calls.get_or_create_owned(&labels),
            memory: families.guest_memory.get_or_create_owned(&labels),
            instances: families.guest_instances.get_or_create_owned(&labels),
            load: families.component_load.get_or_create_owned(&labels),
            families,
            labels,
        }
    }

    /// The series that the guest of this stage counts into by names of its own. Make one handle for each stage and
    /// share it by cloning: the limit on series counts for one handle.
    pub fn guest_series(&self, stage: &str) -> GuestSeries {
        let labels = self.shared.with([("stage", stage.to_owned())]);
        GuestSeries::new(Arc::clone(&self.shared.families), labels)
    }

    /// The counts so far.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            consumed: self.shared.consumed.get(),
            produced: self.shared.produced.get(),
            filtered: self.shared.filtered.get(),
            dead_lettered: self.shared.dead_lettered.get(),
            skipped: self.shared.skipped.get(),
            committed: self.shared.committed.get(),
        }
    }
}

impl GuestMetrics {
    /// Seconds of one call.
    pub fn calls(&self) -> &BatchedHistogram {
        &self.calls
    }

    /// The linear memory of live instances has changed by so much.
    pub fn memory_by(&self, bytes: i64) {
        self.memory.inc_by(bytes);
    }

    /// An instance was created.
    pub fn instance_created(&self) {
        self.instances.inc();
    }

    /// A call ended its instance. A kind is a word of the code.
    pub fn trapped(&self, kind: &'static str) {
        let mut labels = self.labels.clone();
        labels.push(("kind", kind.to_owned()));
        self.families.guest_traps.get_or_create(&labels).inc();
    }

    /// The component was loaded.
    pub fn loaded(&self, seconds: f64) {
        self.load.set(seconds);
    }
}

impl Lag {
    /// The lag is now so many records.
    pub fn set(&self, records: i64) {
        self.series.gauge.set(records);
    }
}

impl Drop for LagSeries {
    fn drop(&mut self) {
        self.family.remove(&self.labels);
    }
}

impl Pipeline {
    fn new(families: Arc<Families>, labels: Labels) -> Self {
        let result = |result: &str| {
            let labels = extended(&labels, [("result", result.to_owned())]);
            families.commits.get_or_create_owned(&labels)
        };
        Pipeline {
            consumed: families.consumed.get_or_create_owned(&labels),
            bytes_consumed: families.bytes_consumed.get_or_create_owned(&labels),
            produced: families.produced.get_or_create_owned(&labels),
            bytes_produced: families.bytes_produced.get_or_create_owned(&labels),
            filtered: families.filtered.get_or_create_owned(&labels),
            dead_lettered: families.dead_lettered.get_or_create_owned(&labels),
            skipped: families.skipped.get_or_create_owned(&labels),
            committed: families.committed.get_or_create_owned(&labels),
            batch_size: families.batch_size.get_or_create_owned(&labels),
            end_to_end: families.end_to_end.get_or_create_owned(&labels),
            commit_duration: families.commit_duration.get_or_create_owned(&labels),
            commits_ok: result("ok"),
            commits_failed: result("failed"),
            in_flight_records: families.in_flight_records.get_or_create_owned(&labels),
            in_flight_bytes: families.in_flight_bytes.get_or_create_owned(&labels),
            families,
            labels,
        }
    }

    fn with<const N: usize>(&self, more: [(&'static str, String); N]) -> Labels {
        extended(&self.labels, more)
    }
}

fn extended<const N: usize>(labels: &Labels, more: [(&'static str, String); N]) -> Labels {
    labels.iter().cloned().chain(more).collect()
}

#[cfg(test)]
mod tests;
