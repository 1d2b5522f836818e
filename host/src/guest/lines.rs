//! How many lines an instance may write to the log: the clock is the caller's.

use std::time::Duration;

/// Lines that pass in one call.
pub(super) const LINES_PER_CALL: u32 = 20;
/// Lines that pass in one second.
pub(super) const LINES_PER_SECOND: u32 = 100;

/// Counts the lines of one instance, printed and logged ones alike.
#[derive(Debug, Default)]
pub(super) struct Lines {
    in_call: u32,
    in_second: u32,
    second: u64,
    reported: u64,
    dropped: u64,
}

impl Lines {
    /// Starts a call.
    pub(super) fn begin_call(&mut self) {
        self.in_call = 0;
    }

    /// Whether a line passes; one that does not is counted. `now` counts from the instance's start, and is asked for
    /// only where it matters.
    pub(super) fn admit(&mut self, now: impl FnOnce() -> Duration) -> bool {
        if self.in_call < LINES_PER_CALL {
            self.turn(now());
            if self.in_second < LINES_PER_SECOND {
                self.in_call += 1;
                self.in_second += 1;
                return true;
            }
        }
        self.dropped += 1;
        false
    }

    /// How many lines were dropped, if any were and it is time to say so: once a second, so that saying it is no flood
    /// of its own.
    pub(super) fn report(&mut self, now: impl FnOnce() -> Duration) -> Option<u64> {
        if self.dropped == 0 {
            return None;
        }
        let second = now().as_secs();
        if second == self.reported {
            return None;
        }
        self.reported = second;
        self.finish()
    }

    /// How many lines were dropped since that was last said, if any were.
    pub(super) fn finish(&mut self) -> Option<u64> {
        Some(std::mem::take(&mut self.dropped)).filter(|dropped| *dropped > 0)
    }

    fn turn(&mut self, now: Duration) {
        if now.as_secs() != self.second {
            (self.second, self.in_second) = (now.as_secs(), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(lines: &mut Lines, calls: u32, each: u32, now: u64) -> usize {
        let mut admitted = 0;
        for _ in 0..calls {
            lines.begin_call();
            admitted += (0..each).filter(|_| lines.admit(|| Duration::from_millis(now))).count();
        }
        admitted
    }

    #[test]
    fn a_call_has_its_limit_and_a_second_too() {
        let mut lines = Lines::default();
        assert_eq!(admitted(&mut lines, 1, 50, 0), 20);
        assert_eq!(admitted(&mut lines, 1000, 1, 999), 80, "a hundred in the second");
        assert_eq!(lines.finish(), Some(30 + 920));
        assert_eq!(lines.finish(), None);
        assert_eq!(admitted(&mut lines, 1, 20, 1000), 20, "the next second");
        assert_eq!(lines.finish(), None);
    }

    #[test]
    fn dropped_lines_are_told_once_a_second() {
        let mut lines = Lines::default();
        let mut told = Vec::new();
        // A call in each millisecond, three lines in each call.
        for now in 0..5_000 {
            told.extend(lines.report(|| Duration::from_millis(now)));
            admitted(&mut lines, 1, 3, now);
        }
        told.extend(lines.finish());
        assert_eq!(told, [2_900, 2_900, 2_900, 2_900, 2_900]);
    }

    #[test]
    fn no_clock_is_read_where_nothing_depends_on_it() {
        let mut lines = Lines::default();
        assert_eq!(lines.report(|| panic!("nothing was dropped")), None);
        admitted(&mut lines, 1, 20, 0);
        assert!(!lines.admit(|| panic!("the call's lines are used up")));
    }
}
