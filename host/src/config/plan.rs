//! What a pipeline file means, in types. A `Pipeline` exists only for a file without problems.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use super::client_properties::looks_secret;
use super::label::label;
use super::problem::{Location, Problems, SourceText};
use super::test_file::TestFile;
use super::topics::Allowed;

/// A checked pipeline file, with defaults filled in and paths resolved.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// The name of the pipeline.
    pub name: String,
    /// Whom it belongs to.
    pub tenant: String,
    /// What is promised after a crash.
    pub delivery: Delivery,
    /// The cluster.
    pub kafka: Kafka,
    /// Where records come from.
    pub source: Source,
    /// The guests, in the order in which records meet them: at least one.
    pub stages: Vec<Stage>,
    /// Where records go.
    pub sink: Sink,
    /// What happens to records that cannot be processed.
    pub errors: Errors,
    /// When offsets are committed.
    pub commit: Commit,
    /// Where metrics and health are served, if anywhere.
    pub admin: Option<SocketAddr>,
    /// The cases that stand in the file.
    pub tests: TestFile,
    /// The file, as it was named.
    pub file: PathBuf,
    pub(super) places: Places,
}

/// What is promised after a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// No record is lost; some may be written twice.
    AtLeastOnce,
    /// Outputs, dead letters and offsets in one transaction.
    ExactlyOnce {
        /// The id that the file gives this instance; none: it is made of tenant, pipeline and host.
        transactional_id: Option<String>,
    },
}

/// The cluster and the properties of its clients. `Debug` masks secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Kafka {
    /// Where the brokers are.
    pub brokers: Brokers,
    /// librdkafka properties of every client.
    pub client: Vec<(String, String)>,
    /// librdkafka properties of the consumer; they win over `client`.
    pub consumer: Vec<(String, String)>,
    /// librdkafka properties of the producer; they win over `client`.
    pub producer: Vec<(String, String)>,
}

/// Where the brokers are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Brokers {
    /// In this process.
    Embedded,
    /// A comma-separated list of `host:port`.
    At(String),
}

/// Where records come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The topics, at least one, none twice.
    pub topics: Vec<String>,
    /// The consumer group.
    pub group: String,
    /// Where to begin without a committed offset.
    pub start: Start,
    /// How values are written.
    pub format: Format,
    /// What stands before the bytes of a value, and of a key with a schema.
    pub framing: Framing,
    /// The file of the reader's schema: given for [`Format::Avro`] and [`Format::Json`], and only for these.
    pub schema: Option<PathBuf>,
    /// The file of the schema that keys are read as.
    pub key_schema: Option<PathBuf>,
    /// Whether records are fetched while earlier ones still wait for the guest.
    pub read_ahead: bool,
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Avro's binary form.
    Avro,
    /// JSON text of what a schema describes.
    Json,
    /// UTF-8 text.
    String,
    /// Bytes as they are.
    Bytes,
}

impl Format {
    /// The word of the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Avro => "avro",
            Self::Json => "json",
            Self::String => "string",
            Self::Bytes => "bytes",
        }
    }
}

/// Where to begin on a partition without a committed offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the oldest record.
    Earliest,
    /// With what arrives from now on.
    Latest,
}

/// What stands before the bytes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// A zero byte and the schema's id in four bytes.
    Confluent,
    /// Nothing.
    None,
}

/// A guest and what it may do. `Debug` masks its settings.
#[derive(Clone, PartialEq, Eq)]
pub struct Stage {
    /// The name of the stage; no other has it.
    pub name: String,
    /// The file of the component.
    pub guest: PathBuf,
    /// What it may use of its surroundings.
    pub grants: Grants,
    /// The guest's own settings, sorted by name; names of inner tables are joined with dots.
    pub config: Vec<(String, String)>,
    /// Bytes of memory of one instance.
    pub memory: u64,
    /// Time for one call.
    pub time: Duration,
    /// Records in one call, at most; 1 hands over record by record.
    pub records: u64,
    /// Bytes of records in one call, at most, unless one alone has more.
    pub bytes: u64,
    /// Outputs for one record, at most.
    pub outputs: u64,
    /// Whether output fields that the guest's type does not name come from the input.
    pub passthrough: bool,
}

/// What a guest may use of its surroundings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grants {
    /// Read the time.
    pub clock: bool,
    /// Draw random numbers.
    pub random: bool,
    /// Write log lines.
    pub log: bool,
    /// Count and measure.
    pub metrics: bool,
    /// Read [`Stage::config`].
    pub config: bool,
}

