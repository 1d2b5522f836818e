//! The partitions that this process owns, each with its ledger and its worker.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use crate::commit::ledger::{Done, Ledger};
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
    slots: RwLock<Vec<Option<Arc<Partition>>>>,
    workers: usize,
}

impl Partitions {
    pub(super) fn new(workers: usize) -> Self {
        Partitions { slots: RwLock::default(), workers: workers.max(1) }
    }

    /// Enters a new assignment and answers its slot, or `None` when all 65,536 slots still have records in flight.
    ///
    /// A slot is used again only when nothing of its earlier assignment can come back.
    pub(super) fn assign(&self, name: &TopicPartition) -> Option<Slot> {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let free = |place: &Option<Arc<Partition>>| {
            place.as_ref().is_none_or(|p| !p.is_active() && p.ledger().open_count() == 0)
        };
        let index = slots.iter().position(free).unwrap_or(slots.len());
        let slot = Slot(u16::try_from(index).ok()?);
        let worker = self.least_loaded(&slots);
        let (active, ledger) = (AtomicBool::new(true), Mutex::default());
        let partition = Some(Arc::new(Partition { name: name.clone(), slot, worker, active, ledger }));
        match slots.get_mut(index) {
            Some(place) => *place = partition,
            None => slots.push(partition),
        }
        Some(slot)
    }

    fn least_loaded(&self, slots: &[Option<Arc<Partition>>]) -> usize {
        let load = |worker: &usize| slots.iter().flatten().filter(|p| p.is_active() && p.worker == *worker).count();
        (0..self.workers).min_by_key(load).unwrap_or(0)
    }

    /// The assignment behind a slot.
    pub(super) fn get(&self, slot: Slot) -> Option<Arc<Partition>> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.get(usize::from(slot.0)).cloned().flatten()
    }

    /// Those that are ours.
    pub(super) fn active(&self) -> Vec<Arc<Partition>> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.iter().flatten().filter(|p| p.is_active()).cloned().collect()
    }

    /// Closes tickets, looking each slot up once for a run of them.
    pub(super) fn close(&self, tickets: impl Iterator<Item = Ticket>, mut done: impl FnMut(Done)) {
        let mut tickets = tickets.peekable();
        while let Some(first) = tickets.next() {
            let Some(partition) = self.get(first.slot()) else { continue };
            let mut ledger = partition.ledger();
            ledger.close(first.sequence()).into_iter().for_each(&mut done);
            while let Some(next) = tickets.next_if(|next| next.slot() == first.slot()) {
                ledger.close(next.sequence()).into_iter().for_each(&mut done);
            }
        }
    }

    /// Waits until no record of these is open; answers whether that came about in time.
    pub(super) fn wait_until_done(&self, partitions: &[Arc<Partition>], at_most: Duration) -> bool {
        const STEP: Duration = Duration::from_millis(2);
        let steps = at_most.as_millis() / STEP.as_millis();
        let done = || partitions.iter().all(|partition| partition.ledger().open_count() == 0);
        for _ in 0..steps {
            if done() {
                return true;
            }
            std::thread::sleep(STEP);
        }
        done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_reused_only_when_nothing_can_come_back() {
        let partitions = Partitions::new(2);
        let name = TopicPartition::new("t", 0);
        let first = partitions.assign(&name).unwrap();
        let partition = partitions.get(first).unwrap();
        let sequence = partition.ledger().open(5, -1);
        partition.retire();
        let second = partitions.assign(&name).unwrap();
        assert_ne!(first, second);
        partitions.close([Ticket::new(first, sequence)].into_iter(), |_| ());
        assert_eq!(partitions.assign(&TopicPartition::new("t", 1)), Some(first));
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
