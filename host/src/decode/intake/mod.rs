//! What a function takes for one record: its value, and what the guest's type names of what stands around it.

mod compile;
mod headers;
mod key;

use std::fmt;

use super::cursor::Cursor;
use super::error::Failure;
use super::framing;
use super::image::Image;
use super::plan::DecodePlan;
use super::writers::{NoPlan, Writers};
use crate::contract::header::HeaderShape;
use crate::contract::shape::Part;
use crate::record::Headers;

pub use compile::{KeySchema, compile};
use key::KeyPlan;

/// Why a record without the part cannot be given.
const NONE: &str = "there is none; in an `option` such records could be taken";

/// How a function's argument is made for each record.
#[derive(Debug, Clone)]
pub struct Intake {
    stride: usize,
    align: usize,
    value: ValuePlan,
    value_at: usize,
    /// Where the payload stands in the `option` whose none is a tombstone.
    tombstone: Option<usize>,
    parts: Vec<PartPlan>,
}

/// How the value itself is made.
#[derive(Debug, Clone)]
pub enum ValuePlan {
    /// Avro bytes, by the schema that they were written with.
    Avro(Writers),
    /// The same plan for each value.
    Plan(DecodePlan),
    /// As above, behind the framing of a schema id, which is not looked at.
    Framed(DecodePlan),
    /// A handle to a value that stays in the guest.
    Handle,
}

#[derive(Debug, Clone)]
struct PartPlan {
    part: Part,
    at: usize,
    /// It is in an `option`: where the payload stands.
    option: Option<usize>,
    how: How,
}

#[derive(Debug, Clone)]
enum How {
    Key(Box<KeyPlan>),
    Headers(HeaderShape),
    Topic,
    /// An integer of so many bytes.
    Integer {
        size: u8,
        signed: bool,
    },
    /// The guest's cases for a producer's time and a broker's, and the bytes of the discriminant.
    Case([u32; 2], u8),
}

/// A value on its way into a function.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// Its bytes, and where they start in the call's source.
    Bytes(&'a [u8], u32),
    /// One that the guest keeps itself, by the instance's number for it.
    Handle(u32),
    /// None: the record was deleted.
    Tombstone,
}

/// What stands around a value.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// `None`: no key.
    pub key: Option<&'a [u8]>,
    /// In order.
    pub headers: Headers<'a>,
    /// Where the record was read.
    pub topic: &'a str,
    /// Where the record was read.
    pub partition: i32,
    /// Where the record was read.
    pub offset: i64,
    /// Milliseconds since the epoch, or -1.
    pub timestamp: i64,
    /// The broker gave the timestamp.
    pub log_append: bool,
}

/// Why a record cannot be given to the function.
#[derive(Debug, Clone, PartialEq)]
pub enum Unfit {
    /// The value has no plan.
    NoPlan(NoPlan),
    /// The value is not what its plan reads.
    Value(Failure),
    /// The record has no value, and the function takes none such.
    Tombstone,
    /// The part is not of the guest's type, and why.
    Part(Part, String),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPlan(why) => write!(f, "{why}"),
            Self::Value(why) => write!(f, "{why}"),
            Self::Tombstone => f.write_str("the record has no value (a tombstone)"),
            Self::Part(part, why) => write!(f, "the record's {}: {why}", part.as_str()),
        }
    }
}

impl Intake {
    /// Bytes from record to record in the guest's list.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Their alignment.
    pub fn align(&self) -> usize {
        self.align
    }

    /// Where the handle stands in a record, where the value is one.
    pub fn handle_at(&self) -> Option<usize> {
        matches!(self.value, ValuePlan::Handle).then(|| self.value_at + self.tombstone.unwrap_or(0))
    }

    /// Whether values are Avro, read by their writer's schema.
    pub fn reads_avro(&self) -> bool {
        matches!(self.value, ValuePlan::Avro(_))
    }

    /// Whether the guest's type names anything but the value.
    pub fn looks_around(&self) -> bool {
        !self.parts.is_empty()
    }

