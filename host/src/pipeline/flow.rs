//! What is under way in one call of a worker: the records, and the values that they have become so far.

use super::failure::Failure;
use super::rejection::Rejection;
use crate::encode::Value;
use crate::record::{Envelope, Ticket};

/// One record under way.
#[derive(Debug)]
pub(super) struct Item {
    /// Which record of the batch.
    pub(super) index: usize,
    pub(super) ticket: Ticket,
    /// It has no output, and why.
    pub(super) rejection: Option<Box<Rejection>>,
    /// The pipeline stops before it, and why.
    pub(super) stop: Option<Box<Failure>>,
}

impl Item {
    pub(super) fn new(index: usize, ticket: Ticket) -> Item {
        Item { index, ticket, rejection: None, stop: None }
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
    /// The item's row among the fields that go past the guests.
    pub(super) row: u32,
    pub(super) value: Value,
    /// What guests have set around it.
    pub(super) envelope: Option<Box<Envelope>>,
}

impl Unit {
    /// One more value of the same record, with what was set around this one.
    pub(super) fn becomes(&self, value: Value, envelope: Option<Box<Envelope>>) -> Unit {
        let envelope = match (envelope, &self.envelope) {
            (Some(mut new), Some(earlier)) => {
                new.inherit(earlier);
                Some(new)
            }
            (None, earlier) => earlier.clone(),
            (new, None) => new,
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
