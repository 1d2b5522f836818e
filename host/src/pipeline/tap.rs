//! A look at what becomes of each record of a pipeline that runs, for people who watch it.

use std::fmt;
use std::sync::Arc;

use super::flow::{Item, Stop};
use super::judge::Leaving;
use super::offline::Outcome;
use super::stages::{Stages, Whence};

/// Someone who looks on. Called on the workers' threads, so what takes long holds up the records.
pub trait Watcher: Send + Sync {
    /// Whether to be told of the next record; one that is not wanted costs next to nothing.
    fn wants(&self) -> bool;

    /// What became of a record, as soon as its outputs are handed to the producer.
    fn see(&self, seen: Seen<'_>);
}

/// A record and what became of it.
#[derive(Debug)]
pub struct Seen<'a> {
    /// Topic, partition and offset.
    pub at: String,
    /// Its key; `None`: no key.
    pub key: Option<&'a [u8]>,
    /// Its value as it lies on the topic; `None`: a tombstone.
    pub value: Option<&'a [u8]>,
    /// What became of it.
    pub outcome: Outcome,
}

/// A [`Watcher`] that a pipeline can carry.
#[derive(Clone)]
pub struct Tap(Arc<dyn Watcher>);

impl Tap {
    /// For this watcher.
    pub fn new(watcher: Arc<dyn Watcher>) -> Tap {
        Tap(watcher)
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

/// Tells of the records of one call.
pub(super) struct Teller<'a> {
    pub(super) tap: &'a Tap,
    pub(super) whence: &'a dyn Whence,
    pub(super) stages: &'a Stages,
    pub(super) leaving: &'a Leaving<'a>,
}

impl Teller<'_> {
    /// Tells of records that are done. `ready` has their outputs in order, each with the number of its topic.
    pub(super) fn tell<'n>(&self, items: &[Item], ready: &[(usize, usize)], topic: &dyn Fn(usize) -> &'n str) {
        let mut left = ready;
        for (index, item) in items.iter().enumerate() {
            let of_item = left.iter().take_while(|(unit, _)| self.leaving.come.units[*unit].item == index).count();
            let (own, rest) = left.split_at(of_item);
            left = rest;
            if !self.tap.0.wants() {
                continue;
            }
            let outputs = own.iter().map(|(unit, at)| self.leaving.sent(items, *unit, topic(*at)));
            self.see(
                item,
                match &item.rejection {
                    Some(rejection) => Outcome::Rejected(rejection.told(self.stages)),
                    None => Outcome::Outputs(outputs.collect()),
                },
            );
        }
    }

    /// Tells of the record at which nothing goes on.
    pub(super) fn tell_stop(&self, item: &Item, stop: &Stop) {
        if self.tap.0.wants() {
            self.see(item, Outcome::of_stop(stop));
        }
    }

    fn see(&self, item: &Item, outcome: Outcome) {
        let record = self.leaving.batch.get(item.index);
        self.tap.0.see(Seen { at: self.whence.place(&record), key: record.key(), value: record.value(), outcome });
    }
}
