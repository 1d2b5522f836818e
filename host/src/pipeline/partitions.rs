//! The partitions that this process owns, each with its ledger and its worker.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use super::stages::Whence;
use crate::commit::ledger::{Closed, Ledger};
use crate::kafka::TopicPartition;
use crate::record::{Slot, Ticket};

/// One assignment of one partition.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) name: TopicPartition,
    pub(super) slot: Slot,
    /// Which worker has it, for as long as the assignment lasts: that is what keeps its order.
    pub(super) worker: usize,
    active: AtomicBool,
    /// It has another owner: nothing more may be sent for it.
    fenced: AtomicBool,
    ledger: Mutex<Ledger>,
}

impl Partition {
    /// Whether it is still ours. Records of one that is not are dropped: their new owner will see them.
    pub(super) fn is_active(&self) -> bool {
        self.active.load(Ordering::Acquire)
    }

    /// It is ours no more. Under the ledger's lock, so that no record can be opened afterwards that whoever waits for
    /// the open ones would miss.
    pub(super) fn retire(&self) {
        let _ledger = self.ledger();
        self.active.store(false, Ordering::Release);
    }

    /// It may have another owner by now: what is still under way for it must not be sent any more.
    pub(super) fn fence(&self) {
        self.fenced.store(true, Ordering::Release);
    }

    /// Whether nothing more may be sent for it.
    pub(super) fn is_fenced(&self) -> bool {
        self.fenced.load(Ordering::Acquire)
    }

    /// The ledger, for opening records; `None` when the partition has left.
    pub(super) fn open_ledger(&self) -> Option<MutexGuard<'_, Ledger>> {
        let ledger = self.ledger();
        self.is_active().then_some(ledger)
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All assignments, by slot.
#[derive(Debug)]
pub(super) struct Partitions {
    slots: RwLock<Slots>,
    workers: usize,
}

#[derive(Debug, Default)]
struct Slots {
    held: HashMap<Slot, Arc<Partition>>,
    next: u16,
}

impl Partitions {
    pub(super) fn new(workers: usize) -> Self {
        Partitions { slots: RwLock::default(), workers: workers.max(1) }
    }

    /// Enters a new assignment and answers its slot, or `None` when all 65,536 slots still have records in flight.
    ///
    /// Slots go round: one is used again only after all others, so that a record of its earlier assignment that still
    /// waits for a worker finds nobody, and not somebody else.
    pub(super) fn assign(&self, name: &TopicPartition) -> Option<Slot> {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.held.retain(|_, partition| partition.is_active() || partition.ledger().open_count() > 0);
        let worker = self.least_loaded(&slots);
        let slot =
            (0..=u16::MAX).map(|step| Slot(slots.next.wrapping_add(step))).find(|s| !slots.held.contains_key(s))?;
        slots.next = slot.0.wrapping_add(1);
        let partition = Partition {
            name: name.clone(),
            slot,
            worker,
            active: AtomicBool::new(true),
            fenced: AtomicBool::new(false),
            ledger: Mutex::default(),
        };
        slots.held.insert(slot, Arc::new(partition));
        Some(slot)
    }

    fn least_loaded(&self, slots: &Slots) -> usize {
        let load = |worker: &usize| slots.held.values().filter(|p| p.is_active() && p.worker == *worker).count();
        (0..self.workers).min_by_key(load).unwrap_or(0)
    }

    /// The assignment behind a slot.
    pub(super) fn get(&self, slot: Slot) -> Option<Arc<Partition>> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.held.get(&slot).cloned()
    }

    /// Those that are ours.
    pub(super) fn active(&self) -> Vec<Arc<Partition>> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.held.values().filter(|p| p.is_active()).cloned().collect()
    }

    /// Those for which records may still be sent: ours, and those on their way out.
    pub(super) fn unfenced(&self) -> Vec<Arc<Partition>> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.held.values().filter(|p| !p.is_fenced()).cloned().collect()
    }

    /// Closes tickets, looking each slot up once for a run of them.
    pub(super) fn close(&self, tickets: impl Iterator<Item = Ticket>, mut closed: impl FnMut(Closed)) {
        let mut tickets = tickets.peekable();
        while let Some(first) = tickets.next() {
            let Some(partition) = self.get(first.slot()) else { continue };
            let mut ledger = partition.ledger();
            ledger.close(first.sequence()).into_iter().for_each(&mut closed);
            while let Some(next) = tickets.next_if(|next| next.slot() == first.slot()) {
                ledger.close(next.sequence()).into_iter().for_each(&mut closed);
            }
        }
    }

    /// Waits until no record of these is open; answers whether that came about in time. There is nothing to wait for
    /// once `hopeless` says so.
    pub(super) fn wait_until_done(
        &self,
        partitions: &[Arc<Partition>],
        at_most: Duration,
        hopeless: impl Fn() -> bool,
    ) -> bool {
        const STEP: Duration = Duration::from_millis(2);
        let steps = at_most.as_millis() / STEP.as_millis();
        let done = || partitions.iter().all(|partition| partition.ledger().open_count() == 0);
        for _ in 0..steps {
            if done() {
                return true;
            }
            if hopeless() {
                return false;
            }
            std::thread::sleep(STEP);
        }
        done()
    }
}

impl Whence for Partitions {
    fn partition(&self, slot: Slot) -> Option<TopicPartition> {
        self.get(slot).map(|partition| partition.name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_used_again_only_after_all_others() {
        let partitions = Partitions::new(2);
        let name = TopicPartition::new("t", 0);
        let first = partitions.assign(&name).unwrap();
        partitions.get(first).unwrap().retire();
        for _ in 0..u16::MAX {
            let slot = partitions.assign(&name).unwrap();
            assert_ne!(slot, first, "a record that waits for a worker would find another partition");
            partitions.get(slot).unwrap().retire();
        }
        assert!(partitions.get(first).is_none());
        assert_eq!(partitions.assign(&name), Some(first));
    }

    #[test]
    fn a_slot_with_records_in_flight_is_passed_over() {
        let partitions = Partitions::new(1);
        let name = TopicPartition::new("t", 0);
        let first = partitions.assign(&name).unwrap();
        let partition = partitions.get(first).unwrap();
        let sequence = partition.ledger().open(5, -1);
        partition.retire();
        for _ in 0..=u16::MAX {
            let slot = partitions.assign(&name).unwrap();
            assert_ne!(slot, first);
            partitions.get(slot).unwrap().retire();
        }
        partitions.close([Ticket::new(first, sequence)].into_iter(), |_| ());
        assert_eq!(partition.ledger().open_count(), 0);
    }

    #[test]
    fn a_partition_that_left_opens_no_record() {
        let partitions = Partitions::new(1);
        let partition = partitions.get(partitions.assign(&TopicPartition::new("t", 0)).unwrap()).unwrap();
        assert!(partition.open_ledger().is_some());
        partition.retire();
        assert!(partition.open_ledger().is_none());
    }

    #[test]
    fn partitions_are_spread_over_workers() {
        let partitions = Partitions::new(2);
        let workers: Vec<usize> = (0..4)
            .map(|n| partitions.get(partitions.assign(&TopicPartition::new("t", n)).unwrap()).unwrap().worker)
            .collect();
        assert_eq!(workers, [0, 1, 0, 1]);
    }
}
