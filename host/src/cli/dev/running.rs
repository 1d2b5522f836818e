//! A pipeline on a thread of its own, beside the session that looks after it.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::screen::Screen;
use crate::cli::run;
use crate::config::Pipeline;
use crate::pipeline::{Control, Failure, Prepared, Swap, Telemetry, run_with};
use crate::telemetry::health::Health;
use crate::telemetry::metrics::{Exporter, Metrics, Snapshot};

/// Nobody asks for the health of a pipeline that is watched anyway.
const SILENCE: Duration = Duration::from_secs(60);
/// Under a load that never rests, how often it is summed up.
const SUM: Duration = Duration::from_secs(1);

/// A pipeline that runs, or has run.
pub(super) struct Running {
    /// What it was started with, the guests aside.
    pub(super) config: Pipeline,
    /// What it runs now.
    pub(super) prepared: Prepared,
    swap: Arc<Swap>,
    control: Arc<Control>,
    metrics: Metrics,
    thread: JoinHandle<Result<(), Failure>>,
    /// The counts at the last look, and those that were told last and when.
    seen: Snapshot,
    told: (Snapshot, Instant),
}

impl Running {
    pub(super) fn start(prepared: Prepared, brokers: &str) -> Result<Running, Failure> {
        let config = prepared.config.clone();
        let health = Health::new(SILENCE, Instant::now()).pipeline(&config.name);
        let metrics = Exporter::new(run::build()).pipeline(&config.name, &config.tenant);
        let telemetry = Telemetry { metrics: metrics.clone(), health };
        let (swap, control) = (Arc::<Swap>::default(), Arc::<Control>::default());
        let (own, brokers) = (prepared.clone(), brokers.to_owned());
        let (swapped, stopped) = (swap.clone(), control.clone());
        let work = move || run_with(&own, &brokers, &stopped, &telemetry, &swapped);
        let thread = std::thread::Builder::new().name("pipeline".to_owned()).spawn(work);
        let thread = thread.map_err(|error| Failure::Host(format!("cannot start the pipeline's thread: {error}")))?;
        let seen = Snapshot::default();
        Ok(Running { config, prepared, swap, control, metrics, thread, seen, told: (seen, Instant::now()) })
    }

    /// Gives it other guests, from the next batch on.
    pub(super) fn swap(&mut self, prepared: &Prepared) -> Result<(), Failure> {
        self.swap.offer(prepared, &self.metrics)?;
        self.prepared = prepared.clone();
        Ok(())
    }

    /// Whether it has ended by itself.
    pub(super) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Lets it finish what it has in hand, and says how it ended.
    pub(super) fn stop(self) -> Result<(), Failure> {
        self.control.drain();
        self.thread.join().unwrap_or_else(|_| Err(Failure::Host("the pipeline's thread died".into())))
    }

    /// Tells what went through since the last time, once it rests; under load every now and then.
    pub(super) fn sum_up(&mut self, screen: &Screen, ended: bool) {
        // Commits come later and are nothing to look at.
        let now = Snapshot { committed: 0, ..self.metrics.snapshot() };
        let (told, at) = self.told;
        // A record without any outcome is still under way, however long that takes.
        let settled = outcomes(&now) - outcomes(&told);
        let rests = now == self.seen && settled >= now.consumed - told.consumed || ended;
        self.seen = now;
        if now != told && (rests || settled > 0 && at.elapsed() >= SUM) {
            screen.sum_up(&told, &now);
            self.told = (now, Instant::now());
        }
    }
}

/// What records came to; each comes to one at least.
fn outcomes(counts: &Snapshot) -> u64 {
    counts.produced + counts.filtered + counts.dead_lettered + counts.skipped
}

/// What two files differ in besides their stages, which can be swapped.
pub(super) fn differs(old: &Pipeline, new: &Pipeline) -> Option<&'static str> {
    let sink = |config: &Pipeline| {
        let sink = &config.sink;
        let ends = (sink.topic.clone(), sink.topics.clone(), sink.schema.clone(), sink.key_schema.clone());
        (ends, sink.format, sink.framing, sink.json)
    };
    let sections = [
        ("[pipeline]", old.name != new.name || old.tenant != new.tenant),
        ("[kafka]", old.kafka != new.kafka),
        ("[source]", old.source != new.source),
        ("[sink]", sink(old) != sink(new)),
        ("[errors]", old.errors != new.errors),
        ("[commit]", old.commit != new.commit),
    ];
    sections.into_iter().find(|(_, differ)| *differ).map(|(section, _)| section)
}
