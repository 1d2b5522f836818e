//! What the caller may choose about a guest.

use std::collections::BTreeSet;
use std::str::FromStr;

use crate::schema::Schema;

/// What a value is to the guest.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// A record of the guest's own, made from this schema.
    Schema(&'a Schema),
    /// `generic-record`: any value of any schema.
    Generic,
    /// `list<u8>`: the bytes as they are in Kafka.
    Bytes,
    /// `string`: the bytes as UTF-8 text.
    Text,
}

impl<'a> From<&'a Schema> for Value<'a> {
    fn from(schema: &'a Schema) -> Self {
        Value::Schema(schema)
    }
}

/// What a guest's own `deserialize` takes, or its own `serialize` gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Raw {
    /// `generic-record`
    Generic,
    /// `list<u8>`
    Bytes,
    /// `string`
    Text,
}

impl From<Raw> for Value<'_> {
    fn from(raw: Raw) -> Self {
        match raw {
            Raw::Generic => Value::Generic,
            Raw::Bytes => Value::Bytes,
            Raw::Text => Value::Text,
        }
    }
}

impl FromStr for Raw {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "generic" => Ok(Raw::Generic),
            "bytes" => Ok(Raw::Bytes),
            "string" => Ok(Raw::Text),
            _ => Err("it is one of generic, bytes, string".into()),
        }
    }
}

/// The type of a record's key.
#[derive(Debug, Clone, Default)]
pub enum Key {
    /// `list<u8>`: the bytes as they are.
    #[default]
    Bytes,
    /// `string`: UTF-8 text.
    Text,
    /// `s32`: four bytes, big endian, as Kafka's integer serializer writes them.
    Int,
    /// `s64`: eight bytes, big endian, as Kafka's long serializer writes them.
    Long,
    /// A type made from the key's schema.
    Schema(Schema),
}

/// A field of an envelope, beside `value`. The order is that of the fields in WIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnvelopeField {
    /// The record's key.
    Key,
    /// Its headers.
    Headers,
    /// Its topic.
    Topic,
    /// Its partition.
    Partition,
    /// Its offset; of inputs only.
    Offset,
    /// Its timestamp.
    Timestamp,
    /// What its timestamp means; of inputs only.
    TimestampType,
}

impl EnvelopeField {
    /// All of them, as flags and WIT spell them.
    pub const ALL: [(EnvelopeField, &'static str); 7] = [
        (EnvelopeField::Key, "key"),
        (EnvelopeField::Headers, "headers"),
        (EnvelopeField::Topic, "topic"),
        (EnvelopeField::Partition, "partition"),
        (EnvelopeField::Offset, "offset"),
        (EnvelopeField::Timestamp, "timestamp"),
        (EnvelopeField::TimestampType, "timestamp-type"),
    ];

    /// Its name in WIT.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(field, _)| *field == self).map_or("", |(_, name)| name)
    }
}

impl FromStr for EnvelopeField {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.map(|(_, name)| name).join(", ");
        let found = Self::ALL.iter().find(|(_, name)| *name == text);
        found.map(|(field, _)| *field).ok_or(format!("an envelope's fields are {known}"))
    }
}

/// How many outputs a record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answers {
    /// One each.
    #[default]
    One,
    /// One or none: `option`.
    Filter,
    /// Any number: `list`.
    FanOut,
}

/// An interface of the pipeline that the guest calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Import {
    /// Lines for the pipeline's log.
    Log,
    /// Metrics of the guest's own.
    Metrics,
    /// The table `config` of the guest's stage.
    Config,
    /// What generic records do not tell of their schema.
    Schemas,
}

impl Import {
    /// All of them, as flags and WIT spell them.
    pub const ALL: [(Import, &'static str); 4] =
        [(Import::Log, "log"), (Import::Metrics, "metrics"), (Import::Config, "config"), (Import::Schemas, "schemas")];

    /// Its interface's name in WIT.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(import, _)| *import == self).map_or("", |(_, name)| name)
    }

    /// Whether pipeline.toml has to grant it.
    pub fn needs_grant(self) -> bool {
        self != Import::Schemas
    }
}

impl FromStr for Import {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.map(|(_, name)| name).join(", ");
        let found = Self::ALL.iter().find(|(_, name)| *name == text);
        found.map(|(import, _)| *import).ok_or(format!("a guest may import {known}"))
    }
}

/// What the caller may choose; the default is a guest that turns one value into one value.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The guest's own package: `acme:payments` or `acme:payments@1.0.0`.
    pub package: String,
    /// Of the input record, only these fields (Avro names); all of them where absent.
    pub input_fields: Option<Vec<String>>,
    /// Of the output record, only these fields (Avro names); all of them where absent.
    pub output_fields: Option<Vec<String>>,
    /// How many outputs a record has.
    pub answers: Answers,
    /// What the guest is told of a record beside its value; nothing where empty.
    pub envelope_in: BTreeSet<EnvelopeField>,
    /// What the guest decides about an output beside its value; nothing where empty.
    pub envelope_out: BTreeSet<EnvelopeField>,
    /// Whether an envelope's value may be none: a tombstone.
    pub tombstones: bool,
    /// The type of an input's key; bytes where absent.
    pub key: Option<Key>,
    /// The type of an output's key; that of the input's key where absent.
    pub key_out: Option<Key>,
    /// What the guest's own `deserialize` takes; without it the pipeline makes the guest's value.
    pub deserialize: Option<Raw>,
    /// What the guest's own `serialize` gives; without it the pipeline takes the guest's value.
    pub serialize: Option<Raw>,
    /// The name of the guest's own resource, which stands for the value in all its functions; input and output are then
    /// what `deserialize` takes and `serialize` gives, and nothing else is made of them.
    pub resource: Option<String>,
    /// Whether the guest leaves `transform` out: what is deserialized goes to the sink. The output is then the input.
    pub no_transform: bool,
    /// What the guest calls.
    pub imports: BTreeSet<Import>,
    /// Whether the guest exports `init`.
    pub init: bool,
}
