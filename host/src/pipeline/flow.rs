//! What is under way in one call of a worker: the records, and the values that they have become so far.

use std::sync::Arc;

use super::failure::Failure;
use super::rejection::Rejection;
use crate::contract::shape::Role;
use crate::encode::{Outputs, Value};
use crate::record::{Envelope, Ticket};

/// One record under way.
#[derive(Debug)]
pub(super) struct Item {
    /// Which record of the batch.
    pub(super) index: usize,
    pub(super) ticket: Ticket,
    /// It has no output, and why.
    pub(super) rejection: Option<Box<Rejection>>,
    /// Nothing goes on at it, and why.
    pub(super) stop: Option<Box<Stop>>,
}

/// Why a record and all behind it do not go on.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stop {
    /// The pipeline ends.
    Fail(Failure),
    /// The guest asks to try it again.
    Again(Again),
}

/// What a guest said that asks to try again.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Again {
    pub(super) role: Role,
    /// Which of the stages' guests.
    pub(super) guest: usize,
    pub(super) why: String,
}

impl Item {
    pub(super) fn new(index: usize, ticket: Ticket) -> Item {
        Item { index, ticket, rejection: None, stop: None }
    }

    /// As it was before it was walked.
    pub(super) fn renew(&mut self) {
        (self.rejection, self.stop) = (None, None);
    }

    /// The first reason counts: what a record's other outputs say later is no news.
    pub(super) fn reject(&mut self, rejection: Rejection) {
        self.rejection.get_or_insert_with(|| Box::new(rejection));
    }

    /// Whether its values go on.
    pub(super) fn goes_on(&self) -> bool {
        self.rejection.is_none() && self.stop.is_none()
    }
}

/// One value under way. Values stand in the order of their records.
#[derive(Debug)]
pub(super) struct Unit {
    /// Which item it comes from.
    pub(super) item: usize,
    /// The item's row among the fields that go past the guests; `u32::MAX` for a record without a value.
    pub(super) row: u32,
    pub(super) value: Value,
    /// What guests have set around it.
    pub(super) envelope: Option<Arc<Envelope>>,
}

impl Unit {
    /// One more value of the same record, with what was set around this one.
    pub(super) fn becomes(&self, value: Value, envelope: Option<Box<Envelope>>) -> Unit {
        let envelope = match (envelope, &self.envelope) {
            (Some(new), Some(earlier)) => Some(Arc::new(new.after(earlier))),
            (Some(new), None) => Some(Arc::from(new)),
            (None, earlier) => earlier.clone(),
        };
        Unit { item: self.item, row: self.row, value, envelope }
    }

    /// Bytes of the value.
    pub(super) fn len(&self) -> usize {
        match &self.value {
            Value::Bytes(range) => range.len(),
            Value::Handle(_) | Value::Tombstone => 0,
        }
    }
}

/// Values and their bytes.
#[derive(Default)]
pub(super) struct Flow {
    pub(super) units: Vec<Unit>,
    pub(super) outputs: Outputs,
}

impl Flow {
    /// Empties it and keeps its memory.
    pub(super) fn clear(&mut self) {
        self.units.clear();
        self.outputs.clear();
    }

    /// Where it ends now.
    pub(super) fn mark(&self) -> Mark {
        Mark { units: self.units.len(), bytes: self.outputs.bytes.len() }
    }

    /// Takes back all that came since.
    pub(super) fn rewind(&mut self, mark: &Mark) {
        self.units.truncate(mark.units);
        self.outputs.bytes.truncate(mark.bytes);
        self.outputs.values.clear();
        self.outputs.verdicts.clear();
    }

    /// Whether the outputs of one walk have grown beyond what a worker holds at once.
    pub(super) fn is_full(&self) -> bool {
        self.units.len() > WALK_UNITS || self.outputs.bytes.len() > WALK_BYTES
    }
}

/// An end of a flow as it once was.
pub(super) struct Mark {
    units: usize,
    bytes: usize,
}

/// What a step may give in one walk: bytes, and values. The last call may pass it by its own limits. It keeps memory
/// bounded where guests fan out after one another, and places within 32 bits.
pub(super) const WALK_BYTES: usize = 256 << 20;
const WALK_UNITS: usize = 1 << 20;

/// Where the units of one call end.
pub(super) fn call_end(units: &[Unit], start: usize, records: usize, bytes: usize) -> usize {
    let mut sum = 0;
    let fits = |(at, unit): &(usize, &Unit)| {
        sum += unit.len();
        *at < records && (sum <= bytes || *at == 0)
    };
    start + units[start..].iter().enumerate().take_while(fits).count()
}
