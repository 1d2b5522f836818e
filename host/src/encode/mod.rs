//! The fourth step of a record's way: what the guest answered, in its own memory, becomes Avro bytes.

mod compile;
mod error;
mod plan;
mod run;

use std::ops::Range;

pub use compile::compile;
pub use error::{Breach, Broken};
pub use plan::{EncodePlan, FaultKind};
pub use run::{OutputLimits, Returned};

/// What a batch became: the values' bytes one after the other, and a verdict for each record. Reused between batches.
#[derive(Debug, Default)]
pub struct Outputs {
    /// Framed values, ready to be produced.
    pub bytes: Vec<u8>,
    /// One for each record given to the guest, by position.
    pub verdicts: Vec<Verdict>,
}

/// What became of one record.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// A value: where in the bytes.
    Value(Range<usize>),
    /// The guest says no, and why.
    Fault(FaultKind, String),
    /// The guest's answer cannot be a record of the output's schema, and why.
    Invalid(String),
}

impl Outputs {
    /// Empties both parts and keeps their memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.verdicts.clear();
    }
}
