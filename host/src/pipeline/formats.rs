//! Values that are not Avro on their topics: JSON text becomes Avro bytes before the first step and again after the last.

use std::ops::Range;

use super::flow::{Item, WALK_BYTES};
use super::rejection::Rejection;
use super::stages::Stages;
use super::way::Come;
use crate::encode::{Outputs, Value};
use crate::format::json::{Reader, Writer};
use crate::record::{Batch, Record};

const TOO_MUCH: &str = "the values of this record and those before it are more than a worker holds at once; \
                        lower `limits.records`";

/// One worker's ways from and to JSON, where the pipeline needs them.
pub(super) struct Formats {
    reader: Option<Reader>,
    writer: Option<Writer>,
    /// The values of a call as Avro.
    read: Vec<u8>,
    /// Its outputs as JSON, and for each output its text.
    written: Vec<u8>,
    texts: Vec<Option<Range<usize>>>,
    values: Vec<(usize, Value)>,
}

impl Formats {
    pub(super) fn new(stages: &Stages) -> Formats {
        Formats {
            reader: stages.json_source.clone().map(|schema| Reader::new(schema).at_most(stages.record_limit)),
            writer: stages
                .json_sink
                .clone()
                .map(|(schema, options)| Writer::new(schema, options).at_most(stages.record_limit)),
            read: Vec::new(),
            written: Vec::new(),
            texts: Vec::new(),
            values: Vec::new(),
        }
    }

    /// The records' values, and the bytes that they are in. A value that cannot be read rejects its record.
    pub(super) fn read<'s>(
        &'s mut self,
        batch: &'s Batch,
        items: &mut [Item],
    ) -> (&'s [u8], impl Iterator<Item = (usize, Value)> + use<'s>) {
        self.values.clear();
        self.read.clear();
        for (at, item) in items.iter_mut().enumerate() {
            let record = batch.get(item.index);
            let value = match (&mut self.reader, record.value()) {
                (_, None) => Value::Tombstone,
                (None, Some(_)) => Value::Bytes(range(&record)),
                (Some(_), Some(_)) if self.read.len() > WALK_BYTES => {
                    item.reject(Rejection::decode(TOO_MUCH.to_owned()));
                    continue;
                }
                (Some(reader), Some(text)) => {
                    let start = self.read.len();
                    match reader.read(text, &mut self.read) {
                        Ok(()) => Value::Bytes(start..self.read.len()),
                        Err(error) => {
                            item.reject(Rejection::decode(error.to_string()));
                            continue;
                        }
                    }
                }
            };
            self.values.push((at, value));
        }
        let source = if self.reader.is_some() { &self.read } else { batch.bytes() };
        (source, self.values.drain(..))
    }

    /// Writes what came out as JSON, where that is the sink's format.
    pub(super) fn write(&mut self, come: &Come<'_>, items: &mut [Item]) {
        let Some(writer) = &mut self.writer else { return };
        self.written.clear();
        self.texts.clear();
        for unit in come.units {
            if !items[unit.item].goes_on() {
                self.texts.push(None);
                continue;
            }
            if self.written.len() > WALK_BYTES {
                items[unit.item].reject(Rejection::encode(None, TOO_MUCH.to_owned()));
            }
            let start = self.written.len();
            let bytes = match &unit.value {
                Value::Bytes(range) => come.outputs.bytes.get(range.clone()),
                Value::Handle(_) | Value::Tombstone => None,
            };
            let done = bytes.map(|bytes| writer.write(bytes, &mut self.written));
            self.texts.push(bytes.map(|_| start..self.written.len()));
            if let Some(Err(error)) = done {
                items[unit.item].reject(Rejection::encode(None, error.to_string()));
            }
        }
    }

    /// The bytes of the output `unit`, as they leave.
    pub(super) fn value<'a>(&'a self, outputs: &'a Outputs, unit: usize, value: &Value) -> Option<&'a [u8]> {
        match (&self.writer, value) {
            (Some(_), _) => self.written.get(self.texts.get(unit)?.clone()?),
            (None, Value::Bytes(range)) => outputs.bytes.get(range.clone()),
            (None, Value::Handle(_) | Value::Tombstone) => None,
        }
    }
}

fn range(record: &Record<'_>) -> Range<usize> {
    let start = record.value_start() as usize;
    start..start + record.value().map_or(0, <[u8]>::len)
}
