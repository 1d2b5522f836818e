//! Values as people write them, JSON or text, to the bytes of the source's topic, and the sink's bytes back to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::ends;
use super::load::Prepared;
use crate::config::{Format, Framing, Problems};
use crate::decode::framing;
use crate::format::json::{Encoding, JsonError, Reader, WriteOptions, Writer};
use crate::schema::local::LocalTable;
use crate::schema::{self, Kind, Schema};

/// To the bytes of the source's topic.
pub struct SourceForm {
    format: Format,
    value: Option<ToAvro>,
    key: Option<ToAvro>,
    /// Whether `null` is a value of the source's schema.
    takes_null: bool,
}

/// From the bytes of the source's topics.
pub struct SourceText {
    format: Format,
    reader: Option<Arc<Schema>>,
    /// Schemas by id; `None` where values carry no id.
    table: Option<Arc<LocalTable>>,
    /// One for each id that was met.
    writers: BTreeMap<Option<u32>, Writer>,
}

/// From the bytes of the sink's topics.
pub struct SinkForm {
    format: Format,
    framing: Framing,
    value: Option<Writer>,
    key: Option<Writer>,
}

/// A value as people read it.
#[derive(Debug, Clone, PartialEq)]
pub enum Readable {
    /// It has a schema, or is JSON.
    Json(Value),
    /// Text or bytes.
    Bytes(Vec<u8>),
}

struct ToAvro {
    reader: Reader,
    prefix: Vec<u8>,
}

impl ToAvro {
    fn encode(&mut self, json: &[u8]) -> Result<Vec<u8>, JsonError> {
        let mut bytes = self.prefix.clone();
        self.reader.read(json, &mut bytes)?;
        Ok(bytes)
    }
}

impl SourceForm {
    /// The form of a pipeline's source.
    pub fn of(prepared: &Prepared) -> Result<SourceForm, Problems> {
        let config = &prepared.config;
        let source = &config.source;
        let mut problems = Problems::default();
        let value_prefix = problems.keep(ends::source_prefix(config, "source.schema", source.schema.as_deref()));
        let key_prefix = problems.keep(ends::source_prefix(config, "source.key-schema", source.key_schema.as_deref()));
        let (Some(value_prefix), Some(key_prefix)) = (value_prefix, key_prefix) else { return Err(problems) };
        let to_avro = |schema: Arc<Schema>, prefix| ToAvro { reader: Reader::new(schema).strict(), prefix };
        let key = match &source.key_schema {
            Some(path) => {
                let schema = schema::load(path)
                    .map_err(|error| config.problem_at("source.key-schema", error.to_string(), None))?;
                Some(to_avro(Arc::new(schema), key_prefix))
            }
            None => None,
        };
        let takes_null = prepared.reader.as_deref().is_some_and(takes_null);
        let avro = prepared.reader.clone().filter(|_| source.format == Format::Avro);
        Ok(SourceForm {
            format: source.format,
            value: avro.map(|schema| to_avro(schema, value_prefix)),
            key,
            takes_null,
        })
    }

    /// Whether values have a schema, so that people write them as JSON.
    pub fn is_json(&self) -> bool {
        matches!(self.format, Format::Avro | Format::Json)
    }

    /// Whether keys have a schema.
    pub fn has_key_schema(&self) -> bool {
        self.key.is_some()
    }

    /// Whether a value `null` stands for no value at all.
    pub fn null_is_tombstone(&self) -> bool {
        !self.takes_null
    }

    /// The bytes of a value: of JSON where values have a schema, else the text itself. The error says what does not fit.
    pub fn value(&mut self, text: &[u8]) -> Result<Vec<u8>, JsonError> {
        match &mut self.value {
            Some(avro) => avro.encode(text),
            None => Ok(text.to_vec()),
        }
    }

    /// The bytes of a key with a schema, from its JSON.
    pub fn key(&mut self, json: &[u8]) -> Result<Vec<u8>, JsonError> {
        match &mut self.key {
            Some(avro) => avro.encode(json),
            None => Ok(json.to_vec()),
        }
    }
}

/// How people read Avro: as plain JSON with all its fields.
const PLAIN: WriteOptions = WriteOptions { encoding: Encoding::Plain, include_nulls: true, pretty: false };

