//! The values of a file by their keys, and the plan that is put together from them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::plan::{
    Brokers, Commit, Delivery, Errors, Format, Framing, Grants, JsonEncoding, JsonOptions, Kafka, Pipeline, Places,
};
use super::plan::{Reject, Sink, Source, Stage, Start, TopicRule};
use super::test_file::TestFile;
use super::topics::Allowed;

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
    Any(serde_json::Value),
}

/// Values by their dotted key.
#[derive(Debug, Default)]
pub(super) struct Settings(pub(super) BTreeMap<String, Setting>);

impl Settings {
    /// Puts the plan together; nothing where a value is missing, which the reader has reported then.
    pub(super) fn pipeline(&self, stages: usize, tests: TestFile, places: Places, file: PathBuf) -> Option<Pipeline> {
        let name = self.text("pipeline.name")?;
        let delivery = match self.text("pipeline.delivery")?.as_str() {
            "exactly-once" => Delivery::ExactlyOnce { transactional_id: self.text("pipeline.transactional-id") },
            _ => Delivery::AtLeastOnce,
        };
        Some(Pipeline {
            tenant: self.text("pipeline.tenant")?,
            commit: self.commit(&delivery),
            delivery,
            kafka: Kafka {
                brokers: self.brokers("kafka.brokers")?,
                client: self.properties("kafka.client"),
                consumer: self.properties("kafka.consumer"),
                producer: self.properties("kafka.producer"),
            },
            source: self.source(&name)?,
            stages: self.stages(stages)?,
            sink: self.sink()?,
            errors: Errors { reject: self.reject()? },
            admin: self.address("admin.listen"),
            tests,
            name,
            file,
            places,
        })
    }

    fn commit(&self, delivery: &Delivery) -> Commit {
        let (interval, records) = match delivery {
            Delivery::AtLeastOnce => (Duration::from_secs(1), 10_000),
            Delivery::ExactlyOnce { .. } => (Duration::from_millis(100), u64::MAX),
        };
        Commit {
            interval: self.time("commit.interval").unwrap_or(interval),
            records: self.count("commit.records").unwrap_or(records),
        }
    }

    fn source(&self, pipeline: &str) -> Option<Source> {
        let format = self.format("source.format")?;
        Some(Source {
            topics: self.texts("source.topics")?,
            group: self.text("source.group").unwrap_or_else(|| pipeline.to_owned()),
            start: if self.text("source.start")? == "latest" { Start::Latest } else { Start::Earliest },
            format,
            framing: self.framing("source.framing", format),
            schema: self.path("source.schema"),
            key_schema: self.path("source.key-schema"),
            read_ahead: self.flag("source.read-ahead")?,
        })
    }

    fn sink(&self) -> Option<Sink> {
        let format = self.format("sink.format")?;
        let topic = self.text("sink.topic")?;
        let topics: Vec<_> = self.texts("sink.topics")?.iter().map(|rule| TopicRule::of(rule)).collect();
        let mut never = self.texts("source.topics")?;
        never.extend(self.text("errors.dead-letter-topic"));
        let plain = self.text("sink.json.encoding")? == "plain";
        Some(Sink {
            allowed: Allowed::new(&topic, &topics, never)?,
            topic,
            topics,
            format,
            json: JsonOptions {
                encoding: if plain { JsonEncoding::Plain } else { JsonEncoding::Avro },
                include_nulls: self.flag("sink.json.include-nulls")?,
                pretty: self.flag("sink.json.pretty")?,
            },
            framing: self.framing("sink.framing", format),
            schema: self.path("sink.schema"),
            key_schema: self.path("sink.key-schema"),
            origin_headers: self.flag("sink.origin-headers")?,
        })
    }

    /// All stages. The names that were not given are made such that none is there twice.
    fn stages(&self, count: usize) -> Option<Vec<Stage>> {
        let given = |index| self.text(&format!("stage.{index}.name"));
        let mut names: BTreeSet<String> = (0..count).filter_map(given).collect();
        let mut stages = Vec::with_capacity(count);
        for index in 0..count {
            let guest = self.path(&format!("stage.{index}.guest"))?;
            let name = given(index).unwrap_or_else(|| free_name(&stage_name(&guest), &names));
            names.insert(name.clone());
            stages.push(self.stage(&format!("stage.{index}"), name, guest)?);
        }
        Some(stages)
    }

    fn stage(&self, path: &str, name: String, guest: PathBuf) -> Option<Stage> {
        let grants = self.texts(&format!("{path}.grants"))?;
        let granted = |name: &str| grants.iter().any(|grant| grant == name);
        Some(Stage {
            name,
            guest,
            grants: Grants {
                clock: granted("clock"),
                random: granted("random"),
                log: granted("log"),
                metrics: granted("metrics"),
                config: granted("config"),
            },
            config: self.properties(&format!("{path}.config")),
            memory: self.size(&format!("{path}.limits.memory"))?,
            time: self.time(&format!("{path}.limits.time"))?,
            records: self.count(&format!("{path}.limits.records"))?,
            bytes: self.size(&format!("{path}.limits.bytes"))?,
            outputs: self.count(&format!("{path}.limits.outputs"))?,
            passthrough: self.flag(&format!("{path}.passthrough"))?,
        })
    }

    fn format(&self, key: &str) -> Option<Format> {
        Some(match self.text(key)?.as_str() {
            "avro" => Format::Avro,
            "json" => Format::Json,
            "string" => Format::String,
            "bytes" => Format::Bytes,
            _ => return None,
        })
    }

    /// Only Avro has a schema's id before its bytes unless the file says otherwise.
    fn framing(&self, key: &str, format: Format) -> Framing {
        match self.text(key).as_deref() {
            Some("confluent") => Framing::Confluent,
            Some(_) => Framing::None,
            None if format == Format::Avro => Framing::Confluent,
            None => Framing::None,
        }
    }

    fn reject(&self) -> Option<Reject> {
        Some(match self.text("errors.reject")?.as_str() {
            "skip" => Reject::Skip,
            "dead-letter" => Reject::DeadLetter { topic: self.text("errors.dead-letter-topic")? },
            _ => Reject::Stop,
        })
    }

    pub(super) fn properties(&self, key: &str) -> Vec<(String, String)> {
        match self.0.get(key) {
            Some(Setting::Properties(properties)) => properties.clone(),
            _ => Vec::new(),
        }
    }
}

/// The file name of a guest without its ending, as a legal name.
fn stage_name(guest: &Path) -> String {
    let stem = guest.file_stem().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let legal = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    let name: String = stem.chars().map(|character| if legal(character) { character } else { '-' }).collect();
    match name.trim_start_matches(['.', '_', '-']) {
        "" => "stage".to_owned(),
        name => name.to_owned(),
    }
}

/// The name, or the first of `name-2`, `name-3` and so on that is not taken.
fn free_name(name: &str, taken: &BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !taken.contains(name)).unwrap_or_default()
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
    any: Any -> serde_json::Value;
    address: Address -> SocketAddr;
    brokers: Brokers -> Brokers;
}
