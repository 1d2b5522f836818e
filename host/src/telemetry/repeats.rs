//! Decides which log lines are repeats that say nothing new.
//!
//! A broker that is away for a night must not write a million equal lines. The first few of a kind pass, the rest of
//! the window is counted, and when the window ends one line says how many there were. No clock and no output in here:
//! the caller brings the time and prints.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// How many equal messages pass in a window.
pub const BURST: u32 = 5;
/// How long a window lasts, counted from its first message.
pub const WINDOW: Duration = Duration::from_secs(10);
/// How many kinds of message are told apart at once, so that a guest cannot fill the memory with new texts.
pub const KINDS: usize = 1024;

/// What repeats are counted by: the place in the code, and the text unless too many texts are open.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Kind<P> {
    /// The place in the code.
    pub place: P,
    /// The message; `None` where all messages of a place are counted together.
    pub text: Option<String>,
}

/// Messages of one kind that were held back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held<P> {
    /// What they had in common.
    pub kind: Kind<P>,
    /// How many there were.
    pub count: u64,
}

#[derive(Debug)]
struct Window {
    ends: Duration,
    passed: u32,
    held: u64,
}

/// The open windows.
#[derive(Debug)]
pub struct Repeats<P> {
    open: HashMap<Kind<P>, Window>,
    kinds: usize,
    next_end: Duration,
}

impl<P: Hash + Eq + Clone> Repeats<P> {
    /// Tells at most `kinds` kinds of message apart, see [`KINDS`].
    pub fn new(kinds: usize) -> Self {
        Repeats { open: HashMap::new(), kinds, next_end: Duration::MAX }
    }

    /// True when the message is to be printed. `now` counts from any fixed moment and never goes back.
    ///
    /// Call [`Repeats::ended`] first, so that a window that is over does not hold the message back.
    pub fn admit(&mut self, place: P, text: &str, now: Duration) -> bool {
        let mut kind = Kind { place, text: Some(text.to_owned()) };
        if self.open.len() >= self.kinds && !self.open.contains_key(&kind) {
            kind.text = None;
        }
        let ends = now.saturating_add(WINDOW);
        let window = self.open.entry(kind).or_insert(Window { ends, passed: 0, held: 0 });
        self.next_end = self.next_end.min(window.ends);
        if window.passed < BURST {
            window.passed += 1;
            return true;
        }
        window.held += 1;
        false
    }

    /// Closes the windows that are over and returns those that held something back, in the order in which they ended.
    pub fn ended(&mut self, now: Duration) -> Vec<Held<P>> {
        if now < self.next_end {
            return Vec::new();
        }
        let ended = self.close(|window| window.ends <= now);
        self.next_end = self.open.values().map(|window| window.ends).min().unwrap_or(Duration::MAX);
        ended
    }

    /// Closes every window: for the end of the process.
    pub fn finish(&mut self) -> Vec<Held<P>> {
        self.next_end = Duration::MAX;
        self.close(|_| true)
    }

    fn close(&mut self, over: impl Fn(&Window) -> bool) -> Vec<Held<P>> {
        let mut closed: Vec<_> = self.open.extract_if(|_, window| over(window)).collect();
        closed.retain(|(_, window)| window.held > 0);
        closed.sort_by_key(|(_, window)| window.ends);
        closed.into_iter().map(|(kind, window)| Held { kind, count: window.held }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn held(place: u32, text: Option<&str>, count: u64) -> Held<u32> {
        Held { kind: Kind { place, text: text.map(str::to_owned) }, count }
    }

    #[test]
    fn the_first_five_pass_and_the_rest_is_counted() {
        let mut repeats = Repeats::new(KINDS);
        let passed: Vec<bool> = (0..8).map(|i| repeats.admit(1, "down", at(f64::from(i)))).collect();
        assert_eq!(passed, [true, true, true, true, true, false, false, false]);
        assert_eq!(repeats.ended(at(9.9)), []);
        assert_eq!(repeats.ended(at(10.0)), [held(1, Some("down"), 3)]);
        assert_eq!(repeats.ended(at(30.0)), [], "told once");
    }

    #[test]
    fn a_new_window_starts_afresh() {
        let mut repeats = Repeats::new(KINDS);
        for _ in 0..9 {
            repeats.admit(1, "down", at(0.0));
        }
        assert_eq!(repeats.ended(at(11.0)).len(), 1);
        assert!(repeats.admit(1, "down", at(11.0)));
    }

    #[test]
    fn other_places_and_other_texts_are_told_apart() {
        let mut repeats = Repeats::new(KINDS);
        for _ in 0..5 {
            repeats.admit(1, "down", at(0.0));
        }
        assert!(!repeats.admit(1, "down", at(0.0)));
        assert!(repeats.admit(2, "down", at(0.0)));
        assert!(repeats.admit(1, "up", at(0.0)));
    }

    #[test]
    fn a_window_that_held_nothing_back_is_silent() {
        let mut repeats = Repeats::new(KINDS);
        repeats.admit(1, "once", at(0.0));
        assert_eq!(repeats.ended(at(60.0)), []);
        assert!(repeats.open.is_empty());
    }

    #[test]
    fn windows_end_in_their_own_order() {
        let mut repeats = Repeats::new(KINDS);
        for (place, start) in [(2, 1.0), (1, 0.0)] {
            for _ in 0..7 {
                repeats.admit(place, "x", at(start));
            }
        }
        assert_eq!(repeats.ended(at(10.5)), [held(1, Some("x"), 2)]);
        assert_eq!(repeats.ended(at(11.0)), [held(2, Some("x"), 2)]);
    }

    #[test]
    fn a_flood_of_new_texts_is_held_back_by_place_and_stays_bounded() {
        let mut repeats = Repeats::new(10);
        let passed = (0..100_000).filter(|i| repeats.admit(1, &format!("text {i}"), at(0.0))).count();
        assert_eq!(passed, 15, "ten texts of their own, then five of the place");
        assert_eq!(repeats.open.len(), 11);
        assert_eq!(repeats.ended(at(10.0)), [held(1, None, 99_985)]);
    }

    #[test]
    fn the_end_of_the_process_tells_what_is_still_open() {
        let mut repeats = Repeats::new(KINDS);
        for _ in 0..6 {
            repeats.admit(1, "down", at(0.0));
        }
        assert_eq!(repeats.finish(), [held(1, Some("down"), 1)]);
    }
}
