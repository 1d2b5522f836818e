//! What the host keeps beside one instance: its limits, its grants, and what it last said.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Instant;

use super::instance::Allowance;
use super::limits::Limiter;
use super::lines::{LINES_PER_CALL, LINES_PER_SECOND, Lines};
use crate::telemetry::guest_series::OwnSeries;
use crate::telemetry::printable::printable;

/// What a pipeline lets its guest use beyond computing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grants {
    /// Wall clock and monotonic clock.
    pub clock: bool,
    /// Unpredictable random numbers.
    pub random: bool,
    /// `millstream:pipeline/log`.
    pub log: bool,
    /// `millstream:pipeline/metrics`.
    pub metrics: bool,
    /// `millstream:pipeline/config`.
    pub config: bool,
}

/// How loud a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// Longest line that is logged, in bytes.
const LINE: usize = 4096;

/// The store's data.
#[derive(Debug)]
pub(super) struct State {
    pub(super) limiter: Limiter,
    pub(super) grants: Grants,
    pub(super) started: Instant,
    pub(super) random: Random,
    pub(super) insecure: Random,
    /// The import that a guest called and may not.
    pub(super) denied: Option<String>,
    /// What the guest last wrote to stderr, usually the reason why it is about to trap.
    pub(super) last_words: String,
    /// What the instance gets: its pipeline's settings.
    pub(super) allowance: Arc<Allowance>,
    /// Where it counts by names of its own; none only while it does.
    pub(super) series: Option<Box<OwnSeries>>,
    partial: [Vec<u8>; 2],
    lines: Lines,
}

impl State {
    pub(super) fn new(allowance: &Arc<Allowance>) -> Self {
        State {
            limiter: Limiter::new(allowance.memory),
            grants: allowance.grants,
            started: Instant::now(),
            random: Random::unpredictable(),
            insecure: Random(1),
            denied: None,
            last_words: String::new(),
            allowance: allowance.clone(),
            series: Some(Box::new(allowance.series.open())),
            partial: Default::default(),
            lines: Lines::default(),
        }
    }

    /// Starts a call: a new allowance of lines, no words yet.
    pub(super) fn begin_call(&mut self) {
        self.lines.begin_call();
        if let Some(dropped) = self.lines.report(|| self.started.elapsed()) {
            self.say_dropped(dropped);
        }
        self.last_words.clear();
        self.limiter.begin_call();
    }

    /// Logs a line that the guest gave a level.
    pub(super) fn log(&mut self, level: Level, message: &str) {
        // A line that nobody sees uses up nothing.
        if shown(level) && self.lines.admit(|| self.started.elapsed()) {
            self.say(level, &printable(message, LINE));
        }
    }

    /// Takes what the guest wrote and logs the lines that are complete.
    pub(super) fn print(&mut self, level: Level, bytes: &[u8]) {
        let index = usize::from(level == Level::Warn);
        let mut buffer = std::mem::take(&mut self.partial[index]);
        for byte in bytes {
            if *byte == b'\n' || buffer.len() >= LINE {
                self.line(level, &buffer);
                buffer.clear();
            }
            if *byte != b'\n' {
                buffer.push(*byte);
            }
        }
        self.partial[index] = buffer;
    }

    /// What the guest said last, including a line it did not finish.
    pub(super) fn last_words(&mut self) -> String {
        let partial = std::mem::take(&mut self.partial[1]);
        if !partial.is_empty() {
            self.line(Level::Warn, &partial);
        }
        std::mem::take(&mut self.last_words)
    }

    fn line(&mut self, level: Level, bytes: &[u8]) {
        // Words that may explain a trap are kept where the line itself is dropped.
        let explains = level == Level::Warn && self.last_words.len() < LINE;
        let admitted = !bytes.is_empty() && self.lines.admit(|| self.started.elapsed());
        if !admitted && !explains {
            return;
        }
        let line = printable(bytes, LINE);
        if admitted {
            self.say(level, &line);
        }
        // The runtime's advice about backtraces is no reason for anything.
        if explains && !line.is_empty() && !line.starts_with("note:") {
            if !self.last_words.is_empty() {
                self.last_words.push(' ');
            }
            self.last_words.push_str(&line);
        }
    }

    fn say(&self, level: Level, line: &str) {
        let Allowance { pipeline, stage, .. } = &*self.allowance;
        match level {
            Level::Trace => tracing::trace!(target: "guest", pipeline, stage, "{line}"),
            Level::Debug => tracing::debug!(target: "guest", pipeline, stage, "{line}"),
            Level::Info => tracing::info!(target: "guest", pipeline, stage, "{line}"),
            Level::Warn => tracing::warn!(target: "guest", pipeline, stage, "{line}"),
            Level::Error => tracing::error!(target: "guest", pipeline, stage, "{line}"),
        }
    }

    fn say_dropped(&self, dropped: u64) {
        let Allowance { pipeline, stage, .. } = &*self.allowance;
        tracing::warn!(
            pipeline,
            stage,
            dropped,
            "lines of the guest were dropped: it may write {LINES_PER_CALL} in a call and {LINES_PER_SECOND} in a second"
        );
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if let Some(dropped) = self.lines.finish() {
            self.say_dropped(dropped);
        }
    }
}

/// Whether the log takes lines of this level from guests.
fn shown(level: Level) -> bool {
    match level {
        Level::Trace => tracing::enabled!(target: "guest", tracing::Level::TRACE),
        Level::Debug => tracing::enabled!(target: "guest", tracing::Level::DEBUG),
        Level::Info => tracing::enabled!(target: "guest", tracing::Level::INFO),
        Level::Warn => tracing::enabled!(target: "guest", tracing::Level::WARN),
        Level::Error => tracing::enabled!(target: "guest", tracing::Level::ERROR),
    }
}

/// Random numbers for guests (SplitMix64, Steele, Lea and Flood 2014).
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    /// Seeded by the operating system, through the standard library's hasher keys.
    fn unpredictable() -> Self {
        Random(RandomState::new().hash_one(0u8))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
