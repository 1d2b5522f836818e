//! One family of series for each metric of the [`catalog`](super::catalog).

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Metric, Registry};

use super::catalog::{self, Declaration};
use super::histogram::BatchedHistogram;

/// The labels of one series, in the order of its declaration.
pub type Labels = Vec<(&'static str, String)>;
type Counters = Family<Labels, Counter>;
/// Series that go up and down.
pub type Gauges = Family<Labels, Gauge>;
type Floats = Family<Labels, Gauge<f64, AtomicU64>>;
type Histograms = Family<Labels, BatchedHistogram, Bounds>;

/// One family of series for each declared metric.
#[derive(Debug)]
pub struct Families {
    pub(super) build_info: Gauges,
    pub(super) state: Gauges,
    pub(super) consumed: Counters,
    pub(super) bytes_consumed: Counters,
    pub(super) produced: Counters,
    pub(super) bytes_produced: Counters,
    pub(super) filtered: Counters,
    pub(super) dead_lettered: Counters,
    pub(super) skipped: Counters,
    pub(super) committed: Counters,
    pub(super) errors: Counters,
    pub(super) guest_calls: Histograms,
    pub(super) batch_size: Histograms,
    pub(super) end_to_end: Histograms,
    pub(super) commit_duration: Histograms,
    pub(super) commits: Counters,
    pub(super) transaction_duration: Histograms,
    pub(super) transactions: Counters,
    pub(super) restarts: Counters,
    pub(super) lag: Gauges,
    pub(super) in_flight_records: Gauges,
    pub(super) in_flight_bytes: Gauges,
    pub(super) guest_memory: Gauges,
    pub(super) guest_traps: Counters,
    pub(super) guest_instances: Counters,
    pub(super) component_load: Floats,
    pub(super) guest_counters: Counters,
    pub(super) guest_gauges: Floats,
    pub(super) guest_histograms: Histograms,
}

/// Makes the histograms of a family with the bounds of its declaration.
#[derive(Debug, Clone)]
pub struct Bounds(&'static [f64]);

impl MetricConstructor<BatchedHistogram> for Bounds {
    fn new_metric(&self) -> BatchedHistogram {
        BatchedHistogram::new(self.0)
    }
}

impl Families {
    /// Registers every metric of the catalog.
    pub fn register(registry: &mut Registry) -> Self {
        Families {
            build_info: gauges(registry, catalog::BUILD_INFO),
            state: gauges(registry, catalog::PIPELINE_STATE),
            consumed: counters(registry, catalog::RECORDS_CONSUMED),
            bytes_consumed: counters(registry, catalog::BYTES_CONSUMED),
            produced: counters(registry, catalog::RECORDS_PRODUCED),
            bytes_produced: counters(registry, catalog::BYTES_PRODUCED),
            filtered: counters(registry, catalog::RECORDS_FILTERED),
            dead_lettered: counters(registry, catalog::RECORDS_DEAD_LETTERED),
            skipped: counters(registry, catalog::RECORDS_SKIPPED),
            committed: counters(registry, catalog::RECORDS_COMMITTED),
            errors: counters(registry, catalog::ERRORS),
            guest_calls: histograms(registry, catalog::GUEST_CALL_DURATION),
            batch_size: histograms(registry, catalog::BATCH_SIZE),
            end_to_end: histograms(registry, catalog::END_TO_END_LATENCY),
            commit_duration: histograms(registry, catalog::COMMIT_DURATION),
            commits: counters(registry, catalog::COMMITS),
            transaction_duration: histograms(registry, catalog::TRANSACTION_DURATION),
            transactions: counters(registry, catalog::TRANSACTIONS),
            restarts: counters(registry, catalog::RESTARTS),
            lag: gauges(registry, catalog::CONSUMER_LAG),
            in_flight_records: gauges(registry, catalog::IN_FLIGHT_RECORDS),
            in_flight_bytes: gauges(registry, catalog::IN_FLIGHT_BYTES),
            guest_memory: gauges(registry, catalog::GUEST_MEMORY),
            guest_traps: counters(registry, catalog::GUEST_TRAPS),
            guest_instances: counters(registry, catalog::GUEST_INSTANCES),
            component_load: registered(registry, catalog::COMPONENT_LOAD, Floats::default()),
            guest_counters: counters(registry, catalog::GUEST_COUNTER),
            guest_gauges: registered(registry, catalog::GUEST_GAUGE, Floats::default()),
            guest_histograms: histograms(registry, catalog::GUEST_HISTOGRAM),
        }
    }
}

fn counters(registry: &mut Registry, metric: Declaration) -> Counters {
    registered(registry, metric, Counters::default())
}

fn gauges(registry: &mut Registry, metric: Declaration) -> Gauges {
    registered(registry, metric, Gauges::default())
}

fn histograms(registry: &mut Registry, metric: Declaration) -> Histograms {
    registered(registry, metric, Histograms::new_with_constructor(Bounds(metric.bounds)))
}

fn registered<M: Metric + Clone>(registry: &mut Registry, metric: Declaration, family: M) -> M {
    // The library puts `_total` behind the names of counters by itself.
    let name = metric.name.strip_suffix("_total").unwrap_or(metric.name);
    registry.register(name, metric.help, family.clone());
    family
}
