//! Every metric of Millstream, declared once: what it is called, what it counts, and by what it is split.
//!
//! [`metrics`](super::metrics) builds the series from these declarations and [`reference`] writes the page for readers,
//! so that neither can name a metric that the other does not know.

use std::fmt::Write;

/// What a metric does over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, until the process starts again.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values by size.
    Histogram,
}

/// One metric.
#[derive(Debug, Clone, Copy)]
pub struct Declaration {
    /// The name as it is exported, with its unit and, for a counter, `_total`.
    pub name: &'static str,
    /// What it does over time.
    pub kind: Kind,
    /// The labels of each series, in their order.
    pub labels: &'static [&'static str],
    /// One sentence without a full stop.
    pub help: &'static str,
    /// The upper bounds of a histogram's buckets, otherwise empty.
    pub bounds: &'static [f64],
}

impl Kind {
    /// The word that the exposition format uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

/// From one batch in cache to a guest at its time limit.
const CALL_SECONDS: &[f64] =
    &[0.000_01, 0.000_025, 0.000_1, 0.000_25, 0.001, 0.002_5, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0];
/// From a broker on this machine to a backlog of a day.
const END_TO_END_SECONDS: &[f64] = &[
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 3_600.0,
    21_600.0, 86_400.0,
];
const COMMIT_SECONDS: &[f64] = &[0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// The host does not know what a guest counts: from a thousandth to a million, three bounds to a power of ten.
const GUEST_VALUES: &[f64] = &[
    0.001,
    0.002_5,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    25.0,
    50.0,
    100.0,
    250.0,
    500.0,
    1_000.0,
    2_500.0,
    5_000.0,
    10_000.0,
    25_000.0,
    50_000.0,
    100_000.0,
    250_000.0,
    500_000.0,
    1_000_000.0,
];
const BATCH_RECORDS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0, 2_048.0, 4_096.0];

macro_rules! declare {
    ($($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal $(in $bounds:ident)?;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $help, ".")]
            pub const $constant: Declaration = Declaration {
                name: $name,
                kind: Kind::$kind,
                labels: &[$($label),*],
                help: $help,
                bounds: declare!(@bounds $($bounds)?),
            };
        )*

        /// All of them, in the order of the reference page.
        pub const ALL: &[Declaration] = &[$($constant),*];
    };
    (@bounds) => { &[] };
    (@bounds $bounds:ident) => { $bounds };
}

declare! {
    BUILD_INFO = Gauge "millstream_build_info" ["version", "commit", "wasmtime"]
        "Always 1; the labels say what is running";
    PIPELINE_STATE = Gauge "millstream_pipeline_state" ["pipeline", "tenant", "state"]
        "1 for the state the pipeline is in, 0 for the others: starting, running, draining, stopped, failed";
    RECORDS_CONSUMED = Counter "millstream_records_consumed_total" ["pipeline", "tenant"]
        "Records taken from the source topics";
    BYTES_CONSUMED = Counter "millstream_bytes_consumed_total" ["pipeline", "tenant"]
        "Bytes of keys, values and headers of consumed records";
    RECORDS_PRODUCED = Counter "millstream_records_produced_total" ["pipeline", "tenant"]
        "Output records that the broker acknowledged, without dead letters";
    BYTES_PRODUCED = Counter "millstream_bytes_produced_total" ["pipeline", "tenant"]
        "Bytes of keys, values and headers of produced records";
    RECORDS_FILTERED = Counter "millstream_records_filtered_total" ["pipeline", "tenant"]
        "Input records for which the guest returned no output";
    RECORDS_DEAD_LETTERED = Counter "millstream_records_dead_lettered_total" ["pipeline", "tenant"]
        "Rejected input records that the broker acknowledged on the dead-letter topic";
    RECORDS_SKIPPED = Counter "millstream_records_skipped_total" ["pipeline", "tenant"]
        "Rejected input records that were passed over because errors.reject is skip";
    RECORDS_COMMITTED = Counter "millstream_records_committed_total" ["pipeline", "tenant"]
        "Input records that committed offsets have moved past";
    ERRORS = Counter "millstream_errors_total" ["pipeline", "tenant", "kind", "stage"]
        "Failures by kind and by the stage of the path where they happened";
    GUEST_CALL_DURATION = Histogram "millstream_guest_call_duration_seconds" ["pipeline", "tenant", "component"]
        "Time of one guest call, which handles one batch" in CALL_SECONDS;
    BATCH_SIZE = Histogram "millstream_batch_size_records" ["pipeline", "tenant"]
        "Records handed to the guest in one call" in BATCH_RECORDS;
    END_TO_END_LATENCY = Histogram "millstream_end_to_end_latency_seconds" ["pipeline", "tenant"]
        "Time from the timestamp of an input record to the acknowledgement of its output" in END_TO_END_SECONDS;
    COMMIT_DURATION = Histogram "millstream_commit_duration_seconds" ["pipeline", "tenant"]
        "Time of one offset commit" in COMMIT_SECONDS;
    COMMITS = Counter "millstream_commits_total" ["pipeline", "tenant", "result"]
        "Offset commits by result: ok, failed";
    TRANSACTION_DURATION = Histogram "millstream_transaction_duration_seconds" ["pipeline", "tenant"]
        "Time that the end of one transaction took: waiting for its outputs, its offsets, the commit" in COMMIT_SECONDS;
    TRANSACTIONS = Counter "millstream_transactions_total" ["pipeline", "tenant", "result"]
        "Transactions by result: committed, aborted; only with delivery = exactly-once";
    RESTARTS = Counter "millstream_pipeline_restarts_total" ["pipeline", "tenant"]
        "Times that the pipeline began anew from the committed offsets after a transaction was lost";
    CONSUMER_LAG = Gauge "millstream_consumer_lag_records" ["pipeline", "tenant", "topic", "partition"]
        "Records between the committed position and the end of the partition; only for assigned partitions";
    IN_FLIGHT_RECORDS = Gauge "millstream_in_flight_records" ["pipeline", "tenant"]
        "Input records that are polled but not finished";
    IN_FLIGHT_BYTES = Gauge "millstream_in_flight_bytes" ["pipeline", "tenant"]
        "Bytes of keys, values and headers of records in flight";
    GUEST_MEMORY = Gauge "millstream_guest_memory_bytes" ["pipeline", "tenant", "component"]
        "Linear memory of all live instances of the guest";
    GUEST_TRAPS = Counter "millstream_guest_traps_total" ["pipeline", "tenant", "component", "kind"]
        "Guest calls that ended an instance, by kind";
    GUEST_INSTANCES = Counter "millstream_guest_instances_total" ["pipeline", "tenant", "component"]
        "Guest instances created";
    COMPONENT_LOAD = Gauge "millstream_component_load_seconds" ["pipeline", "tenant", "component"]
        "Time that the last load of the component took, compiling or reading the cache included";
    GUEST_COUNTER = Counter "millstream_guest_counter_total" ["pipeline", "tenant", "stage", "name"]
        "A counter of the guest's own, under the name that it gave";
    GUEST_GAUGE = Gauge "millstream_guest_gauge" ["pipeline", "tenant", "stage", "name"]
        "A gauge of the guest's own, under the name that it gave";
    GUEST_HISTOGRAM = Histogram "millstream_guest_histogram" ["pipeline", "tenant", "stage", "name"]
        "A histogram of the guest's own, under the name that it gave and in the guest's own unit" in GUEST_VALUES;
}

