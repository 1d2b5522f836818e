//! What is logged on this thread, for as long as something runs.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// One log line.
#[derive(Debug, Clone)]
pub struct Line {
    pub level: Level,
    pub target: String,
    pub message: String,
    /// All other fields, as `name=value`, one after the other.
    pub fields: String,
}

/// Runs something and gives back its log lines from `level` up.
pub fn recorded<T>(level: Level, run: impl FnOnce() -> T) -> (T, Vec<Line>) {
    let lines = Arc::<Mutex<Vec<Line>>>::default();
    let done = tracing::subscriber::with_default(Recorder { level, lines: lines.clone() }, run);
    let lines = lines.lock().expect("no panic while logging").clone();
    (done, lines)
}

struct Recorder {
    level: Level,
    lines: Arc<Mutex<Vec<Line>>>,
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let (level, target) = (*event.metadata().level(), event.metadata().target().to_owned());
        let mut line = Line { level, target, message: String::new(), fields: String::new() };
        event.record(&mut line);
        self.lines.lock().expect("no panic while logging").push(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => {
                let space = if self.fields.is_empty() { "" } else { " " };
                write!(self.fields, "{space}{name}={value:?}").expect("writing to a string");
            }
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}
