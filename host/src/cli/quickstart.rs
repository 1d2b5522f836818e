//! `millstream quickstart`: broker, samples, pipeline and a look at what came out, all in this process.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::samples::{self, Form, Sample};
use super::{Fault, open, run, say, tail};
use crate::config::{Format, Framing, Problems, Reject, TopicRule};
use crate::format::json::{WriteOptions, Writer};
use crate::pipeline::{Control, Failure, Prepared, Telemetry, run as run_pipeline};
use crate::record::{Batch, Record, Slot, Ticket};
use crate::schema::local::LocalTable;
use crate::sink::{Outgoing, Producer, ProducerSettings};
use crate::telemetry::health::Health;
use crate::telemetry::metrics::{Exporter, Metrics, Snapshot};
use crate::telemetry::printable::printable;

/// What to try.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The pipeline's file; its brokers are left alone, an embedded one is used.
    #[arg(default_value = "pipeline.toml")]
    pipeline: PathBuf,
    /// Sample records, one JSON object a line.
    #[arg(long, default_value = "schemas/samples/payments.jsonl")]
    samples: PathBuf,
    /// How many records to show before and after.
    #[arg(long, default_value_t = 3)]
    show: usize,
}

/// How long the whole run may take before something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same for outputs of which some may stand in topics that only a pattern names, where nobody looks for them.
const PATTERN_PATIENCE: Duration = Duration::from_secs(3);
/// Longest value that is shown on a line, in bytes.
const LINE: usize = 400;
/// Reasons of dead letters that are listed, at most.
const REASONS: usize = 12;

pub(super) fn run(options: &Options) -> Result<(), Fault> {
    let prepared = open::prepare(&options.pipeline)?;
    let config = &prepared.config;
    let samples = samples::read(&options.samples, &source_form(&prepared));
    let samples = samples.map_err(|why| Problems::of_file(&options.samples, why, None))?;
    let broker = open::embedded(config)?;
    let brokers = broker.bootstrap_servers();
    say(format_args!("embedded broker at {brokers} (in this process; not a Kafka to build on)\n"));
    load(&prepared, &brokers, &samples)?;
    say(format_args!("{} sample records in `{}`\n", samples.len(), config.source.topics[0]));
    let count = process(&prepared, &brokers, samples.len() as u64)?;
    show_outputs(&prepared, &brokers, &samples, &count, options.show)?;
    if count.filtered > 0 {
        say(format_args!("\n{} records were dropped by the guests\n", count.filtered));
    }
    show_dead_letters(&prepared, &brokers, &count)?;
    let Snapshot { consumed, produced, dead_lettered, committed, .. } = count;
    say(format_args!("consumed={consumed} produced={produced} dead-lettered={dead_lettered} committed={committed}\n"));
    Ok(())
}

/// What a line of samples becomes.
pub(super) fn source_form(prepared: &Prepared) -> Form {
    match (&prepared.reader, prepared.config.source.format) {
        (Some(schema), Format::Avro) => Form::Avro { schema: schema.clone(), id: source_id(prepared) },
        _ => Form::Line,
    }
}

/// The id that samples are framed with; `None` where values carry none.
fn source_id(prepared: &Prepared) -> Option<u32> {
    let schema = prepared.config.source.schema.as_ref()?;
    let framed = prepared.config.source.framing == Framing::Confluent;
    let folder = schema.parent().filter(|_| framed)?;
    LocalTable::load(folder).ok()?.id_of(schema)
}

