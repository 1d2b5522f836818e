//! Which partitions this member has right now, and the slot of each.

use std::collections::HashMap;

use crate::kafka::TopicPartition;
use crate::record::Slot;

/// One partition that is assigned.
#[derive(Debug)]
struct Held {
    partition: TopicPartition,
    slot: Slot,
    /// The leader epoch of the last record; -1 before the first.
    epoch: i32,
    /// Nothing more is handed over: a record that cannot be read lies before the next one.
    blocked: bool,
}

/// The partitions of this member. Looked up for every run of records, changed only by rebalances.
#[derive(Debug, Default)]
pub(super) struct Assignment {
    held: Vec<Held>,
    /// From the client's topic key and the partition to the place in `held`. Keys are addresses that hold only
    /// while a topic is assigned, so every change empties this.
    places: HashMap<(usize, i32), usize>,
}

/// A place in the assignment; good until it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(usize);

impl Assignment {
    pub(super) fn add(&mut self, partition: TopicPartition, slot: Slot) {
        self.places.clear();
        self.held.retain(|held| held.partition != partition);
        self.held.push(Held { partition, slot, epoch: -1, blocked: false });
    }

    /// Removes these; answers those that were there, with their slots.
    pub(super) fn remove(&mut self, partitions: &[TopicPartition]) -> Vec<(TopicPartition, Slot)> {
        self.places.clear();
        let gone = self.held.extract_if(.., |held| partitions.contains(&held.partition));
        gone.map(|held| (held.partition, held.slot)).collect()
    }

    /// Where the records of this topic and partition belong; `name` is asked only when the key is new.
    pub(super) fn find(&mut self, key: usize, partition: i32, name: impl FnOnce() -> String) -> Option<Place> {
        if let Some(index) = self.places.get(&(key, partition)) {
            return Some(Place(*index));
        }
        let topic = name();
        let wanted = |held: &Held| held.partition.partition == partition && held.partition.topic == topic;
        let index = self.held.iter().position(wanted)?;
        self.places.insert((key, partition), index);
        Some(Place(index))
    }

    /// The slot, unless nothing may be handed over for it.
    pub(super) fn open_slot(&self, place: Place) -> Option<Slot> {
        self.held.get(place.0).filter(|held| !held.blocked).map(|held| held.slot)
    }

    /// The partition, if its leader epoch is another one than before.
    pub(super) fn epoch_changed(&mut self, place: Place, epoch: i32) -> Option<&TopicPartition> {
        let held = self.held.get_mut(place.0).filter(|held| held.epoch != epoch)?;
        held.epoch = epoch;
        Some(&held.partition)
    }

    /// Hands over nothing more of this partition until it is assigned anew.
    pub(super) fn block(&mut self, partition: &TopicPartition) {
        self.held.iter_mut().filter(|held| held.partition == *partition).for_each(|held| held.blocked = true);
    }

    /// The partitions of these slots; slots that are not held any more have none.
    pub(super) fn of_slots<'a>(&'a self, slots: &'a [Slot]) -> impl Iterator<Item = &'a TopicPartition> {
        self.held.iter().filter(|held| slots.contains(&held.slot)).map(|held| &held.partition)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&TopicPartition, Slot)> {
        self.held.iter().map(|held| (&held.partition, held.slot))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(number: i32) -> TopicPartition {
        TopicPartition::new("t", number)
    }

    #[test]
    fn records_find_their_slot_until_the_partition_goes() {
        let mut assignment = Assignment::default();
        assignment.add(partition(0), Slot(5));
        assignment.add(partition(1), Slot(6));
        let place = assignment.find(0x10, 1, || "t".to_owned()).expect("held");
        assert_eq!(assignment.open_slot(place), Some(Slot(6)));
        assert_eq!(assignment.find(0x10, 1, || unreachable!("the key is known")), Some(place));
        assert_eq!(assignment.find(0x20, 1, || "other".to_owned()), None);
        assert_eq!(assignment.remove(&[partition(1), partition(9)]), [(partition(1), Slot(6))]);
        assert_eq!(assignment.find(0x10, 1, || "t".to_owned()), None);
        assignment.add(partition(1), Slot(7));
        let place = assignment.find(0x10, 1, || "t".to_owned()).expect("held again");
        assert_eq!(assignment.open_slot(place), Some(Slot(7)), "a new assignment, a new slot");
    }

    #[test]
    fn a_blocked_partition_hands_over_nothing_until_assigned_anew() {
        let mut assignment = Assignment::default();
        assignment.add(partition(0), Slot(1));
        assignment.block(&partition(0));
        let place = assignment.find(1, 0, || "t".to_owned()).expect("held");
        assert_eq!(assignment.open_slot(place), None);
        assignment.add(partition(0), Slot(2));
        let place = assignment.find(1, 0, || "t".to_owned()).expect("held");
        assert_eq!(assignment.open_slot(place), Some(Slot(2)));
    }

    #[test]
    fn an_epoch_is_reported_when_it_changes() {
        let mut assignment = Assignment::default();
        assignment.add(partition(0), Slot(1));
        let place = assignment.find(1, 0, || "t".to_owned()).expect("held");
        assert_eq!(assignment.epoch_changed(place, 4), Some(&partition(0)));
        assert_eq!(assignment.epoch_changed(place, 4), None);
        assert_eq!(assignment.epoch_changed(place, 5), Some(&partition(0)));
    }
}
