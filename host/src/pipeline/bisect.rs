//! Looks for the records that a call fails for: a part that fails is halved until the bad record stands alone.
//! Knows nothing of guests or records; the walk calls it with positions.

use std::ops::Range;

/// What is still to be called with, in order.
#[derive(Debug)]
pub(super) struct Bisect {
    /// The next part stands last.
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    range: Range<usize>,
    blame: Blame,
}

/// What is known of a part before it is called with.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Blame {
    /// Nothing.
    Open,
    /// It is the second half of one that failed: if the first half passes, it will fail.
    Half,
    /// It will fail as a whole: halving it saves a call, and often a time-out.
    Sure,
}

impl Bisect {
    /// Begins with a whole call.
    pub(super) fn new(whole: Range<usize>) -> Bisect {
        Bisect { parts: vec![Part { range: whole, blame: Blame::Open }] }
    }

    /// What to call with next. Units for which `together` holds with the one before belong to one record, and are never
    /// parted.
    pub(super) fn next(&mut self, together: impl Fn(usize) -> bool) -> Option<Range<usize>> {
        loop {
            let Part { range, blame } = self.parts.pop()?;
            if blame != Blame::Sure || !self.halve(&range, &together) {
                return Some(range);
            }
        }
    }

    /// The part that [`Bisect::next`] gave has passed.
    pub(super) fn passed(&mut self) {
        if let Some(next) = self.parts.last_mut().filter(|next| next.blame == Blame::Half) {
            next.blame = Blame::Sure;
        }
    }

    /// The part that [`Bisect::next`] gave has failed. Whether it is one record, and so the bad one.
    pub(super) fn failed(&mut self, range: &Range<usize>, together: impl Fn(usize) -> bool) -> bool {
        if let Some(next) = self.parts.last_mut().filter(|next| next.blame == Blame::Half) {
            // The first half is to blame; of the second, nothing is known.
            next.blame = Blame::Open;
        }
        !self.halve(range, &together)
    }

    /// Puts both halves back, unless there is one record only.
    fn halve(&mut self, range: &Range<usize>, together: &impl Fn(usize) -> bool) -> bool {
        let middle = range.start + range.len() / 2;
        let starts = |at: &usize| !together(*at);
        let after = (middle.max(range.start + 1)..range.end).find(starts);
        let Some(cut) = after.or_else(|| (range.start + 1..middle).rev().find(starts)) else { return false };
        self.parts.push(Part { range: cut..range.end, blame: Blame::Half });
        self.parts.push(Part { range: range.start..cut, blame: Blame::Open });
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Calls with all units of these records; the bad ones make a call fail. Which passed, which stood alone, and in how
    /// many calls.
    fn search(records: &[usize], bad: &[usize]) -> (Vec<usize>, Vec<usize>, usize) {
        let together = |at: usize| at > 0 && records[at] == records[at - 1];
        let mut search = Bisect::new(0..records.len());
        let (mut passed, mut found, mut calls) = (Vec::new(), Vec::new(), 0);
        while let Some(range) = search.next(together) {
            calls += 1;
            if records[range.clone()].iter().any(|record| bad.contains(record)) {
                if search.failed(&range, together) {
                    found.push(records[range.start]);
                }
            } else {
                search.passed();
                passed.extend_from_slice(&records[range]);
            }
        }
        (passed, found, calls)
    }

    #[test]
    fn one_bad_record_of_256_is_found_in_few_calls() {
        let all: Vec<usize> = (0..256).collect();
        for bad in [0, 100, 255] {
            let (passed, found, calls) = search(&all, &[bad]);
            assert_eq!(found, [bad]);
            assert_eq!(passed.len(), 255);
            assert!(calls <= 17, "{calls} calls for record {bad}");
        }
    }

    #[test]
    fn what_will_fail_is_not_called_as_a_whole() {
        // All, first half, third quarter, and the last two each alone.
        assert_eq!(search(&[0, 1, 2, 3, 4, 5, 6, 7], &[7]).2, 5);
    }

    proptest! {
        #[test]
        fn every_bad_record_stands_alone_and_all_others_pass_once_in_order(
            sizes in proptest::collection::vec(1_usize..4, 1..60),
            marks in proptest::collection::vec(any::<bool>(), 60),
        ) {
            let records: Vec<usize> =
                sizes.iter().enumerate().flat_map(|(at, size)| std::iter::repeat_n(at, *size)).collect();
            let bad: Vec<usize> = (0..sizes.len()).filter(|at| marks[*at]).collect();
            let (passed, found, calls) = search(&records, &bad);
            prop_assert_eq!(found, bad.clone());
            let good: Vec<usize> = records.iter().copied().filter(|record| !bad.contains(record)).collect();
            prop_assert_eq!(passed, good);
            let deep = usize::BITS as usize - records.len().leading_zeros() as usize + 2;
            prop_assert!(calls <= 1 + 2 * deep * bad.len().max(1), "{} calls", calls);
        }
    }
}