/// The page `docs/metrics.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Metrics\n\n\
         <!-- Made by `make docs` from the declarations in host/src/telemetry/catalog.rs; do not edit. -->\n\n\
         Served at `/metrics` of the address in `[admin] listen`, in the OpenMetrics or the Prometheus text format, \
         whichever the client asks for. Times are in seconds, sizes in bytes. A series appears with its first value; \
         no label takes its values from records. What a guest counts under names of its own has at most 100 series for \
         each stage.\n\n\
         | Metric | Type | Labels | Meaning |\n|---|---|---|---|\n",
    );
    for metric in ALL {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            metric.name,
            metric.kind.as_str(),
            labels.join(", "),
            metric.help
        );
    }
    page.push_str("\n## Buckets\n\n| Histogram | Upper bounds |\n|---|---|\n");
    for metric in ALL.iter().filter(|metric| metric.kind == Kind::Histogram) {
        let bounds: Vec<String> = metric.bounds.iter().map(f64::to_string).collect();
        let _ = writeln!(page, "| `{}` | {} |", metric.name, bounds.join(", "));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::histogram::BOUNDS_MAX;

    #[test]
    fn names_follow_the_rules_of_prometheus() {
        for metric in ALL {
            let name = metric.name;
            assert!(name.starts_with("millstream_"), "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
            assert_eq!(name.ends_with("_total"), metric.kind == Kind::Counter, "{name}: _total is for counters");
            let base = name.strip_suffix("_total").unwrap_or(name);
            for reserved in ["_count", "_sum", "_bucket", "_created"] {
                assert!(!base.ends_with(reserved), "{name}: {reserved} is reserved");
            }
            for odd in ["_ms", "_millis", "_micros", "_kb", "_mb", "_minutes", "_percent"] {
                assert!(!base.ends_with(odd), "{name}: base units are seconds and bytes");
            }
            let with_unit = ["_seconds", "_bytes", "_records"].iter().any(|unit| base.ends_with(unit));
            let guests_own = name == GUEST_HISTOGRAM.name;
            assert!(metric.kind != Kind::Histogram || with_unit || guests_own, "{name}: a histogram names its unit");
            assert!(metric.labels.iter().all(|label| !label.starts_with("__") && *label != "le"), "{name}");
            assert!(!metric.help.is_empty() && !metric.help.ends_with('.'), "{name}");
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = ALL.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn bounds_rise_and_fit() {
        for metric in ALL {
            assert_eq!(metric.bounds.is_empty(), metric.kind != Kind::Histogram, "{}", metric.name);
            assert!(metric.bounds.is_sorted_by(|a, b| a < b), "{}", metric.name);
            assert!(metric.bounds.len() <= BOUNDS_MAX, "{}", metric.name);
        }
    }

    #[test]
    fn the_reference_page_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert!(page == reference(), "docs/metrics.md is out of date: run `make docs`");
    }
}
