//! Whether the process is alive and ready, as told by its pipelines.
//!
//! Pipelines write, probes read; the heartbeat, which is written all the time, is one atomic store.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::printable::{TEXT_MAX, printable};

/// Where a pipeline is in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Not polling yet.
    Starting,
    /// Polling and processing.
    Running,
    /// Finishing what is in flight.
    Draining,
    /// Ended as asked.
    Stopped,
    /// Ended because of what it says.
    Failed(String),
}

/// The health of all pipelines of the process. Clones share it.
#[derive(Debug, Clone)]
pub struct Health {
    shared: Arc<Shared>,
}

/// The hand of one pipeline on its health. Clones share it.
#[derive(Debug, Clone)]
pub struct PipelineHealth {
    shared: Arc<Shared>,
    own: Arc<Pipeline>,
}

/// A record that waits for its next attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits {
    /// Topic, partition and offset.
    pub record: String,
    /// The stage that asked for it.
    pub stage: String,
    /// What its guest said.
    pub why: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried again.
    pub next: SystemTime,
}

/// What a probe is told about one pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The pipeline.
    pub name: String,
    /// Where it is.
    pub state: State,
    /// How long the polling thread has been silent, if that is longer than it may be.
    pub silent: Option<Duration>,
    /// The records that wait for their next attempt, at most one a worker.
    pub waiting: Vec<Waits>,
}

#[derive(Debug)]
struct Shared {
    origin: Instant,
    bound: Duration,
    pipelines: Mutex<Vec<Arc<Pipeline>>>,
}

#[derive(Debug)]
struct Pipeline {
    name: String,
    state: Mutex<State>,
    /// By worker.
    waiting: Mutex<BTreeMap<usize, Waits>>,
    /// Milliseconds since the origin plus one; zero before the first beat.
    beat: AtomicU64,
}

impl State {
    /// The names of all states.
    pub const NAMES: [&'static str; 5] = ["starting", "running", "draining", "stopped", "failed"];

    /// The name of this state.
    pub fn name(&self) -> &'static str {
        match self {
            State::Starting => "starting",
            State::Running => "running",
            State::Draining => "draining",
            State::Stopped => "stopped",
            State::Failed(_) => "failed",
        }
    }

    /// What a failed pipeline says.
    pub fn reason(&self) -> &str {
        match self {
            State::Failed(reason) => reason,
            _ => "",
        }
    }

    /// True while the polling thread has to give signs of life.
    fn polls(&self) -> bool {
        matches!(self, State::Running | State::Draining)
    }
}

impl Health {
    /// The process counts as dead when a polling thread gives no sign of life for `bound`.
    pub fn new(bound: Duration, now: Instant) -> Self {
        Health { shared: Arc::new(Shared { origin: now, bound, pipelines: Mutex::default() }) }
    }

    /// Adds a pipeline, which is starting.
    pub fn pipeline(&self, name: &str) -> PipelineHealth {
        let (state, waiting) = (Mutex::new(State::Starting), Mutex::default());
        let own = Arc::new(Pipeline { name: name.to_owned(), state, waiting, beat: AtomicU64::new(0) });
        held(&self.shared.pipelines).push(Arc::clone(&own));
        PipelineHealth { shared: Arc::clone(&self.shared), own }
    }

    /// What each pipeline says, in the order in which they were added.
    pub fn reports(&self, now: Instant) -> Vec<Report> {
        held(&self.shared.pipelines).iter().map(|pipeline| self.shared.report(pipeline, now)).collect()
    }

    /// False when a polling thread hangs; then only a restart of the process helps.
    pub fn live(&self, now: Instant) -> bool {
        self.reports(now).iter().all(|report| report.silent.is_none())
    }

    /// True when at least one pipeline runs and none is on its way up or down. One that has failed or ended leaves the
    /// others ready: each is isolated, and its state is in the report.
    pub fn ready(&self, now: Instant) -> bool {
        let reports = self.reports(now);
        let settled = |report: &Report| !matches!(report.state, State::Starting | State::Draining);
        reports.iter().any(|report| report.state == State::Running)
            && reports.iter().all(|report| settled(report) && report.silent.is_none())
    }
}

