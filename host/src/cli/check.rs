//! `millstream check`: everything that can be found wrong without moving a record.

use std::path::Path;
use std::sync::Arc;

use super::{Fault, open, say};
use crate::config::{Brokers, Format, Framing, Reject, Start};
use crate::pipeline::Prepared;
use crate::schema::Schema;

pub(super) fn check(path: &Path, offline: bool) -> Result<(), Fault> {
    let prepared = open::prepare(path)?;
    say(format_args!("{}", summary(&prepared)));
    match (&prepared.config.kafka.brokers, offline) {
        (_, true) => say(format_args!("kafka      not asked (--offline)\n")),
        (Brokers::Embedded, false) => say(format_args!("kafka      embedded broker: topics are made at start\n")),
        (Brokers::At(brokers), false) => {
            open::require_topics(&prepared.config, brokers)?;
            say(format_args!("kafka      {brokers} has all topics\n"));
        }
    }
    say(format_args!("ok\n"));
    Ok(())
}

/// The pipeline with its defaults filled in.
fn summary(prepared: &Prepared) -> String {
    let config = &prepared.config;
    let framing = |framing| if framing == Framing::Confluent { "confluent" } else { "none" };
    let start = if config.source.start == Start::Earliest { "earliest" } else { "latest" };
    let reject = match &config.errors.reject {
        Reject::Stop => "stop".to_owned(),
        Reject::Skip => "skip".to_owned(),
        Reject::DeadLetter { topic } => format!("dead-letter to {topic}"),
    };
    let end = |format: Format, framed, schema: &Option<Arc<Schema>>| match schema {
        Some(schema) if format == Format::Avro => {
            format!("avro, framing {}, {}", framing(framed), schema.describe(schema.root()))
        }
        Some(schema) => format!("{}, {}", format.as_str(), schema.describe(schema.root())),
        None => format.as_str().to_owned(),
    };
    let commit = match config.commit.records {
        u64::MAX => format!("every {:?}", config.commit.interval),
        records => format!("every {:?} or {records} records", config.commit.interval),
    };
    let mut lines = vec![
        ("pipeline", format!("{} (tenant {})", config.name, config.tenant)),
        ("delivery", open::delivery(config)),
        ("source", format!("{}, group {}, from {start}", config.source.topics.join(", "), config.source.group)),
        ("", end(config.source.format, config.source.framing, &prepared.reader)),
    ];
    for (stage, loaded) in config.stages.iter().zip(&prepared.stages) {
        let exports: Vec<&str> = loaded.guest.functions().iter().map(|function| function.role.as_str()).collect();
        let (memory, seconds) = (stage.memory >> 20, loaded.load_seconds);
        lines.push(("guest", format!("{}: {}", stage.guest.display(), exports.join(", "))));
        lines.push(("", format!("{memory} MiB, {:?} a call, loaded in {seconds:.2} s", stage.time)));
    }
    lines.extend([
        ("sink", open::outputs(config).join(", ")),
        ("", end(config.sink.format, config.sink.framing, &prepared.output)),
        ("reject", reject),
        ("commit", commit),
    ]);
    lines.iter().map(|(name, text)| format!("{name:<10} {text}\n")).collect()
}
