//! `millstream check`: everything that can be found wrong without moving a record.

use std::path::Path;

use super::{Fault, open, say};
use crate::config::{Brokers, Framing, Reject, Start};
use crate::pipeline::Prepared;

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
    let types = (prepared.reader.describe(prepared.reader.root()), prepared.output.describe(prepared.output.root()));
    let lines = [
        ("pipeline", format!("{} (tenant {})", config.name, config.tenant)),
        ("delivery", "at-least-once".to_owned()),
        ("source", format!("{}, group {}, from {start}", config.source.topics.join(", "), config.source.group)),
        ("", format!("avro, framing {}, {}", framing(config.source.framing), types.0)),
        ("guest", config.stage.guest.display().to_string()),
        (
            "",
            format!(
                "{} MiB, {:?} a call, loaded in {:.2} s",
                config.stage.memory >> 20,
                config.stage.time,
                prepared.load_seconds
            ),
        ),
        ("sink", config.sink.topic.clone()),
        ("", format!("avro, framing {}, {}", framing(config.sink.framing), types.1)),
        ("reject", reject),
        ("commit", format!("every {:?} or {} records", config.commit.interval, config.commit.records)),
    ];
    lines.iter().map(|(name, text)| format!("{name:<10} {text}\n")).collect()
}