impl SourceText {
    /// The form of a pipeline's source.
    pub fn of(prepared: &Prepared) -> Result<SourceText, Problems> {
        let end = ends::source(&prepared.config)?;
        Ok(SourceText { format: end.format, reader: end.schema, table: end.table, writers: BTreeMap::new() })
    }

    /// A value, as its writer's schema has it; the error says why it cannot be read.
    pub fn value(&mut self, value: &[u8]) -> Result<Readable, String> {
        match (self.format, &self.reader) {
            (Format::Avro, Some(reader)) => {
                let (id, schema, avro) = match &self.table {
                    None => (None, Some(reader.clone()), value),
                    Some(table) => {
                        let (id, avro) = framing::split(value).map_err(|error| error.to_string())?;
                        (Some(id), table.schema_by_id(id), avro)
                    }
                };
                let schema = schema.ok_or_else(|| format!("unknown schema id {}", id.unwrap_or_default()))?;
                let writer = self.writers.entry(id).or_insert_with(|| Writer::new(schema, PLAIN));
                let mut text = Vec::new();
                writer.write(avro, &mut text).map_err(|error| error.to_string())?;
                serde_json::from_slice(&text).map(Readable::Json).map_err(|error| format!("not JSON: {error}"))
            }
            (Format::Json, _) => {
                serde_json::from_slice(value).map(Readable::Json).map_err(|error| format!("not JSON: {error}"))
            }
            _ => Ok(Readable::Bytes(value.to_vec())),
        }
    }
}

impl SinkForm {
    /// The form of a pipeline's sink.
    pub fn of(prepared: &Prepared) -> Result<SinkForm, Problems> {
        let sink = &prepared.config.sink;
        // JSON stays as the pipeline writes it.
        let options = PLAIN;
        let key = match &sink.key_schema {
            Some(path) => {
                let refused =
                    |error: schema::SchemaError| prepared.config.problem_at("sink.key-schema", error.to_string(), None);
                Some(Writer::new(Arc::new(schema::load(path).map_err(refused)?), options))
            }
            None => None,
        };
        let avro = prepared.output.clone().filter(|_| sink.format == Format::Avro);
        let value = avro.map(|schema| Writer::new(schema, options));
        Ok(SinkForm { format: sink.format, framing: sink.framing, value, key })
    }

    /// Whether values have a schema, so that people read them as JSON.
    pub fn is_json(&self) -> bool {
        matches!(self.format, Format::Avro | Format::Json)
    }

    /// Whether keys have a schema.
    pub fn has_key_schema(&self) -> bool {
        self.key.is_some()
    }

    /// Appends a value as one line of text, without its end: JSON where values have a schema, else the bytes.
    pub fn line(&mut self, value: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        match &mut self.value {
            Some(writer) => json(writer, self.framing, value, out),
            None => {
                out.extend_from_slice(value);
                Ok(())
            }
        }
    }

    /// A value; the error says why it cannot be read.
    pub fn value(&mut self, value: &[u8]) -> Result<Readable, String> {
        if !self.is_json() {
            return Ok(Readable::Bytes(value.to_vec()));
        }
        let mut text = Vec::new();
        self.line(value, &mut text)?;
        serde_json::from_slice(&text).map(Readable::Json).map_err(|error| format!("not JSON: {error}"))
    }

    /// A key: its JSON where it has a schema and is of it, else its bytes.
    pub fn key(&mut self, key: &[u8]) -> Readable {
        let mut text = Vec::new();
        let read = self.key.as_mut().map(|writer| json(writer, self.framing, key, &mut text));
        match (read, serde_json::from_slice(&text)) {
            (Some(Ok(())), Ok(json)) => Readable::Json(json),
            _ => Readable::Bytes(key.to_vec()),
        }
    }
}

fn json(writer: &mut Writer, framed: Framing, value: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let avro = match framed {
        Framing::None => value,
        Framing::Confluent => framing::split(value).map_err(|error| error.to_string())?.1,
    };
    writer.write(avro, out).map_err(|error| error.to_string())
}

fn takes_null(schema: &Schema) -> bool {
    let is_null = |id| matches!(schema.kind(id), Kind::Null);
    match schema.kind(schema.root()) {
        Kind::Null => true,
        Kind::Union(branches) => branches.iter().any(|branch| is_null(*branch)),
        _ => false,
    }
}
