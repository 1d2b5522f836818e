//! The pipeline's own way through its guests, without Kafka: what `millstream run` does with a record between the two
//! topics, step by step as `Prepared` has them.

use std::ops::Range;

use millstream::decode::Image;
use millstream::decode::intake::{Around as Given, Value as Taken};
use millstream::encode::{Output, Outputs, Value, Verdict};
use millstream::format::json::{Reader, WriteOptions, Writer};
use millstream::guest::{Call, Instance, Past};
use millstream::pipeline::{Prepared, Step};
use millstream::record::{Batch, Headers, Record};

use crate::contender::{Around, Contender, Failure, Sent};

/// Bytes that the image of a call may have.
const IMAGE: usize = 64 << 20;

/// One pipeline with an instance of each of its guests.
pub struct Lane {
    steps: Vec<Step>,
    instances: Vec<Instance>,
    image: Image,
    past: Past,
    units: Vec<Output>,
    outputs: Outputs,
    before: Outputs,
    json: Option<Json>,
}

/// The way from JSON and back to it.
struct Json {
    reader: Reader,
    writer: Writer,
    read: Vec<u8>,
    written: Vec<u8>,
    texts: Vec<Range<usize>>,
}

impl Lane {
    /// Brings up the guests.
    pub fn start(prepared: &Prepared) -> Result<Lane, Failure> {
        let start = |stage: &millstream::pipeline::PreparedStage| Instance::start(&stage.guest, &stage.allowance);
        let json = match (&prepared.reader, &prepared.output) {
            (Some(input), Some(output)) if prepared.reads_json => Some(Json {
                reader: Reader::new(input.clone()),
                writer: Writer::new(output.clone(), WriteOptions::default()),
                read: Vec::new(),
                written: Vec::new(),
                texts: Vec::new(),
            }),
            _ => None,
        };
        Ok(Lane {
            steps: prepared.steps.clone(),
            instances: prepared.stages.iter().map(start).collect::<Result<_, _>>()?,
            image: Image::default(),
            past: Past::default(),
            units: Vec::new(),
            outputs: Outputs::default(),
            before: Outputs::default(),
            json,
        })
    }

    /// Bytes of memory that the guests have.
    pub fn memory(&self) -> usize {
        self.instances.iter().map(Instance::memory).sum()
    }

    /// One step: what there is of each record goes in, and what comes out takes its place.
    fn step(&mut self, at: usize, source: &[u8], records: &Batch, first: usize) -> Result<(), Failure> {
        let Lane { steps, instances, image, past, units, outputs, .. } = self;
        let Step { stage, role, intake, plan } = &mut steps[at];
        image.begin(intake.stride(), units.len(), intake.carried(), IMAGE);
        past.rows.clear();
        for (index, unit) in units.iter().enumerate() {
            let value = match &unit.value {
                Value::Bytes(range) => Taken::Bytes(source.get(range.clone()).unwrap_or_default(), range.start as u32),
                Value::Handle(handle) => Taken::Handle(*handle),
                Value::Tombstone => Taken::Tombstone,
            };
            let around = match intake.looks_around() {
                true => given(&records.get(first + index)),
                false => NOTHING,
            };
            intake.take(image, value, &around).map_err(|unfit| unfit.to_string())?;
        }
        if at == 0 {
            image.swap_carried(&mut past.carried);
        }
        let count = units.len();
        instances[*stage].call(Call { role: *role, source, image, intake, plan, past }, outputs)?;
        if let Some(other) = outputs.verdicts.iter().find(|verdict| **verdict != Verdict::Outputs(1)) {
            return Err(format!("a record has not one output but {other:?}").into());
        }
        units.clear();
        units.append(&mut outputs.values);
        if units.len() == count { Ok(()) } else { Err("records are missing".into()) }
    }
}

/// For guests that do not look around.
const NOTHING: Given<'static> =
    Given { key: None, headers: Headers::NONE, topic: "", partition: -1, offset: -1, timestamp: -1, log_append: false };

fn given<'a>(record: &Record<'a>) -> Given<'a> {
    Given {
        key: record.key(),
        headers: record.headers(),
        topic: "payments",
        partition: 3,
        offset: record.offset(),
        timestamp: record.timestamp(),
        log_append: record.log_append(),
    }
}

impl Contender for Lane {
    fn batch(&mut self, records: &Batch, range: Range<usize>) -> Result<(), Failure> {
        let first = range.start;
        self.units.clear();
        let mut json = self.json.take();
        for index in range {
            let record = records.get(index);
            let value = record.value().ok_or("a record without a value")?;
            let start = record.value_start() as usize;
            self.units.push(Output { value: Value::Bytes(start..start + value.len()), envelope: None });
        }
        if let Some(Json { reader, read, .. }) = &mut json {
            read.clear();
            for (index, unit) in self.units.iter_mut().enumerate() {
                let start = read.len();
                reader.read(records.get(first + index).value().unwrap_or_default(), read)?;
                unit.value = Value::Bytes(start..read.len());
            }
        }
        for at in 0..self.steps.len() {
            std::mem::swap(&mut self.outputs, &mut self.before);
            self.outputs.clear();
            let before = std::mem::take(&mut self.before);
            let source = match (at, &json) {
                (0, Some(json)) => &json.read,
                (0, None) => records.bytes(),
                _ => &before.bytes,
            };
            let done = self.step(at, source, records, first);
            self.before = before;
            done?;
        }
        for instance in &mut self.instances {
            instance.release()?;
        }
        if let Some(Json { writer, written, texts, .. }) = &mut json {
            written.clear();
            texts.clear();
            for unit in &self.units {
                let Value::Bytes(range) = &unit.value else { return Err("no bytes come out".into()) };
                let start = written.len();
                writer.write(&self.outputs.bytes[range.clone()], written)?;
                texts.push(start..written.len());
            }
        }
        self.json = json;
        Ok(())
    }

    fn sent(&self, at: usize) -> Option<Sent> {
        let unit = self.units.get(at)?;
        let value = match (&self.json, &unit.value) {
            (Some(json), _) => json.written.get(json.texts.get(at)?.clone()),
            (None, Value::Bytes(range)) => self.outputs.bytes.get(range.clone()),
            (None, Value::Handle(_) | Value::Tombstone) => None,
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let around = unit.envelope.as_deref().map(|envelope| Around {
            key: envelope.key().flatten().map_or_else(String::new, text),
            headers: envelope.headers().map_or_else(Vec::new, |headers| {
                headers.map(|(name, value)| (text(name), value.map(<[u8]>::to_vec))).collect()
            }),
            topic: envelope.topic().map(str::to_owned),
            timestamp: envelope.timestamp().unwrap_or(-1),
        });
        Some(Sent { value: value?.to_vec(), around })
    }
}
