//! What guests log while something runs on this thread, kept instead of printed.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Lines that are kept, at most.
const LINES: usize = 200;

/// Runs something and gives back what guests logged on this thread from `debug` up, as `level stage: text`.
pub fn captured<T>(run: impl FnOnce() -> T) -> (T, Vec<String>) {
    let lines = Arc::<Mutex<Vec<String>>>::default();
    let done = tracing::subscriber::with_default(Capture { lines: lines.clone() }, run);
    let lines = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    (done, lines)
}

struct Capture {
    lines: Arc<Mutex<Vec<String>>>,
}

impl Subscriber for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "guest" && *metadata.level() <= Level::DEBUG
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < LINES {
            let level = event.metadata().level().as_str().to_ascii_lowercase();
            lines.push(format!("{level} {}: {}", line.stage, line.message));
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Line {
    stage: String,
    message: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let place = match field.name() {
            "message" => &mut self.message,
            "stage" => &mut self.stage,
            _ => return,
        };
        // Writing to a string does not fail.
        let _ = write!(place, "{value:?}");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_guests_are_kept_and_no_others() {
        let (done, lines) = captured(|| {
            tracing::info!(target: "guest", pipeline = "p", stage = "s", "{}", "one");
            tracing::trace!(target: "guest", stage = "s", "two");
            tracing::error!("three");
            7
        });
        assert_eq!((done, lines), (7, vec!["info s: one".to_owned()]));
        let many = captured(|| (0..1000).for_each(|_| tracing::warn!(target: "guest", stage = "s", "x"))).1;
        assert_eq!(many.len(), LINES);
    }
}
