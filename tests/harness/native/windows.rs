//! The commit rule of the native contenders: a position is safe once everything up to it is acknowledged.
//!
//! Records are counted in windows of some hundred, in the order in which they were read; a window's positions are
//! safe when it and all before it have no record left open. That is far cheaper than a ledger of single offsets.

use std::collections::{BTreeMap, VecDeque};

/// Windows of records whose outputs are under way.
#[derive(Debug, Default)]
pub struct Windows {
    first: usize,
    open: VecDeque<Window>,
    safe: BTreeMap<i32, i64>,
}

#[derive(Debug, Default)]
struct Window {
    /// Sent minus acknowledged; below zero while acknowledgements overtake the sealing.
    open: i64,
    /// The next position of each partition after this window; none until it is sealed.
    next: Option<Vec<(i32, i64)>>,
}

impl Windows {
    /// The number of the window that is being filled.
    pub fn current(&self) -> usize {
        self.first + self.open.iter().filter(|window| window.next.is_some()).count()
    }

    /// The current window is full: so many outputs, and these next positions.
    pub fn seal(&mut self, outputs: usize, next: Vec<(i32, i64)>) {
        let number = self.current();
        let window = self.window(number);
        window.open += outputs as i64;
        window.next = Some(next);
        self.close();
    }

    /// One output of a window is acknowledged.
    pub fn acknowledge(&mut self, number: usize) {
        self.window(number).open -= 1;
        self.close();
    }

    /// The positions that became safe since the last call.
    pub fn safe(&mut self) -> Vec<(i32, i64)> {
        std::mem::take(&mut self.safe).into_iter().collect()
    }

    fn window(&mut self, number: usize) -> &mut Window {
        let index = number - self.first;
        while self.open.len() <= index {
            self.open.push_back(Window::default());
        }
        &mut self.open[index]
    }

    fn close(&mut self) {
        while let Some(window) = self.open.front_mut()
            && window.open == 0
            && let Some(next) = window.next.take()
        {
            self.open.pop_front();
            self.first += 1;
            self.safe.extend(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_safe_in_order_and_once() {
        let mut windows = Windows::default();
        assert_eq!(windows.current(), 0);
        windows.seal(2, vec![(0, 10)]);
        windows.seal(1, vec![(0, 20), (1, 5)]);
        assert_eq!(windows.current(), 2);
        windows.acknowledge(1);
        windows.acknowledge(0);
        assert_eq!(windows.safe(), []);
        windows.acknowledge(0);
        assert_eq!(windows.safe(), [(0, 20), (1, 5)]);
        assert_eq!(windows.safe(), []);
    }

    #[test]
    fn an_acknowledgement_may_come_before_its_window_is_sealed() {
        let mut windows = Windows::default();
        windows.acknowledge(0);
        assert_eq!(windows.current(), 0);
        windows.seal(1, vec![(3, 1)]);
        assert_eq!(windows.safe(), [(3, 1)]);
        windows.seal(0, vec![(3, 2)]);
        assert_eq!(windows.safe(), [(3, 2)]);
    }
}
