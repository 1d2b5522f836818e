//! What the person at the terminal sees: records as they go through, and what happened to the guest.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::entry::{self, After, Before, Colours};
use crate::cli::say;
use crate::config::{Problems, Reject};
use crate::pipeline::Prepared;
use crate::pipeline::offline::{Outcome, Sent};
use crate::pipeline::plain::{Readable, SinkForm, SourceText};
use crate::pipeline::tap::{Seen, Watcher};
use crate::telemetry::metrics::Snapshot;

/// Records that may be shown at once after a rest, and how many a second after that.
const BURST: f64 = 40.0;
const A_SECOND: f64 = 10.0;

/// Standard output, one block at a time.
pub(super) struct Screen {
    pub(super) colours: Colours,
    state: Mutex<State>,
}

struct State {
    rate: Rate,
    /// Records that were not shown since the last summary.
    hidden: u64,
}

impl Screen {
    pub(super) fn new(colours: bool) -> Screen {
        let state = State { rate: Rate { left: BURST, at: None }, hidden: 0 };
        Screen { colours: Colours(colours), state: Mutex::new(state) }
    }

    /// Prints lines as they stand.
    pub(super) fn show(&self, text: &str) {
        let _one_at_a_time = self.lock();
        say(format_args!("{text}"));
    }

    /// A line of something that went well.
    pub(super) fn good(&self, line: &str) {
        self.show(&format!("{}\n", self.colours.green(line)));
    }

    /// A line of something that did not.
    pub(super) fn bad(&self, line: &str) {
        self.show(&format!("{}\n", self.colours.red(line)));
    }

    /// What went through since the last summary.
    pub(super) fn sum_up(&self, before: &Snapshot, now: &Snapshot) {
        let hidden = std::mem::take(&mut self.lock().hidden);
        self.show(&format!("{}\n", summary(before, now, hidden)));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn summary(before: &Snapshot, now: &Snapshot, hidden: u64) -> String {
    let counted = |count: u64, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    let parts = [
        counted(now.produced - before.produced, "output", "outputs"),
        counted(now.filtered - before.filtered, "dropped", "dropped"),
        counted(now.dead_lettered - before.dead_lettered, "dead letter", "dead letters"),
        counted(now.skipped - before.skipped, "skipped", "skipped"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let records = counted(now.consumed - before.consumed, "record", "records").unwrap_or_else(|| "0 records".into());
    let mut text = format!("\n{records}");
    if !parts.is_empty() {
        text.push_str(&format!(": {}", parts.join(", ")));
    }
    if hidden > 0 {
        text.push_str(&format!(" ({hidden} not shown)"));
    }
    text
}

/// So many at once, and so many a second.
struct Rate {
    left: f64,
    at: Option<Instant>,
}

impl Rate {
    fn takes(&mut self, now: Instant) -> bool {
        let rested = self.at.map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64());
        self.at = Some(now);
        self.left = (self.left + rested * A_SECOND).min(BURST);
        let takes = self.left >= 1.0;
        if takes {
            self.left -= 1.0;
        }
        takes
    }
}

/// One pipeline's records on the screen.
pub(super) struct View {
    screen: Arc<Screen>,
    forms: Mutex<(SourceText, SinkForm)>,
    topic: String,
    rejected_to: String,
}

impl View {
    pub(super) fn of(prepared: &Prepared, screen: &Arc<Screen>) -> Result<View, Problems> {
        let config = &prepared.config;
        Ok(View {
            screen: screen.clone(),
            forms: Mutex::new((SourceText::of(prepared)?, SinkForm::of(prepared)?)),
            topic: config.sink.topic.clone(),
            rejected_to: match &config.errors.reject {
                Reject::DeadLetter { topic } => format!("dead letter in `{topic}`"),
                Reject::Skip => "skipped".to_owned(),
                Reject::Stop => "the pipeline stops".to_owned(),
            },
        })
    }

    fn after(&self, sent: &Sent, form: &mut SinkForm) -> After {
        let topic = Some(sent.topic.clone()).filter(|topic| *topic != self.topic);
        After { topic, value: sent.value.as_deref().map(|value| form.value(value).map(json_or_text)) }
    }
}

impl Watcher for View {
    fn wants(&self) -> bool {
        let mut state = self.screen.lock();
        let takes = state.rate.takes(Instant::now());
        state.hidden += u64::from(!takes);
        takes
    }

    fn see(&self, seen: Seen<'_>) {
        let mut forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        let (source, sink) = &mut *forms;
        let value = seen.value.map(|value| source.value(value).map(json_or_text));
        let before = Before { at: &seen.at, key: seen.key, value };
        let after: Vec<After> = match &seen.outcome {
            Outcome::Outputs(sent) => sent.iter().map(|sent| self.after(sent, sink)).collect(),
            Outcome::Rejected(_) | Outcome::Again(_) | Outcome::Stopped(_) => Vec::new(),
        };
        drop(forms);
        let text = entry::lines(&before, &seen.outcome, &after, &self.rejected_to, self.screen.colours);
        self.screen.show(&text);
    }
}

/// Text that is JSON is shown as such.
fn json_or_text(value: Readable) -> Readable {
    match value {
        Readable::Bytes(bytes) => match serde_json::from_slice(&bytes) {
            Ok(json @ serde_json::Value::Object(_)) => Readable::Json(json),
            _ => Readable::Bytes(bytes),
        },
        json => json,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn many_records_are_shown_as_a_sample() {
        let start = Instant::now();
        let mut rate = Rate { left: BURST, at: None };
        let mut shown = |at: Duration| (0..1000).filter(|_| rate.takes(start + at)).count();
        assert_eq!(shown(Duration::ZERO), 40);
        assert_eq!(shown(Duration::from_millis(500)), 5);
        assert_eq!(shown(Duration::from_secs(3600)), 40);
    }

    #[test]
    fn a_summary_says_what_became_of_all() {
        let before = Snapshot { consumed: 10, produced: 10, ..Snapshot::default() };
        let now = Snapshot { consumed: 15, produced: 11, filtered: 2, dead_lettered: 1, skipped: 1, ..before };
        let text = summary(&before, &now, 3);
        assert_eq!(text, "\n5 records: 1 output, 2 dropped, 1 dead letter, 1 skipped (3 not shown)");
        assert_eq!(summary(&before, &before, 0), "\n0 records");
    }
}
