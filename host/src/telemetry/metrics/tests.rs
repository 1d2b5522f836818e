//! The exported text, checked with a small validator of both text formats.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::telemetry::catalog::{ALL, Kind};
use crate::telemetry::exposition::Exposition;

const BUILD: Build = Build { version: "0.1.0", commit: "abc", wasmtime: "48" };

/// One line that is not a comment: name, labels, value.
type Sample = (String, Vec<(String, String)>, f64);

/// Reads an exposition strictly and panics with the line that breaks a rule.
fn validated(text: &str, format: Exposition) -> Vec<Sample> {
    let body = match format {
        Exposition::OpenMetrics => text.strip_suffix("# EOF\n").expect("ends with the end mark"),
        Exposition::Prometheus => text,
    };
    assert!(body.ends_with('\n') && !body.contains("# EOF"));
    let (mut seen, mut helped, mut current) = (BTreeSet::new(), String::new(), (String::new(), String::new()));
    let mut samples: Vec<Sample> = Vec::new();
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            helped = rest.split_once(' ').unwrap_or_else(|| panic!("no help: {line}")).0.to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or_else(|| panic!("no type: {line}"));
            assert_eq!(name, helped, "help and type name one metric: {line}");
            assert!(seen.insert(name.to_owned()), "one block for each metric: {line}");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            current = (name.to_owned(), kind.to_owned());
        } else {
            let sample = parsed(line);
            let (base, kind) = (&current.0, current.1.as_str());
            let suffixes: &[&str] = match (kind, format) {
                ("counter", Exposition::OpenMetrics) => &["_total"],
                ("histogram", _) => &["_sum", "_count", "_bucket"],
                _ => &[""],
            };
            let known = suffixes.iter().any(|suffix| sample.0 == format!("{base}{suffix}"));
            assert!(known, "sample of another metric than {base}: {line}");
            assert_eq!(kind == "counter", sample.0.ends_with("_total"), "{line}");
            let same = |other: &&Sample| other.0 == sample.0 && other.1 == sample.1;
            assert!(!samples.iter().any(|other| same(&other)), "one sample for each series: {line}");
            samples.push(sample);
        }
    }
    samples
}

fn parsed(line: &str) -> Sample {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("no value: {line}"));
    let (name, mut rest) = line.split_at(end);
    assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{line}");
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while !rest.starts_with('}') {
            rest = rest.strip_prefix(',').unwrap_or(rest);
            let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("bad label: {line}"));
            let (mut value, mut chars) = (String::new(), after.char_indices());
            let end = loop {
                match chars.next().unwrap_or_else(|| panic!("open quote: {line}")) {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match chars.next().unwrap_or_else(|| panic!("open escape: {line}")).1 {
                        'n' => '\n',
                        c => c,
                    }),
                    (_, c) => value.push(c),
                }
            };
            labels.push((label.to_owned(), value));
            rest = &after[end + 1..];
        }
        rest = &rest[1..];
    }
    let value = rest.strip_prefix(' ').and_then(|text| text.parse().ok());
    (name.to_owned(), labels, value.unwrap_or_else(|| panic!("bad value: {line}")))
}

/// An exporter with something in every series.
fn busy() -> (Exporter, Metrics, Vec<Lag>) {
    let exporter = Exporter::new(BUILD);
    let metrics = exporter.pipeline("payments", "acme");
    let mut lags = Vec::new();
    for metrics in [&metrics, &exporter.pipeline("odd \"name\"\\\n", "default")] {
        metrics.consumed(10, 1_000);
        metrics.produced(6, 600);
        metrics.filtered(1);
        metrics.dead_lettered(2);
        metrics.skipped(1);
        metrics.committed(10, 0.004);
        metrics.commit_failed(1.5);
        metrics.transaction_committed(0, 0.008);
        metrics.transaction_aborted();
        metrics.restarted();
        metrics.error("truncated", Stage::Decode, 2);
        metrics.errors("trap", Stage::Transform).inc();
        metrics.batch_size().observe(10.0);
        metrics.end_to_end().observe_all([0.003, 0.2, -1.0, 1e9]);
        metrics.in_flight_by(4, 400);
        metrics.next_attempt(0, 1_700_000_000);
        metrics.state(&State::Running);
        lags.extend([metrics.lag("payments", 0), metrics.lag("payments", 1)]);
        lags.iter().for_each(|lag| lag.set(42));
        let guest = metrics.guest("enrich");
        guest.calls().observe(0.000_05);
        guest.memory_by(65_536);
        guest.instance_created();
        guest.retried();
        guest.trapped("unreachable");
        guest.loaded(0.25);
        let mut own = metrics.guest_series("enrich").open();
        own.add("seen", 3);
        own.set("level", 0.5);
        own.observe("size", 12.0);
    }
    (exporter, metrics, lags)
}

