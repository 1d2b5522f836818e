//! The fourth step of a record's way: what the guest answered, in its own memory, becomes Avro bytes, or the bytes that
//! the next function takes.

mod answer;
mod compile;
mod error;
mod generic;
mod plan;
pub mod relay;
mod run;

use std::ops::Range;

use crate::record::Envelope;

pub use answer::{EncodePlan, FaultKind, KeyTarget, OutputLimits, Returned, Rows, Target, compile, compile_answer};
pub use error::{Breach, Broken};

/// What a batch became: values one after the other, and a verdict for each record. Reused between batches.
#[derive(Debug, Default)]
pub struct Outputs {
    /// The values' bytes: framed and ready to be produced, or ready for the next function.
    pub bytes: Vec<u8>,
    /// The outputs of all records, in order.
    pub values: Vec<Output>,
    /// One for each record given to the guest, by position.
    pub verdicts: Vec<Verdict>,
    /// Handles that the guest gave, as it numbers them; the call replaces them by its own numbers.
    pub(crate) handles: Vec<u32>,
    /// The instance's number for the first of them.
    pub(crate) first_handle: u32,
}

/// One output of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// The value.
    pub value: Value,
    /// What the guest set around it, if its type says anything of that.
    pub envelope: Option<Box<Envelope>>,
}

/// An output's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Where in the bytes.
    Bytes(Range<usize>),
    /// It stays in the guest; the instance's number for it.
    Handle(u32),
    /// None: the record of this key is deleted.
    Tombstone,
}

/// What became of one record.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It has so many outputs; none where the guest dropped it.
    Outputs(u32),
    /// The guest says no, and why.
    Fault(FaultKind, String),
    /// The guest's answer cannot be a record of the output's schema, and why.
    Invalid(String),
}

impl Outputs {
    /// Empties all parts and keeps their memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.values.clear();
        self.verdicts.clear();
        self.handles.clear();
    }

    /// The bytes of an output that has some.
    pub fn value(&self, output: usize) -> Option<&[u8]> {
        match &self.values.get(output)?.value {
            Value::Bytes(range) => self.bytes.get(range.clone()),
            Value::Handle(_) | Value::Tombstone => None,
        }
    }
}