impl PipelineHealth {
    /// The pipeline has entered a state.
    pub fn set(&self, state: State) {
        let state = match state {
            State::Failed(reason) => State::Failed(printable(reason, TEXT_MAX)),
            state => state,
        };
        *held(&self.own.state) = state;
    }

    /// A worker waits with a record, or does no more.
    pub fn waits(&self, worker: usize, waits: Option<Waits>) {
        let mut waiting = held(&self.own.waiting);
        match waits {
            Some(waits) => drop(waiting.insert(worker, waits)),
            None => drop(waiting.remove(&worker)),
        }
    }

    /// Where the pipeline is.
    pub fn state(&self) -> State {
        held(&self.own.state).clone()
    }

    /// The polling thread lives. Call it once a turn of the loop.
    pub fn beat(&self, now: Instant) {
        self.own.beat.store(self.shared.since(now).saturating_add(1), Ordering::Relaxed);
    }
}

impl Shared {
    fn since(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.origin).as_millis()).unwrap_or(u64::MAX)
    }

    fn report(&self, pipeline: &Pipeline, now: Instant) -> Report {
        let state = held(&pipeline.state).clone();
        let silent = match pipeline.beat.load(Ordering::Relaxed) {
            0 => None,
            beat => Some(Duration::from_millis(self.since(now).saturating_sub(beat - 1))),
        };
        let silent = silent.filter(|silent| state.polls() && *silent > self.bound);
        let waiting = held(&pipeline.waiting).values().cloned().collect();
        Report { name: pipeline.name.clone(), state, silent, waiting }
    }
}

/// A panic in one pipeline must not take the health of the others with it.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Duration = Duration::from_secs(30);

    fn second(origin: Instant, seconds: u64) -> Instant {
        origin + Duration::from_secs(seconds)
    }

    #[test]
    fn a_process_is_ready_while_its_pipelines_run() {
        let origin = Instant::now();
        let health = Health::new(BOUND, origin);
        assert!(!health.ready(origin), "nothing to be ready for");
        let (first, second) = (health.pipeline("a"), health.pipeline("b"));
        assert!(!health.ready(origin));
        first.set(State::Running);
        assert!(!health.ready(origin), "one is still starting");
        second.set(State::Running);
        assert!(health.ready(origin));
        first.set(State::Draining);
        assert!(!health.ready(origin));
        first.set(State::Failed("the guest asked to halt".into()));
        assert!(health.ready(origin), "the other one is not touched");
        second.set(State::Stopped);
        assert!(!health.ready(origin));
    }

    #[test]
    fn silence_of_a_polling_thread_is_death() {
        let origin = Instant::now();
        let health = Health::new(BOUND, origin);
        let pipeline = health.pipeline("a");
        assert!(health.live(second(origin, 500)), "no beat is due before polling begins");
        pipeline.set(State::Running);
        pipeline.beat(second(origin, 10));
        assert!(health.live(second(origin, 40)));
        assert!(!health.live(second(origin, 41)));
        assert!(!health.ready(second(origin, 41)));
        assert_eq!(health.reports(second(origin, 41))[0].silent, Some(Duration::from_secs(31)));
        pipeline.beat(second(origin, 41));
        assert!(health.live(second(origin, 41)));
        pipeline.set(State::Stopped);
        assert!(health.live(second(origin, 500)), "an ended pipeline beats no more");
    }

    #[test]
    fn a_beat_from_before_the_origin_is_no_beat_from_the_future() {
        let origin = Instant::now();
        let health = Health::new(BOUND, second(origin, 5));
        let pipeline = health.pipeline("a");
        pipeline.set(State::Running);
        pipeline.beat(origin);
        assert!(health.live(second(origin, 35)));
        assert!(!health.live(second(origin, 36)));
    }

    #[test]
    fn a_reason_cannot_disturb_who_reads_it() {
        let pipeline = Health::new(BOUND, Instant::now()).pipeline("a");
        pipeline.set(State::Failed("halt:\x1b[2J\nforged".into()));
        assert_eq!(pipeline.state().reason(), r"halt:\u{1b}[2J\nforged");
    }

    #[test]
    fn every_state_has_its_name() {
        let states = [State::Starting, State::Running, State::Draining, State::Stopped, State::Failed(String::new())];
        assert_eq!(states.map(|state| state.name()), State::NAMES);
    }
}
