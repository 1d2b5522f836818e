//! Calls the checker: `tests/kafka/Checker.java`, which shares neither the Kafka client nor the Avro library nor any
//! code with what it judges.

use serde::Deserialize;

use crate::{Broker, Key, Load, Result, RigError, kafka, paths};

/// What to judge.
#[derive(Clone)]
pub struct Check<'a> {
    broker: &'a Broker,
    load: &'a Load,
    group: Option<&'a str>,
    input: Option<&'a str>,
    schema_id: Option<u32>,
}

/// What the checker found; everything but `count` should be 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Report {
    /// Records in the topic.
    pub count: u64,
    /// Records that should be there and are not.
    pub missing: u64,
    /// Records that are there again.
    pub duplicate: u64,
    /// Records that should not be there.
    pub unknown: u64,
    /// Records that cannot be decoded, or differ from what they should be.
    pub wrong: u64,
    /// First deliveries that stand before an earlier record of the same input partition.
    pub out_of_order: u64,
    /// Input records that the group has not committed; 0 too where no group was asked about.
    #[serde(default)]
    pub behind: u64,
    /// The first few of each fault, in words.
    #[serde(default)]
    pub examples: Vec<String>,
}

impl<'a> Check<'a> {
    /// Judges by the records of this load.
    pub fn new(broker: &'a Broker, load: &'a Load) -> Self {
        Check { broker, load, group: None, input: None, schema_id: None }
    }

    /// Also asks what this group has committed of the input topic.
    pub fn committed(mut self, group: &'a str, input: &'a str) -> Self {
        self.group = Some(group);
        self.input = Some(input);
        self
    }

    /// Demands this schema id in front of every value; any will do otherwise.
    pub fn schema_id(mut self, id: u32) -> Self {
        self.schema_id = Some(id);
        self
    }

    /// Judges an output topic.
    pub fn records(self, output: &str) -> Result<Report> {
        self.call("records", output)
    }

    /// Judges a dead letter topic by the input topic that its letters came from.
    pub fn dead_letters(mut self, input: &'a str, topic: &str) -> Result<Report> {
        self.input = Some(input);
        self.call("dead-letters", topic)
    }

    fn call(self, what: &str, topic: &str) -> Result<Report> {
        let mut command = kafka::java()?;
        command
            .arg(paths::root().join("tests/kafka/Checker.java"))
            .args([what, "--brokers", self.broker.address(), "--topic", topic])
            .arg("--schema")
            .arg(paths::schema("enriched"))
            .args(["--from", &self.load.numbers.start.to_string(), "--to", &self.load.numbers.end.to_string()])
            .args(["--partitions", &self.load.partitions.to_string()])
            .args(["--negative-every", &self.load.negative_every.to_string()])
            .args(["--broken-every", &self.load.broken_every.to_string()])
            .args(["--key", if self.load.key == Key::Account { "account" } else { "sequence" }]);
        if let Some(id) = self.schema_id {
            command.args(["--schema-id", &id.to_string()]);
        }
        for (name, value) in [("--group", self.group), ("--input", self.input)] {
            if let Some(value) = value {
                command.args([name, value]);
            }
        }
        let output = command.output().map_err(RigError::doing("running the checker with java"))?;
        serde_json::from_slice(&output.stdout)
            .map_err(|_| RigError::new(format!("the checker failed:\n{}", String::from_utf8_lossy(&output.stderr))))
    }
}

impl Report {
    /// Whether the topic has exactly these many records and nothing is wrong.
    pub fn is_clean(&self, count: u64) -> bool {
        *self == Report { count, ..Report::default() }
    }
}
