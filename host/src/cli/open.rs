//! From a file's path to a pipeline that only needs Kafka: what `run`, `check` and `quickstart` share.

use std::path::{Path, PathBuf};

use super::Fault;
use crate::config::{self, Delivery, Pipeline, Problems, Reject, TopicRule};
use crate::guest::Engine;
use crate::kafka::properties::{PropertyKind, check_property, check_together};
use crate::kafka::{EmbeddedBroker, ProbeError, probe};
use crate::pipeline::{Failure, Prepared, transactional_id};

/// How long to wait for a broker that may still be starting.
const PROBE: std::time::Duration = std::time::Duration::from_secs(10);
/// Partitions of the embedded broker's topics.
pub(super) const EMBEDDED_PARTITIONS: i32 = 4;

/// Reads the file, checks the client properties, loads and matches schemas and guest.
pub(super) fn prepare(path: &Path) -> Result<Prepared, Fault> {
    let config = config::load(path)?;
    Ok(prepare_on(&engine()?, config)?)
}

/// The same for a file that is read and an engine that runs.
pub(super) fn prepare_on(engine: &Engine, config: Pipeline) -> Result<Prepared, Problems> {
    let mut problems = check_properties(&config);
    match problems.keep(Prepared::load(config, engine)) {
        Some(prepared) if problems.is_empty() => Ok(prepared),
        _ => Err(problems),
    }
}

/// The engine of this process.
pub(super) fn engine() -> Result<Engine, Failure> {
    let kept = compiled_folder()?;
    Engine::start(kept.as_deref()).map_err(|error| Failure::Host(error.to_string()))
}

/// As [`engine`], one that counts what guests do.
pub(super) fn metered_engine() -> Result<Engine, Failure> {
    let kept = compiled_folder()?;
    Engine::metered(kept.as_deref()).map_err(|error| Failure::Host(error.to_string()))
}

/// Lets librdkafka look at the properties, without a network, and points at the line of each one it refuses.
fn check_properties(config: &Pipeline) -> Problems {
    let mut problems = Problems::default();
    let tables = [
        (PropertyKind::Client, "client", &config.kafka.client),
        (PropertyKind::Consumer, "consumer", &config.kafka.consumer),
        (PropertyKind::Producer, "producer", &config.kafka.producer),
    ];
    for (kind, table, properties) in tables {
        for (name, value) in properties {
            let checked = check_property(kind, name, value);
            problems.keep(checked.map_err(|why| config.problem_at(&format!("kafka.{table}.{name}"), why, None)));
        }
        if !problems.is_empty() {
            continue;
        }
        let together = match kind {
            PropertyKind::Client => properties.clone(),
            _ => [&config.kafka.client[..], properties].concat(),
        };
        let transactional = config.delivery != Delivery::AtLeastOnce;
        let checked = check_together(kind, &together, transactional);
        problems.keep(checked.map_err(|why| config.problem_at(&format!("kafka.{table}"), why, None)));
    }
    problems
}

/// The variable that names the folder of compiled guests.
const CACHE_DIR: &str = "MILLSTREAM_CACHE_DIR";

/// Where compiled guests are kept: where the environment says, else in the user's own cache folder; `None` for nowhere.
fn compiled_folder() -> Result<Option<PathBuf>, Failure> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    match named(CACHE_DIR) {
        Some(off) if off.as_os_str() == "off" => return Ok(None),
        Some(folder) if folder.is_absolute() => return Ok(Some(folder)),
        Some(other) => {
            let other = other.display();
            let why = format!("{CACHE_DIR} is `{other}`, but must be an absolute path, or `off`");
            return Err(Failure::Environment(why));
        }
        None => {}
    }
    let base = named("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let base = base.or_else(|| Some(named("HOME")?.join(".cache")));
    if base.is_none() {
        tracing::warn!("compiled guests are not kept, every start compiles them: set {CACHE_DIR}, or HOME");
    }
    Ok(base.map(|base| base.join("millstream")))
}

/// All topics that the pipeline needs.
pub(super) fn topics(config: &Pipeline) -> Vec<String> {
    let mut topics = config.source.topics.clone();
    topics.extend(outputs(config));
    if let Reject::DeadLetter { topic } = &config.errors.reject {
        topics.push(topic.clone());
    }
    topics
}

/// A broker in this process with the pipeline's topics.
pub(super) fn embedded(config: &Pipeline) -> Result<EmbeddedBroker, Failure> {
    let topics: Vec<_> = topics(config).into_iter().map(|topic| (topic, EMBEDDED_PARTITIONS)).collect();
    EmbeddedBroker::start(&topics).map_err(|error| Failure::Environment(error.to_string()))
}

/// Asks the brokers whether they are there, have the topics, and can do what is promised.
pub(super) fn require_topics(config: &Pipeline, brokers: &str) -> Result<(), Failure> {
    let environment = |error: ProbeError| Failure::Environment(error.to_string());
    let cluster = probe(brokers, &config.kafka.client, &topics(config), PROBE).map_err(environment)?;
    cluster.require_all(brokers).map_err(environment)?;
    match config.delivery {
        Delivery::AtLeastOnce => Ok(()),
        Delivery::ExactlyOnce { .. } => cluster.require_transactions(brokers).map_err(environment),
    }
}

/// What is promised, and under which id.
pub(super) fn delivery(config: &Pipeline) -> String {
    match transactional_id(config) {
        Ok(None) => "at-least-once".to_owned(),
        Ok(Some(id)) => format!("exactly-once, transactional id {id}"),
        Err(failure) => format!("exactly-once; {failure}"),
    }
}

/// The topics that outputs are known to go to.
pub(super) fn outputs(config: &Pipeline) -> Vec<String> {
    let named = config.sink.topics.iter().filter_map(|rule| match rule {
        TopicRule::Name(name) => Some(name.clone()),
        TopicRule::Pattern(_) => None,
    });
    std::iter::once(config.sink.topic.clone()).chain(named).collect()
}
