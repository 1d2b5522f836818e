//! Where records come from, and what stands around their values.

use super::flow::{Item, Unit};
use super::stages::Whence;
use crate::decode::intake::Around;
use crate::kafka::TopicPartition;
use crate::record::{Batch, Headers, Record, Slot};

/// The records under way and where they come from.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) batch: &'a Batch,
    pub(super) whence: &'a dyn Whence,
}

impl Origin<'_> {
    /// Topic, partition and offset of an item, as people look for it.
    pub(super) fn place(&self, item: &Item) -> String {
        self.whence.place(&self.batch.get(item.index))
    }
}

/// For guests that do not look around.
pub(super) const NOTHING: Around<'static> = Around {
    key: None,
    headers: Headers::NONE,
    topic: "",
    partition: -1,
    offset: -1,
    timestamp: -1,
    log_append: false,
};

/// The partition of the record before: records of one come in long runs.
#[derive(Default)]
pub(super) struct Place(Option<(Slot, Option<TopicPartition>)>);

impl Place {
    /// What a guest may see around a unit of the record.
    pub(super) fn around<'a>(&'a mut self, whence: &dyn Whence, record: &Record<'a>, unit: &'a Unit) -> Around<'a> {
        let slot = record.slot();
        if self.0.as_ref().is_none_or(|(known, _)| *known != slot) {
            self.0 = Some((slot, whence.partition(slot)));
        }
        let name = self.0.as_ref().and_then(|(_, partition)| partition.as_ref());
        let set = unit.envelope.as_deref();
        let key = set.and_then(|set| set.key());
        let headers = set.and_then(|set| set.headers());
        Around {
            key: key.unwrap_or(record.key()),
            headers: headers.unwrap_or(record.headers()),
            topic: name.map_or("", |name| name.topic.as_str()),
            partition: name.map_or(-1, |name| name.partition),
            offset: record.offset(),
            timestamp: set.and_then(|set| set.timestamp()).unwrap_or(record.timestamp()),
            log_append: record.log_append(),
        }
    }
}