/// Where records go.
#[derive(Debug, Clone)]
pub struct Sink {
    /// The topic of outputs that name no other.
    pub topic: String,
    /// Further topics that a guest may name.
    pub topics: Vec<TopicRule>,
    /// How values are written.
    pub format: Format,
    /// How JSON is written; of use with [`Format::Json`] only.
    pub json: JsonOptions,
    /// What stands before the bytes of a value, and of a key with a schema.
    pub framing: Framing,
    /// The file of the writer's schema: given for [`Format::Avro`] and [`Format::Json`], and only for these.
    pub schema: Option<PathBuf>,
    /// The file of the schema that keys are written with.
    pub key_schema: Option<PathBuf>,
    /// Whether outputs say which record they were made from.
    pub origin_headers: bool,
    pub(super) allowed: Allowed,
}

/// Topics that a guest may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicRule {
    /// One topic.
    Name(String),
    /// All topics whose whole name matches a regular expression, which begins with `^`.
    Pattern(String),
}

/// How JSON is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonOptions {
    /// How Avro's types become JSON.
    pub encoding: JsonEncoding,
    /// Whether fields that are null are written.
    pub include_nulls: bool,
    /// Whether values are indented.
    pub pretty: bool,
}

/// How Avro's types become JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonEncoding {
    /// A union is just its value.
    Plain,
    /// The JSON encoding of the Avro specification.
    Avro,
}

/// What happens to records that cannot be processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errors {
    /// What happens to a rejected record.
    pub reject: Reject,
}

/// What happens to a rejected record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reject {
    /// The pipeline stops without committing it.
    Stop,
    /// It is left out.
    Skip,
    /// It is written to a topic of its own.
    DeadLetter {
        /// That topic.
        topic: String,
    },
}

/// When offsets are committed: whichever is reached first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit {
    /// At most this long between commits.
    pub interval: Duration,
    /// At most this many finished records between commits.
    pub records: u64,
}

/// Where each key's value stands in the text.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) source: SourceText,
    pub(super) spans: BTreeMap<String, Range<usize>>,
}

impl Sink {
    /// Whether an output may go to a topic: the sink's own always, a source topic or the dead-letter topic never, another
    /// one where [`Sink::topics`] names or matches it.
    pub fn allows(&self, topic: &str) -> bool {
        self.allowed.allows(topic)
    }
}

impl Pipeline {
    /// A key as the problems of the file name it: `[source] schema`, or `[[stage]] 2 guest` where there are several stages.
    pub fn label(&self, dotted_key: &str) -> String {
        label(dotted_key, self.stages.len() > 1)
    }

    /// Where the value of a key stands, such as `stage.0.guest`, `source.topics.0` or `kafka.producer.linger.ms`. Nothing for
    /// a key that was left to its default.
    pub fn locate(&self, dotted_key: &str) -> Option<Location> {
        self.places.span(dotted_key).map(|span| self.places.source.location(span.start))
    }

    /// A problem that a later step found with the value of a key, shown like the ones of the file itself. For a key that
    /// was left to its default, the section is shown.
    pub fn problem_at(&self, dotted_key: &str, message: String, help: Option<String>) -> Problems {
        self.places.problem_at(dotted_key, message, help)
    }
}

impl Places {
    /// A problem with the value of a key, or with the table that it would stand in.
    pub(super) fn problem_at(&self, dotted_key: &str, message: String, help: Option<String>) -> Problems {
        let mut key = dotted_key;
        let span = loop {
            match (self.span(key), key.rsplit_once('.')) {
                (None, Some((parent, _))) => key = parent,
                (span, _) => break span,
            }
        };
        Problems::new(vec![self.source.problem(span, message, help)])
    }

    /// A property of one client may also stand among those of every client.
    pub(super) fn span(&self, dotted_key: &str) -> Option<Range<usize>> {
        let shared = ["kafka.consumer.", "kafka.producer."].iter().find_map(|own| dotted_key.strip_prefix(own));
        let shared = || self.spans.get(&format!("kafka.client.{}", shared?));
        self.spans.get(dotted_key).or_else(shared).cloned()
    }
}

impl fmt::Debug for Kafka {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Kafka")
            .field("brokers", &self.brokers)
            .field("client", &masked(&self.client))
            .field("consumer", &masked(&self.consumer))
            .field("producer", &masked(&self.producer))
            .finish()
    }
}

/// A guest's settings have names of the user's own, so any of them may be a secret.
impl fmt::Debug for Stage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config: Vec<_> = self.config.iter().map(|(name, _)| (name, "***")).collect();
        out.debug_struct("Stage")
            .field("name", &self.name)
            .field("guest", &self.guest)
            .field("grants", &self.grants)
            .field("config", &config)
            .field("memory", &self.memory)
            .field("time", &self.time)
            .field("records", &self.records)
            .field("bytes", &self.bytes)
            .field("outputs", &self.outputs)
            .field("passthrough", &self.passthrough)
            .finish()
    }
}

fn masked(properties: &[(String, String)]) -> Vec<(&str, &str)> {
    let shown = properties.iter().map(|(name, value)| (name, if looks_secret(name) { "***" } else { value }));
    shown.map(|(name, value)| (name.as_str(), value)).collect()
}