/// Puts the samples on the source's first topic, waiting for each to be acknowledged.
pub(super) fn load(prepared: &Prepared, brokers: &str, samples: &[Sample]) -> Result<(), Failure> {
    let failed = |why: String| Failure::Kafka(format!("cannot load the samples: {why}"));
    let settings = ProducerSettings {
        brokers: brokers.to_owned(),
        pipeline: "quickstart".to_owned(),
        properties: Vec::new(),
        transactional_id: None,
    };
    let (producer, mut deliveries) = Producer::connect(&settings).map_err(|error| failed(error.to_string()))?;
    let topic = producer.topic(&prepared.config.source.topics[0]).map_err(|error| failed(error.to_string()))?;
    let mut sender = producer.sender();
    let outgoing: Vec<Outgoing<'_>> = samples
        .iter()
        .enumerate()
        .map(|(index, sample)| {
            Outgoing::plain(Ticket::new(Slot(0), index as u64), sample.key.as_deref(), Some(&sample.value))
        })
        .collect();
    let (mut at, mut acknowledged, mut reports) = (0, 0, Vec::new());
    let deadline = Instant::now() + PATIENCE;
    while acknowledged < samples.len() {
        if at < outgoing.len() {
            at += sender.send(&topic, &outgoing[at..]).accepted;
        }
        reports.clear();
        deliveries.poll(Duration::from_millis(20), &mut reports).map_err(|error| failed(error.to_string()))?;
        if let Some(error) = reports.iter().find_map(|report| report.error.as_ref()) {
            return Err(failed(error.to_string()));
        }
        acknowledged += reports.len();
        if Instant::now() > deadline {
            return Err(failed(format!("{acknowledged} of {} are acknowledged", samples.len())));
        }
    }
    Ok(())
}

/// Runs the pipeline until every sample has come to its end and is committed.
fn process(prepared: &Prepared, brokers: &str, expected: u64) -> Result<Snapshot, Failure> {
    let exporter = Exporter::new(run::build());
    let health = Health::new(PATIENCE, Instant::now());
    let name = &prepared.config.name;
    let telemetry =
        Telemetry { metrics: exporter.pipeline(name, &prepared.config.tenant), health: health.pipeline(name) };
    let metrics = telemetry.metrics.clone();
    let control = Arc::new(Control::default());
    let done = std::thread::scope(|scope| {
        let pipeline = scope.spawn(|| run_pipeline(prepared, brokers, &control, &telemetry));
        watch(&metrics, &control, expected);
        control.drain();
        pipeline.join()
    });
    done.unwrap_or_else(|_| Err(Failure::Host("the pipeline's thread died".into())))?;
    let count = metrics.snapshot();
    if count.consumed < expected {
        return Err(Failure::Kafka(format!(
            "only {} of {expected} samples came through within {} s",
            count.consumed,
            PATIENCE.as_secs()
        )));
    }
    Ok(count)
}

/// Shows progress (on a terminal) until all is done.
fn watch(metrics: &Metrics, control: &Control, expected: u64) {
    let bar = ProgressBar::new(expected);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} records, {rate}") {
        let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = write!(out, "{:.0}/s", state.per_sec());
        };
        bar.set_style(style.with_key("rate", rate));
    }
    let deadline = Instant::now() + PATIENCE;
    while !control.wait(Duration::from_millis(30)) && Instant::now() < deadline {
        let count = metrics.snapshot();
        bar.set_position(count.consumed);
        // What a worker has taken it brings to its end, and the stop waits for that.
        if count.consumed >= expected {
            break;
        }
    }
    bar.finish_and_clear();
}

fn show_outputs(
    prepared: &Prepared,
    brokers: &str,
    samples: &[Sample],
    count: &Snapshot,
    show: usize,
) -> Result<(), Failure> {
    let config = &prepared.config;
    let patterns = config.sink.topics.iter().any(|rule| matches!(rule, TopicRule::Pattern(_)));
    let patience = if patterns { PATTERN_PATIENCE } else { PATIENCE };
    let outputs = tail::read(brokers, &open::outputs(config), count.produced as usize, patience)?;
    let avro = prepared.output.clone().filter(|_| config.sink.format == Format::Avro);
    let mut writer = avro.map(|schema| Writer::new(schema, WriteOptions::default()));
    for record in outputs.iter().take(show) {
        let after = readable(&record, writer.as_mut(), config.sink.framing);
        // Before and after belong together by the key and the first field, which the sample pipelines keep.
        let before = samples.iter().find(|sample| {
            let same = |json: &serde_json::Value| {
                let (name, value) = json.as_object().and_then(|o| o.iter().next())?;
                Some(after.as_ref().ok()?.get(name)? == value)
            };
            sample.json.as_ref().and_then(same).unwrap_or(false)
        });
        say(format_args!("\n"));
        if let Some(json) = before.and_then(|sample| sample.json.as_ref()) {
            say(format_args!("  before {}\n", printable(json.to_string(), LINE)));
        }
        say(format_args!("  after  {}\n", after.map_or_else(|why| why, |json| printable(json.to_string(), LINE))));
    }
    Ok(())
}

