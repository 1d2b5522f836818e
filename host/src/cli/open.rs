//! From a file's path to a pipeline that only needs Kafka: what `run`, `check` and `quickstart` share.

use std::path::{Path, PathBuf};

use super::Fault;
use crate::config::{self, Pipeline, Problems, Reject, TopicRule};
use crate::guest::Engine;
use crate::kafka::properties::{PropertyKind, check_property, check_together};
use crate::kafka::{EmbeddedBroker, ProbeError, probe};
use crate::pipeline::{Failure, Prepared};

/// How long to wait for a broker that may still be starting.
const PROBE: std::time::Duration = std::time::Duration::from_secs(10);
/// Partitions of the embedded broker's topics.
const EMBEDDED_PARTITIONS: i32 = 4;

/// Reads the file, checks the client properties, loads and matches schemas and guest.
pub(super) fn prepare(path: &Path) -> Result<Prepared, Fault> {
    let config = config::load(path)?;
    prepared(config, &engine()?)
}

/// As [`prepare`], of a file that was read, for this engine.
pub(super) fn prepared(config: Pipeline, engine: &Engine) -> Result<Prepared, Fault> {
    let mut problems = check_properties(&config);
    match problems.keep(Prepared::load(config, engine)) {
        Some(prepared) if problems.is_empty() => Ok(prepared),
        _ => Err(problems.into()),
    }
}

/// The engine of this process.
pub(super) fn engine() -> Result<Engine, Failure> {
    Engine::start(cache_folder().as_deref()).map_err(|error| Failure::Host(error.to_string()))
}

/// As [`engine`], one that counts what guests do.
pub(super) fn metered_engine() -> Result<Engine, Failure> {
    Engine::metered(cache_folder().as_deref()).map_err(|error| Failure::Host(error.to_string()))
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
        let checked = check_together(kind, &together);
        problems.keep(checked.map_err(|why| config.problem_at(&format!("kafka.{table}"), why, None)));
    }
    problems
}

/// Where compiled guests are kept: the user's own cache folder, which no tenant writes to.
fn cache_folder() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let folder = base.join("millstream");
    match private_folder(&folder) {
        Ok(()) => Some(folder),
        Err(error) => {
            let folder = folder.display();
            tracing::warn!("compiled guests are not cached: {folder} cannot be used: {error}");
            None
        }
    }
}

fn private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
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

/// Asks the brokers whether they are there and have the topics.
pub(super) fn require_topics(config: &Pipeline, brokers: &str) -> Result<(), Failure> {
    let environment = |error: ProbeError| Failure::Environment(error.to_string());
    let cluster = probe(brokers, &config.kafka.client, &topics(config), PROBE).map_err(environment)?;
    cluster.require_all(brokers).map_err(environment)
}

/// The topics that outputs are known to go to.
pub(super) fn outputs(config: &Pipeline) -> Vec<String> {
    let named = config.sink.topics.iter().filter_map(|rule| match rule {
        TopicRule::Name(name) => Some(name.clone()),
        TopicRule::Pattern(_) => None,
    });
    std::iter::once(config.sink.topic.clone()).chain(named).collect()
}