    /// Whether fields of a record can go past the guest.
    pub fn carries(&self) -> bool {
        self.carried() > 0
    }

    /// How many fields of each record go past the guest.
    pub fn carried(&self) -> usize {
        match &self.value {
            ValuePlan::Avro(writers) => writers.carried(),
            _ => 0,
        }
    }

    /// Adds a record to the image. On failure the image is as before.
    pub fn take(&mut self, image: &mut Image, value: Value<'_>, around: &Around<'_>) -> Result<(), Unfit> {
        let Intake { value: plan, value_at, tombstone, parts, .. } = self;
        let (value_at, tombstone) = (*value_at, *tombstone);
        image.add(|image, at| {
            match (value, tombstone) {
                (Value::Tombstone, None) => return Err(Unfit::Tombstone),
                (Value::Tombstone, Some(_)) => image.put(at + value_at, [0]),
                (value, None) => plan.put(value, image, at + value_at)?,
                (value, Some(payload)) => {
                    image.put(at + value_at, [1]);
                    plan.put(value, image, at + value_at + payload)?;
                }
            }
            parts.iter_mut().try_for_each(|part| part.put(around, image, at))
        })
    }
}

impl ValuePlan {
    #[inline]
    fn put(&mut self, value: Value<'_>, image: &mut Image, at: usize) -> Result<(), Unfit> {
        match (self, value) {
            (ValuePlan::Avro(writers), Value::Bytes(bytes, base)) => {
                let (plan, framing) = writers.plan(bytes).map_err(Unfit::NoPlan)?;
                let cursor = Cursor::new(bytes.get(framing..).unwrap_or_default(), base + framing as u32);
                plan.put(cursor, image, at).map_err(Unfit::Value)
            }
            (ValuePlan::Plan(plan), Value::Bytes(bytes, base)) => {
                plan.put(Cursor::new(bytes, base), image, at).map_err(Unfit::Value)
            }
            (ValuePlan::Framed(plan), Value::Bytes(bytes, base)) => {
                let (_, bytes) = framing::split(bytes).map_err(|error| Unfit::NoPlan(NoPlan::Framing(error)))?;
                plan.put(Cursor::new(bytes, base + framing::PREFIX as u32), image, at).map_err(Unfit::Value)
            }
            (ValuePlan::Handle, Value::Handle(handle)) => {
                image.put_handle(handle);
                Ok(())
            }
            // Steps are wired at load so that this cannot be: a value's form follows from its plan.
            _ => Err(Unfit::Tombstone),
        }
    }
}

impl PartPlan {
    fn put(&mut self, around: &Around<'_>, image: &mut Image, at: usize) -> Result<(), Unfit> {
        let at = at + self.at;
        let part = self.part;
        let there = match part {
            Part::Key => around.key.is_some(),
            Part::Timestamp => around.timestamp >= 0,
            _ => true,
        };
        let at = match self.option {
            Some(_) if !there => {
                image.put(at, [0]);
                return Ok(());
            }
            Some(payload) => {
                image.put(at, [1]);
                at + payload
            }
            None => at,
        };
        let done = match &mut self.how {
            How::Key(plan) => plan.put(around.key, image, at),
            How::Headers(shape) => headers::put(shape, around.headers, image, at),
            How::Topic => image.put_copy(at, around.topic.as_bytes()),
            How::Integer { signed: false, .. } if !there => Err(NONE.to_owned()),
            How::Integer { size, .. } => {
                let value = match part {
                    Part::Partition => i64::from(around.partition),
                    Part::Offset => around.offset,
                    _ => around.timestamp,
                };
                image.put_slice(at, &value.to_le_bytes()[..usize::from(*size)]);
                Ok(())
            }
            How::Case(cases, size) => {
                image.put_discriminant(at, *size, cases[usize::from(around.log_append)]);
                Ok(())
            }
        };
        done.map_err(|why| Unfit::Part(part, why))
    }
}
