//! What a pipeline file means, in types. A `Pipeline` exists only for a file without problems.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use super::client_properties::looks_secret;
use super::problem::{Location, Problems, SourceText};

/// A checked pipeline file, with defaults filled in and paths resolved.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// The name of the pipeline.
    pub name: String,
    /// Whom it belongs to.
    pub tenant: String,
    /// The cluster.
    pub kafka: Kafka,
    /// Where records come from.
    pub source: Source,
    /// The guest.
    pub stage: Stage,
    /// Where records go.
    pub sink: Sink,
    /// What happens to records that cannot be processed.
    pub errors: Errors,
    /// When offsets are committed.
    pub commit: Commit,
    /// Where metrics and health are served, if anywhere.
    pub admin: Option<SocketAddr>,
    /// The file, as it was named.
    pub file: PathBuf,
    pub(super) places: Places,
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
    /// What stands before a value's bytes.
    pub framing: Framing,
    /// The file of the reader's schema.
    pub schema: PathBuf,
}

/// Where to begin on a partition without a committed offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the oldest record.
    Earliest,
    /// With what arrives from now on.
    Latest,
}

/// What stands before a value's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// A zero byte and the schema's id in four bytes.
    Confluent,
    /// Nothing.
    None,
}

/// The guest and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The file of the component.
    pub guest: PathBuf,
    /// What it may use of its surroundings.
    pub grants: Grants,
    /// Bytes of memory of one instance.
    pub memory: u64,
    /// Time for one call.
    pub time: Duration,
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
}

/// Where records go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sink {
    /// The topic.
    pub topic: String,
    /// What stands before a value's bytes.
    pub framing: Framing,
    /// The file of the writer's schema.
    pub schema: PathBuf,
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

/// A value of the file after its own check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Setting {
    Text(String),
    Texts(Vec<String>),
    Path(PathBuf),
    Size(u64),
    Time(Duration),
    Count(u64),
    Flag(bool),
    Address(SocketAddr),
    Brokers(Brokers),
    Properties(Vec<(String, String)>),
}

/// Values by their dotted key.
#[derive(Debug, Default)]
pub(super) struct Settings(pub(super) BTreeMap<String, Setting>);

/// Where each key's value stands in the text.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) source: SourceText,
    pub(super) spans: BTreeMap<String, Range<usize>>,
}

impl Pipeline {
    /// Where the value of a key stands, such as `stage.guest`, `source.topics.0` or `kafka.producer.linger.ms`. Nothing for
    /// a key that was left to its default.
    pub fn locate(&self, dotted_key: &str) -> Option<Location> {
        self.places.span(dotted_key).map(|span| self.places.source.location(span.start))
    }

    /// A problem that a later step found with the value of a key, shown like the ones of the file itself. For a key that
    /// was left to its default, the section is shown.
    pub fn problem_at(&self, dotted_key: &str, message: String, help: Option<String>) -> Problems {
        let mut key = dotted_key;
        let span = loop {
            match (self.places.span(key), key.rsplit_once('.')) {
                (None, Some((parent, _))) => key = parent,
                (span, _) => break span,
            }
        };
        Problems::new(vec![self.places.source.problem(span, message, help)])
    }
}

impl Places {
    /// A property of one client may also stand among those of every client.
    fn span(&self, dotted_key: &str) -> Option<Range<usize>> {
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

fn masked(properties: &[(String, String)]) -> Vec<(&str, &str)> {
    let shown = properties.iter().map(|(name, value)| (name, if looks_secret(name) { "***" } else { value }));
    shown.map(|(name, value)| (name.as_str(), value)).collect()
}

impl Settings {
    /// Puts the plan together; nothing where a value is missing, which the reader has reported then.
    pub(super) fn pipeline(&self, places: Places, file: PathBuf) -> Option<Pipeline> {
        let name = self.text("pipeline.name")?;
        let grants = self.texts("stage.grants")?;
        Some(Pipeline {
            tenant: self.text("pipeline.tenant")?,
            kafka: Kafka {
                brokers: self.brokers("kafka.brokers")?,
                client: self.properties("kafka.client"),
                consumer: self.properties("kafka.consumer"),
                producer: self.properties("kafka.producer"),
            },
            source: Source {
                topics: self.texts("source.topics")?,
                group: self.text("source.group").unwrap_or_else(|| name.clone()),
                start: if self.text("source.start")? == "latest" { Start::Latest } else { Start::Earliest },
                framing: self.framing("source.framing")?,
                schema: self.path("source.schema")?,
            },
            stage: Stage {
                guest: self.path("stage.guest")?,
                grants: Grants {
                    clock: grants.iter().any(|grant| grant == "clock"),
                    random: grants.iter().any(|grant| grant == "random"),
                },
                memory: self.size("stage.limits.memory")?,
                time: self.time("stage.limits.time")?,
                passthrough: self.flag("stage.passthrough")?,
            },
            sink: Sink {
                topic: self.text("sink.topic")?,
                framing: self.framing("sink.framing")?,
                schema: self.path("sink.schema")?,
            },
            errors: Errors { reject: self.reject()? },
            commit: Commit { interval: self.time("commit.interval")?, records: self.count("commit.records")? },
            admin: self.address("admin.listen"),
            name,
            file,
            places,
        })
    }

    fn reject(&self) -> Option<Reject> {
        Some(match self.text("errors.reject")?.as_str() {
            "skip" => Reject::Skip,
            "dead-letter" => Reject::DeadLetter { topic: self.text("errors.dead-letter-topic")? },
            _ => Reject::Stop,
        })
    }

    fn framing(&self, key: &str) -> Option<Framing> {
        Some(if self.text(key)? == "none" { Framing::None } else { Framing::Confluent })
    }

    fn properties(&self, key: &str) -> Vec<(String, String)> {
        match self.0.get(key) {
            Some(Setting::Properties(properties)) => properties.clone(),
            _ => Vec::new(),
        }
    }
}

/// One getter for each form of value.
macro_rules! getters {
    ($($getter:ident: $form:ident -> $type:ty;)*) => {
        impl Settings {
            $(
                pub(super) fn $getter(&self, key: &str) -> Option<$type> {
                    match self.0.get(key) {
                        Some(Setting::$form(value)) => Some(value.clone()),
                        _ => None,
                    }
                }
            )*
        }
    };
}

getters! {
    text: Text -> String;
    texts: Texts -> Vec<String>;
    path: Path -> PathBuf;
    size: Size -> u64;
    time: Time -> Duration;
    count: Count -> u64;
    flag: Flag -> bool;
    address: Address -> SocketAddr;
    brokers: Brokers -> Brokers;
}
