//! Per assignment of a partition: which records are still open, and how far it is safe to commit.
//!
//! Pure: no clock, no I/O, no locks. The rule of the house: only the contiguous prefix of records that are done may be
//! committed, and the position is the offset after the last of them.

use std::collections::VecDeque;

/// Open and done records of one assignment, in the order in which they were polled.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: VecDeque<Entry>,
    /// Sequence of the first entry.
    first: u64,
    /// Entries that are not done.
    open: usize,
    position: Option<i64>,
}

#[derive(Debug)]
struct Entry {
    offset: i64,
    timestamp: i64,
    fate: Fate,
    /// Outputs not yet acknowledged; 0 is done.
    pending: u32,
}

/// Where a record is going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// To the sink's topic.
    Output,
    /// To the dead-letter topic.
    DeadLetter,
}

/// What one acknowledgement closed: what the record's entry knew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// The record's own timestamp in milliseconds since the epoch, or -1.
    pub timestamp: i64,
    /// Where it goes.
    pub fate: Fate,
    /// That was its last output: the record is done.
    pub done: bool,
}

impl Ledger {
    /// Enters a record as polled and answers its sequence. Offsets must ascend; gaps are fine.
    pub fn open(&mut self, offset: i64, timestamp: i64) -> u64 {
        let sequence = self.first + self.entries.len() as u64;
        self.entries.push_back(Entry { offset, timestamp, fate: Fate::Output, pending: 1 });
        self.open += 1;
        sequence
    }

    /// Notes that the record goes to the dead-letter topic.
    pub fn dead_letter(&mut self, sequence: u64) {
        if let Some(entry) = self.entry(sequence) {
            entry.fate = Fate::DeadLetter;
        }
    }

    /// Notes that the record has so many outputs, before the first of them is sent. One is what it has without this, and
    /// a record of none is closed instead.
    pub fn split(&mut self, sequence: u64, outputs: u32) {
        if let Some(entry) = self.entry(sequence).filter(|entry| entry.pending == 1) {
            entry.pending = outputs.max(1);
        }
    }

    /// One output of the record is acknowledged, or the record needs none.
    ///
    /// A sequence that is unknown or done already changes nothing: an acknowledgement must not count twice.
    pub fn close(&mut self, sequence: u64) -> Option<Closed> {
        let entry = self.entry(sequence)?;
        entry.pending = entry.pending.checked_sub(1)?;
        let closed = Closed { timestamp: entry.timestamp, fate: entry.fate, done: entry.pending == 0 };
        if !closed.done {
            return Some(closed);
        }
        self.open -= 1;
        while let Some(entry) = self.entries.front() {
            if entry.pending > 0 {
                break;
            }
            self.position = Some(entry.offset + 1);
            self.first += 1;
            self.entries.pop_front();
        }
        Some(closed)
    }

    /// The next offset to read after a restart: what may be committed. `None` before the first record is done.
    pub fn position(&self) -> Option<i64> {
        self.position
    }

    /// Records that lie before the position.
    pub fn finished(&self) -> u64 {
        self.first
    }

    /// Records that are not done.
    pub fn open_count(&self) -> usize {
        self.open
    }

    /// Whether a record is done behind one that is not: the position does not tell all that happened.
    pub fn has_gap(&self) -> bool {
        self.entries.len() > self.open
    }

    fn entry(&mut self, sequence: u64) -> Option<&mut Entry> {
        let index = usize::try_from(sequence.checked_sub(self.first)?).ok()?;
        self.entries.get_mut(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_contiguous_prefix_is_safe() {
        let mut ledger = Ledger::default();
        let sequences: Vec<u64> = [10, 11, 15].into_iter().map(|offset| ledger.open(offset, -1)).collect();
        assert_eq!(ledger.position(), None);
        ledger.close(sequences[1]);
        assert_eq!((ledger.position(), ledger.has_gap()), (None, true));
        ledger.close(sequences[0]);
        assert!(!ledger.has_gap());
        assert_eq!(ledger.position(), Some(12));
        ledger.close(sequences[2]);
        assert_eq!((ledger.position(), ledger.open_count()), (Some(16), 0));
    }

    #[test]
    fn an_acknowledgement_counts_once() {
        let mut ledger = Ledger::default();
        let first = ledger.open(0, -1);
        let second = ledger.open(1, 7);
        ledger.dead_letter(second);
        assert_eq!(ledger.close(second), Some(Closed { timestamp: 7, fate: Fate::DeadLetter, done: true }));
        assert_eq!(ledger.close(second), None);
        assert_eq!((ledger.position(), ledger.open_count()), (None, 1));
        ledger.close(first);
        assert_eq!(ledger.close(first), None);
        assert_eq!(ledger.close(99), None);
        assert_eq!(ledger.position(), Some(2));
    }

    #[test]
    fn a_record_is_done_with_its_last_output() {
        let mut ledger = Ledger::default();
        let first = ledger.open(0, -1);
        ledger.split(first, 3);
        for done in [false, false, true] {
            assert_eq!(ledger.position(), None);
            assert_eq!(ledger.close(first).map(|closed| closed.done), Some(done));
        }
        assert_eq!(ledger.close(first), None);
        ledger.split(first, 5);
        assert_eq!((ledger.position(), ledger.open_count()), (Some(1), 0));
    }

    proptest! {
        /// The position is always the offset after the longest prefix of closed records, whatever the order of closing.
        #[test]
        fn position_follows_the_model(gaps in proptest::collection::vec(1i64..5, 1..60), order: u64) {
            let mut ledger = Ledger::default();
            let offsets: Vec<i64> = gaps.iter().scan(100, |at, gap| { *at += gap; Some(*at) }).collect();
            let sequences: Vec<u64> = offsets.iter().map(|offset| ledger.open(*offset, -1)).collect();
            let mut left: Vec<usize> = (0..offsets.len()).collect();
            let mut closed = vec![false; offsets.len()];
            let mut state = order;
            while !left.is_empty() {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let index = left.swap_remove((state >> 33) as usize % left.len());
                closed[index] = true;
                ledger.close(sequences[index]);
                let prefix = closed.iter().take_while(|done| **done).count();
                let expected = prefix.checked_sub(1).map(|last| offsets[last] + 1);
                prop_assert_eq!(ledger.position(), expected);
                prop_assert_eq!(ledger.open_count(), left.len());
            }
        }
    }
}
