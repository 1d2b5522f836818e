//! Metrics that guests count into by names of their own.
//!
//! A name comes from a guest and may be made of a record's data, so it is bounded twice: in its letters, and in how
//! many there are. What goes beyond is left out and said once; it is never a reason for a record to fail.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::histogram::BatchedHistogram;
use super::printable::printable;
use super::series::{Families, Labels};

/// Most series that the guest of one stage may have, counters, gauges and histograms together.
pub const SERIES_MAX: usize = 100;
/// Longest name, in bytes.
pub const NAME_MAX: usize = 64;

/// How much of a name that is not allowed is shown.
const SHOWN: usize = 100;

/// The series of one stage's guest. Clones count into the same series.
#[derive(Debug, Clone)]
pub struct GuestSeries {
    stage: Arc<Stage>,
}

/// One instance's way to the series of its stage: what it has used before it finds again without a lock.
#[derive(Debug)]
pub struct OwnSeries {
    stage: Arc<Stage>,
    counters: HashMap<Box<str>, Counter>,
    gauges: HashMap<Box<str>, Gauge<f64, AtomicU64>>,
    histograms: HashMap<Box<str>, BatchedHistogram>,
}

#[derive(Debug)]
struct Stage {
    families: Arc<Families>,
    labels: Labels,
    known: Mutex<Known>,
    bad_name_said: AtomicBool,
    full_said: AtomicBool,
}

/// What there is already, over all instances.
#[derive(Debug, Default)]
struct Known {
    series: usize,
    counters: HashMap<Box<str>, Counter>,
    gauges: HashMap<Box<str>, Gauge<f64, AtomicU64>>,
    histograms: HashMap<Box<str>, BatchedHistogram>,
}

impl GuestSeries {
    pub(super) fn new(families: Arc<Families>, labels: Labels) -> Self {
        let (bad_name_said, full_said) = (AtomicBool::new(false), AtomicBool::new(false));
        GuestSeries { stage: Arc::new(Stage { families, labels, known: Mutex::default(), bad_name_said, full_said }) }
    }

    /// Series that nobody exports, and of which nothing is said: for a guest that is only looked at.
    pub fn detached() -> Self {
        let series = GuestSeries::new(Arc::new(Families::register(&mut Registry::default())), Vec::new());
        for said in [&series.stage.bad_name_said, &series.stage.full_said] {
            said.store(true, Ordering::Relaxed);
        }
        series
    }

    /// For one instance.
    pub fn open(&self) -> OwnSeries {
        OwnSeries {
            stage: Arc::clone(&self.stage),
            counters: HashMap::new(),
            gauges: HashMap::new(),
            histograms: HashMap::new(),
        }
    }
}

impl OwnSeries {
    /// Adds to the counter of this name. The sum starts again at zero beyond 2^64.
    pub fn add(&mut self, name: &str, value: u64) {
        let act = |counter: &Counter| {
            counter.inc_by(value);
        };
        let make = |families: &Families, labels: &Labels| families.guest_counters.get_or_create_owned(labels);
        self.stage.with(&mut self.counters, name, act, |known| &mut known.counters, make);
    }

    /// Sets the gauge of this name, to infinity too. What is not a number is left out.
    pub fn set(&mut self, name: &str, value: f64) {
        let act = |gauge: &Gauge<f64, AtomicU64>| {
            if !value.is_nan() {
                gauge.set(value);
            }
        };
        let make = |families: &Families, labels: &Labels| families.guest_gauges.get_or_create_owned(labels);
        self.stage.with(&mut self.gauges, name, act, |known| &mut known.gauges, make);
    }

    /// Counts a value in the histogram of this name. A negative one counts as zero; what is not a number or infinite is
    /// left out.
    pub fn observe(&mut self, name: &str, value: f64) {
        let act = |histogram: &BatchedHistogram| histogram.observe(value);
        let make = |families: &Families, labels: &Labels| families.guest_histograms.get_or_create_owned(labels);
        self.stage.with(&mut self.histograms, name, act, |known| &mut known.histograms, make);
    }
}

impl Stage {
    /// Acts on the series of this name: the instance's, else the stage's, else a new one. Where it may not be, nothing
    /// happens.
    #[inline]
    fn with<S: Clone>(
        &self,
        own: &mut HashMap<Box<str>, S>,
        name: &str,
        act: impl FnOnce(&S),
        all: impl FnOnce(&mut Known) -> &mut HashMap<Box<str>, S>,
        make: impl FnOnce(&Families, &Labels) -> S,
    ) {
        if let Some(series) = own.get(name) {
            act(series);
        } else if let Some(series) = self.register(name, all, make) {
            act(&series);
            own.insert(name.into(), series);
        }
    }