#[test]
fn both_formats_are_valid_and_hold_the_same_samples() {
    let (exporter, _metrics, _lags) = busy();
    let open = exporter.render();
    let samples = validated(&open, Exposition::OpenMetrics);
    let old = Exposition::Prometheus.convert(open);
    assert_eq!(validated(&old, Exposition::Prometheus), samples);
    assert!(samples.len() > 100, "{}", samples.len());
    assert!(samples.iter().any(|(_, labels, _)| labels[0].1 == "odd \"name\"\\\n"), "odd names are escaped");
}

#[test]
fn every_declared_metric_is_exported_with_its_labels_type_and_help() {
    let (exporter, _metrics, _lags) = busy();
    let text = Exposition::Prometheus.convert(exporter.render());
    let mut labels: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, of_sample, _) in validated(&text, Exposition::Prometheus) {
        let of_sample = of_sample.into_iter().map(|(label, _)| label).filter(|label| label != "le").collect();
        let known = labels.entry(name).or_insert_with_key(|_| Vec::clone(&of_sample));
        assert_eq!(*known, of_sample);
    }
    for metric in ALL {
        let name = metric.name;
        let sample = if metric.kind == Kind::Histogram { format!("{name}_count") } else { name.to_owned() };
        assert_eq!(labels.get(&sample).map(Vec::as_slice).unwrap_or_default(), metric.labels, "{name}");
        assert!(text.contains(&format!("# TYPE {name} {}\n", metric.kind.as_str())), "{name}");
        assert!(text.contains(&format!("# HELP {name} {}.\n", metric.help)), "{name}");
    }
    assert_eq!(text.matches("# TYPE ").count(), ALL.len(), "nothing undeclared");
}

#[test]
fn histograms_rise_to_their_count() {
    let (exporter, _metrics, _lags) = busy();
    let samples = validated(&exporter.render(), Exposition::OpenMetrics);
    let of = |name: &str| -> Vec<f64> {
        let own = samples
            .iter()
            .filter(|(n, labels, _)| n == name && labels.contains(&("pipeline".into(), "payments".into())));
        own.map(|(_, _, value)| *value).collect()
    };
    let buckets = of("millstream_end_to_end_latency_seconds_bucket");
    assert!(buckets.is_sorted(), "{buckets:?}");
    assert_eq!((buckets.first(), buckets.last()), (Some(&1.0), Some(&4.0)));
    assert_eq!(of("millstream_end_to_end_latency_seconds_count"), [4.0]);
}

#[test]
fn a_pipeline_is_in_one_state() {
    let exporter = Exporter::new(BUILD);
    let metrics = exporter.pipeline("p", "t");
    for state in [State::Starting, State::Running, State::Failed("broken".into())] {
        metrics.state(&state);
        let samples = validated(&exporter.render(), Exposition::OpenMetrics);
        let states: Vec<_> = samples.iter().filter(|(name, ..)| name == "millstream_pipeline_state").collect();
        assert_eq!(states.len(), State::NAMES.len());
        let on: Vec<_> = states.iter().filter(|(_, _, value)| *value == 1.0).collect();
        assert_eq!(on.len(), 1);
        assert_eq!(on[0].1[2].1, state.name());
    }
}

#[test]
fn the_lag_of_a_lost_partition_is_no_longer_told() {
    let (exporter, metrics, lags) = busy();
    let told = |exporter: &Exporter| exporter.render().matches("millstream_consumer_lag_records{").count();
    assert_eq!(told(&exporter), 4);
    let clone = lags[0].clone();
    drop(lags);
    assert_eq!(told(&exporter), 1, "a clone keeps it");
    drop(clone);
    assert_eq!(told(&exporter), 0);
    metrics.lag("payments", 0).set(1);
    assert_eq!(told(&exporter), 0);
}

#[test]
fn the_snapshot_counts_one_pipeline() {
    let (exporter, metrics, _lags) = busy();
    exporter.pipeline("payments", "other tenant").consumed(5, 5);
    let expected = Snapshot { consumed: 10, produced: 6, filtered: 1, dead_lettered: 2, skipped: 1, committed: 10 };
    assert_eq!(metrics.snapshot(), expected);
    assert_eq!(exporter.pipeline("payments", "acme").snapshot(), expected, "the same series");
}

#[test]
fn work_in_flight_goes_up_and_down() {
    let exporter = Exporter::new(BUILD);
    let metrics = exporter.pipeline("p", "t");
    metrics.in_flight_by(10, 1_000);
    metrics.in_flight_by(-10, -1_000);
    metrics.in_flight_by(3, 30);
    assert!(exporter.render().contains("millstream_in_flight_records{pipeline=\"p\",tenant=\"t\"} 3\n"));
    metrics.in_flight(0, 0);
    assert!(exporter.render().contains("millstream_in_flight_bytes{pipeline=\"p\",tenant=\"t\"} 0\n"));
}