/// An output's value: Avro and JSON as they are, anything else as text.
fn readable(record: &Record<'_>, writer: Option<&mut Writer>, framing: Framing) -> Result<serde_json::Value, String> {
    let Some(value) = record.value() else { return Ok(serde_json::Value::Null) };
    let Some(writer) = writer else {
        return Ok(serde_json::from_slice(value).unwrap_or_else(|_| printable(value, LINE).into()));
    };
    let avro = match framing {
        Framing::None => value,
        Framing::Confluent => crate::decode::framing::split(value).map_err(|error| error.to_string())?.1,
    };
    let mut text = Vec::new();
    writer.write(avro, &mut text).map_err(|error| error.to_string())?;
    serde_json::from_slice(&text).map_err(|error| error.to_string())
}

fn show_dead_letters(prepared: &Prepared, brokers: &str, count: &Snapshot) -> Result<(), Failure> {
    let Reject::DeadLetter { topic } = &prepared.config.errors.reject else {
        if count.skipped > 0 {
            say(format_args!("\n{} records were skipped; `--log warn` says which and why\n", count.skipped));
        }
        say(format_args!("\n"));
        return Ok(());
    };
    let letters: Batch = tail::read(brokers, std::slice::from_ref(topic), count.dead_lettered as usize, PATIENCE)?;
    let mut reasons = Reasons::default();
    for record in letters.iter() {
        let header = |name: &str| {
            let found = record.headers().find(|(key, _)| *key == name.as_bytes());
            printable(found.and_then(|(_, value)| value).unwrap_or_default(), LINE)
        };
        let (topic, partition) = (header("__dlq.errors.topic"), header("__dlq.errors.partition"));
        let at = format!("{topic}[{partition}]@{}", header("__dlq.errors.offset"));
        reasons.add(header("__dlq.errors.message"), at);
    }
    say(format_args!("\n{} dead letters in `{topic}`:\n", letters.len()));
    say(format_args!("{reasons}"));
    say(format_args!("\n"));
    Ok(())
}

/// Why records were rejected, the same reasons together.
#[derive(Default)]
struct Reasons(BTreeMap<String, Alike>);

/// Reasons that differ in their numbers only.
struct Alike {
    times: usize,
    first: String,
    at: String,
    /// Whether all have the same words and numbers.
    same: bool,
}

impl Reasons {
    fn add(&mut self, reason: String, at: String) {
        let shape: Vec<&str> = reason.split(|c: char| c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
        let shape = shape.join("0");
        let alike = self.0.entry(shape).or_insert_with(|| Alike { times: 0, first: reason.clone(), at, same: true });
        alike.times += 1;
        alike.same &= alike.first == reason;
    }
}

impl std::fmt::Display for Reasons {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut all: Vec<&Alike> = self.0.values().collect();
        all.sort_by_key(|alike| std::cmp::Reverse(alike.times));
        for Alike { times, first, at, same } in all.iter().take(REASONS) {
            let alike = if *same { "" } else { "and alike; " };
            writeln!(f, "  {times:>4} x {first} ({alike}first at {at})")?;
        }
        match all.len().saturating_sub(REASONS) {
            0 => Ok(()),
            more => writeln!(f, "  ... and {more} more reasons"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_differ_in_numbers_only_are_one_line() {
        let mut reasons = Reasons::default();
        reasons.add("unknown schema id 9".into(), "t[0]@1".into());
        reasons.add("negative amount -10170".into(), "t[0]@2".into());
        reasons.add("negative amount -7".into(), "t[3]@5".into());
        assert_eq!(
            reasons.to_string(),
            "     2 x negative amount -10170 (and alike; first at t[0]@2)\n     \
                  1 x unknown schema id 9 (first at t[0]@1)\n"
        );
    }

    #[test]
    fn many_reasons_are_cut() {
        let mut reasons = Reasons::default();
        for name in 'a'..='p' {
            reasons.add(format!("field {name}"), "t[0]@0".into());
            reasons.add(format!("field {name}"), "t[0]@1".into());
        }
        let text = reasons.to_string();
        assert!(text.starts_with("     2 x field a (first at t[0]@0)\n"), "{text}");
        assert!(text.ends_with("\n  ... and 4 more reasons\n"), "{text}");
    }
}