    #[cold]
    fn register<S: Clone>(
        &self,
        name: &str,
        all: impl FnOnce(&mut Known) -> &mut HashMap<Box<str>, S>,
        make: impl FnOnce(&Families, &Labels) -> S,
    ) -> Option<S> {
        if !is_name(name) {
            if !self.bad_name_said.swap(true, Ordering::Relaxed) {
                let (name, labels) = (printable(name, SHOWN), self.labels());
                tracing::warn!(
                    pipeline = labels[0],
                    stage = labels[1],
                    "the guest's metric `{name}` is left out, and so is every other whose name is not of the form \
                     [a-z_][a-z0-9_]* with at most {NAME_MAX} letters; this is said once"
                );
            }
            return None;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let full = known.series >= SERIES_MAX;
        let map = all(&mut known);
        if let Some(series) = map.get(name) {
            return Some(series.clone());
        }
        if full {
            drop(known);
            if !self.full_said.swap(true, Ordering::Relaxed) {
                let labels = self.labels();
                tracing::warn!(
                    pipeline = labels[0],
                    stage = labels[1],
                    "the guest's metric `{name}` is left out, and so is every further one: a stage may have \
                     {SERIES_MAX} series of its own; this is said once"
                );
            }
            return None;
        }
        let mut labels = self.labels.clone();
        labels.push(("name", name.to_owned()));
        let series = make(&self.families, &labels);
        map.insert(name.into(), series.clone());
        known.series += 1;
        Some(series)
    }

    /// The names of the pipeline and the stage.
    fn labels(&self) -> [&str; 2] {
        let value = |name| self.labels.iter().find(|(label, _)| *label == name).map_or("", |(_, value)| value);
        [value("pipeline"), value("stage")]
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= NAME_MAX
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::{Build, Exporter};

    fn exporter() -> Exporter {
        Exporter::new(Build { version: "0", commit: "0", wasmtime: "48" })
    }

    fn guest_lines(exporter: &Exporter) -> Vec<String> {
        let text = exporter.render();
        let lines = text.lines().filter(|line| !line.starts_with('#') && line.contains(",name="));
        let mut lines: Vec<String> = lines.map(str::to_owned).collect();
        lines.sort();
        lines
    }

    #[test]
    fn instances_of_a_stage_share_series_and_stages_do_not() {
        let exporter = exporter();
        let metrics = exporter.pipeline("p", "t");
        let stage = metrics.guest_series("enrich");
        let (mut one, mut two) = (stage.open(), stage.clone().open());
        let mut other = metrics.guest_series("score").open();
        one.add("seen", 2);
        two.add("seen", 3);
        one.set("level", 0.5);
        two.set("level", f64::INFINITY);
        two.set("level", f64::NAN);
        other.add("seen", u64::MAX);
        other.add("seen", 8);
        let expected = [
            r#"millstream_guest_counter_total{pipeline="p",tenant="t",stage="enrich",name="seen"} 5"#,
            r#"millstream_guest_counter_total{pipeline="p",tenant="t",stage="score",name="seen"} 7"#,
            r#"millstream_guest_gauge{pipeline="p",tenant="t",stage="enrich",name="level"} inf"#,
        ];
        assert_eq!(guest_lines(&exporter), expected);
    }

    #[test]
    fn a_histogram_leaves_out_what_is_no_number() {
        let exporter = exporter();
        let mut own = exporter.pipeline("p", "t").guest_series("s").open();
        for value in [0.3, f64::NAN, f64::INFINITY, -1.0, 2e6] {
            own.observe("size", value);
        }
        let lines = guest_lines(&exporter);
        let has = |text: &str| assert!(lines.iter().any(|line| line.ends_with(text)), "{text} in {lines:#?}");
        has(r#"count{pipeline="p",tenant="t",stage="s",name="size"} 3"#);
        has(r#"sum{pipeline="p",tenant="t",stage="s",name="size"} 2000000.3"#);
        has(r#"bucket{le="0.001",pipeline="p",tenant="t",stage="s",name="size"} 1"#);
        has(r#"bucket{le="0.5",pipeline="p",tenant="t",stage="s",name="size"} 2"#);
    }

    #[test]
    fn a_stage_has_a_hundred_series_over_all_kinds_and_instances() {
        let exporter = exporter();
        let stage = exporter.pipeline("p", "t").guest_series("s");
        let (mut one, mut two) = (stage.open(), stage.open());
        for i in 0..SERIES_MAX {
            match i % 2 {
                0 => one.add(&format!("c{i}"), 1),
                _ => two.set(&format!("g{i}"), 1.0),
            }
        }
        for i in 0..100_000 {
            one.add(&format!("more{i}"), 1);
            two.observe(&format!("more{i}"), 1.0);
        }
        // What the other instance made is found, full or not.
        two.add("c0", 1);
        let lines = guest_lines(&exporter);
        assert_eq!(lines.len(), SERIES_MAX);
        assert!(
            lines.contains(&r#"millstream_guest_counter_total{pipeline="p",tenant="t",stage="s",name="c0"} 2"#.into())
        );
        assert_eq!((one.counters.len(), one.histograms.len(), two.histograms.len()), (50, 0, 0));
    }

    #[test]
    fn names_are_checked() {
        let longest = "a".repeat(NAME_MAX);
        for name in ["a", "_", "_1", "a_b9", &longest] {
            assert!(is_name(name), "{name}");
        }
        let too_long = "a".repeat(NAME_MAX + 1);
        for name in
            ["", "9a", "A", "aB", "a-b", "a.b", "a b", "é", "a\0", "a\"", "a\n", &too_long, &"x".repeat(1 << 20)]
        {
            assert!(!is_name(name), "{}", printable(name, SHOWN));
        }
        let exporter = exporter();
        let mut own = exporter.pipeline("p", "t").guest_series("s").open();
        own.add("no-good", 1);
        own.set("", 1.0);
        own.observe("Big", 1.0);
        assert_eq!(guest_lines(&exporter), [""; 0]);
    }
}
