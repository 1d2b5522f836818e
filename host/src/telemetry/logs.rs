//! Structured logs on standard error: set-up, and the layer that turns events into lines.
//!
//! Every value passes [`printable`](super::printable::printable) on its way out and repeats are held back
//! ([`repeats`](super::repeats)), so that no call site has to think of either.

use std::io::{IsTerminal, Write};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use tracing::callsite::Identifier;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

use super::line::{Fields, Line};
use super::printable::printable;
use super::repeats::{Held, KINDS, Repeats};

pub use super::line::LogFormat;

/// What is logged when nothing else is asked for.
const DEFAULT_LEVEL: LevelFilter = LevelFilter::INFO;

/// Messages are told apart by this many bytes of their start.
const KIND_BYTES: usize = 256;

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The filter cannot be read.
    #[error(
        "log filter `{filter}`: {problem}; write a level (error, warn, info, debug, trace, off) or a list like `info,millstream::guest=debug`"
    )]
    Filter {
        /// The filter as given.
        filter: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Logs can be set up only once in a process.
    #[error("logs are already set up in this process")]
    AlreadySet,
}

/// The way back to the logs of this process. Dropping it tells what repeats are still held back.
#[derive(Debug)]
pub struct Logs {
    shared: Arc<Shared>,
}

/// Where a message comes from: what repeats are counted by.
#[derive(Debug, Clone)]
struct Place {
    metadata: &'static Metadata<'static>,
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Place {}

impl std::hash::Hash for Place {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl Place {
    fn id(&self) -> Identifier {
        self.metadata.callsite()
    }
}

/// The time as the logs see it, replaced in tests.
trait Clock: Send + Sync {
    /// Time since some fixed moment; never goes back.
    fn elapsed(&self) -> Duration;
    /// The time of day.
    fn now(&self) -> SystemTime;
}

struct ProcessClock(Instant);

impl Clock for ProcessClock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

struct Shared {
    format: LogFormat,
    colours: bool,
    clock: Box<dyn Clock>,
    // One lock for both, so that a summary stands before the line that ended its window.
    state: Mutex<State>,
}

struct State {
    repeats: Repeats<Place>,
    out: Box<dyn Write + Send>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logs").field("format", &self.format).field("colours", &self.colours).finish_non_exhaustive()
    }
}

/// Sends the logs of this process to standard error. Keep what it returns until the process ends.
///
/// `filter` is a list of `level` and `target=level`; without a level of its own the rest is logged from `info` up.
pub fn init(format: LogFormat, filter: &str) -> Result<Logs, LogError> {
    let filter = parse_filter(filter)?;
    let colours = format == LogFormat::Text
        && wants_colours(std::io::stderr().is_terminal(), |name| std::env::var(name).unwrap_or_default());
    let logs = Logs::new(format, colours, Box::new(std::io::stderr()), Box::new(ProcessClock(Instant::now())));
    let subscriber = Registry::default().with(logs.layer().with_filter(filter));
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::AlreadySet)?;
    Ok(logs)
}

impl Logs {
    fn new(format: LogFormat, colours: bool, out: Box<dyn Write + Send>, clock: Box<dyn Clock>) -> Self {
        let state = Mutex::new(State { repeats: Repeats::new(KINDS), out });
        Logs { shared: Arc::new(Shared { format, colours, clock, state }) }
    }

    fn layer(&self) -> LineLayer {
        LineLayer { shared: Arc::clone(&self.shared) }
    }

    /// Tells about windows of repeats that are over. Call it every second or so: without it the summary waits for the
    /// next log line.
    pub fn sweep(&self) {
        self.shared.sweep(&mut self.shared.lock());
    }

    /// Tells about all repeats still held back: for the end of the process.
    pub fn finish(&self) {
        let state = &mut self.shared.lock();
        let held = state.repeats.finish();
        self.shared.summarize(state, held);
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Colours only where a person looks on: a terminal that is not told otherwise (`NO_COLOR`, `TERM=dumb`).
pub fn wants_colours(terminal: bool, variable: impl Fn(&str) -> String) -> bool {
    terminal && variable("NO_COLOR").is_empty() && variable("TERM") != "dumb"
}

fn parse_filter(filter: &str) -> Result<Targets, LogError> {
    let refuse = |problem: String| LogError::Filter { filter: printable(filter, 200), problem };
    let mut targets = Targets::new().with_default(DEFAULT_LEVEL);
    for part in filter.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (target, level) = match part.rsplit_once('=') {
            Some((target, level)) => (Some(target.trim()), level.trim()),
            None => (None, part),
        };
        let Some(known) = LevelFilter::from_str(level).ok().filter(|_| !level.is_empty()) else {
            return Err(refuse(format!("`{}` is not a level", printable(level, 100))));
        };
        targets = match target {
            None => targets.with_default(known),
            Some(target) if is_module(target) => targets.with_target(target, known),
            Some(target) => return Err(refuse(format!("`{}` is not a module", printable(target, 100)))),
        };
    }
    Ok(targets)
}

fn is_module(target: &str) -> bool {
    !target.is_empty() && target.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':'))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere must not silence the logs.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn event(&self, metadata: &'static Metadata<'static>, fields: Fields) {
        let kind = fields.message.get(..fields.message.floor_char_boundary(KIND_BYTES)).unwrap_or_default();
        let mut state = self.lock();
        self.sweep(&mut state);
        if state.repeats.admit(Place { metadata }, kind, self.clock.elapsed()) {
            self.print(&mut state, *metadata.level(), metadata.target(), fields);
        }
    }

    fn sweep(&self, state: &mut State) {
        let held = state.repeats.ended(self.clock.elapsed());
        self.summarize(state, held);
    }

    fn summarize(&self, state: &mut State, held: Vec<Held<Place>>) {
        for Held { kind, count } in held {
            let plural = if count == 1 { "" } else { "s" };
            let mut fields =
                Fields { message: format!("{count} similar message{plural} suppressed"), named: Vec::new() };
            if let Some(text) = kind.text {
                fields.set("similar_to", Value::from(text));
            }
            self.print(state, *kind.place.metadata.level(), kind.place.metadata.target(), fields);
        }
    }

    fn print(&self, state: &mut State, level: Level, target: &'static str, fields: Fields) {
        let line = Line { time: self.clock.now(), level, target, fields }.render(self.format, self.colours);
        // Nobody can be told that standard error is closed, and it is no reason to stop.
        drop(state.out.write_all(line.as_bytes()).and_then(|()| state.out.flush()));
    }
}

/// The end of the way of an event: fields of its spans and its own, then a line.
struct LineLayer {
    shared: Arc<Shared>,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LineLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                for (name, value) in &of_span.named {
                    fields.set(name, value.clone());
                }
            }
        }
        event.record(&mut fields);
        self.shared.event(event.metadata(), fields);
    }
}

#[cfg(test)]
mod tests;
