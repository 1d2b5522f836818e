//! Exactly once: what was sent, and the positions that belong to it, in one transaction after another.
//!
//! A turn ends one transaction and begins the next: close the gate, wait until all outputs are acknowledged, put the
//! safe positions in, commit, begin, open the gate. Turns are made one at a time, whoever asks for them. A turn that
//! does not come to its end leaves nothing to go on with: the gate stays shut, the transaction is aborted, and the
//! pipeline begins anew from the committed offsets with a new producer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::failure::Failure;
use super::gate::Gate;
use super::partitions::Partition;
use super::shared::Shared;
use crate::commit::cadence::Cadence;
use crate::fault::{self, Point};
use crate::kafka::{Group, TopicPartition};
use crate::record::Slot;
use crate::sink::{TransactionError, Transactions};
use crate::telemetry::metrics::Stage;

/// How often to look whether a transaction is to end.
const LOOK: Duration = Duration::from_millis(5);
/// One turn of waiting for the broker, before looking whether to go on.
const SLICE: Duration = Duration::from_millis(200);
/// How long aborting may take; a new producer aborts it otherwise.
const ABORT: Duration = Duration::from_secs(5);

/// What a pipeline needs for its transactions, from their first to their last.
pub(super) struct Ours {
    pub(super) transactions: Transactions,
    pub(super) gate: Gate,
    /// Under which the broker knows this instance.
    pub(super) id: String,
    /// After so long the broker aborts a transaction.
    pub(super) limit: Duration,
}

/// The one place that ends transactions.
pub(super) struct Transactor {
    shared: Arc<Shared>,
    ours: Arc<Ours>,
    group: Group,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    committed: HashMap<Slot, Mark>,
    /// The transaction that is open will not be committed.
    over: bool,
}

/// How far an assignment is committed.
#[derive(Debug, Clone, Copy)]
struct Mark {
    position: i64,
    finished: u64,
}

/// Why a turn did not come to its end.
enum Trouble {
    /// Somebody else has seen to what follows.
    Known,
    /// Not in time; what waited.
    Late(&'static str),
    /// Not as a whole, so it must not be seen.
    Torn,
    Kafka(TransactionError),
}

impl From<TransactionError> for Trouble {
    fn from(error: TransactionError) -> Self {
        Trouble::Kafka(error)
    }
}

impl Ours {
    /// What an error means to this pipeline: its end, or that it begins anew.
    pub(super) fn meaning(&self, error: &TransactionError) -> Result<String, Failure> {
        match error {
            TransactionError::Fenced { reason, .. } => match self.gate.used_since() {
                // The broker calls it fencing, too, when it has aborted what was open for too long.
                Some(since) if since.elapsed() >= self.limit => Ok(format!(
                    "the transaction was open for longer than \"transaction.timeout.ms\" ({} ms), and the broker aborted it",
                    self.limit.as_millis()
                )),
                _ => Err(Failure::Fenced { id: self.id.clone(), why: reason.clone() }),
            },
            TransactionError::Unauthorized { .. } | TransactionError::Refused { .. } => {
                Err(Failure::Environment(error.to_string()))
            }
            other => Ok(other.to_string()),
        }
    }

    /// Stops the pipeline, for good or to begin anew.
    pub(super) fn give_up(&self, shared: &Shared, error: &TransactionError) {
        self.gate.shut();
        match self.meaning(error) {
            Ok(why) => shared.control.begin_anew(why),
            Err(failure) => shared.control.fail(failure),
        }
    }
}

impl Transactor {
    pub(super) fn new(shared: Arc<Shared>, ours: Arc<Ours>, group: Group) -> Self {
        Transactor { shared, ours, group, state: Mutex::default() }
    }

    /// Ends a transaction whenever it is due, until `done` is set.
    pub(super) fn run(&self, mut cadence: Cadence, done: &AtomicBool) {
        while !done.load(Ordering::Relaxed) {
            std::thread::sleep(LOOK);
            let finished = self.shared.partitions.active().iter().map(|partition| partition.ledger().finished()).sum();
            if cadence.due(finished, Instant::now()) {
                self.turn(&[], Instant::now() + self.ours.limit);
                cadence.done(finished, Instant::now());
            }
        }
    }

    /// These partitions go: what was sent of them is committed, and nothing more is sent. Answers whether that came
    /// about.
    pub(super) fn revoke(&self, leaving: &[Arc<Partition>], at_most: Duration) -> bool {
        let done = self.turn(leaving, Instant::now() + at_most);
        let mut state = self.lock();
        for partition in leaving {
            state.committed.remove(&partition.slot);
        }
        done
    }

    /// These partitions may have another owner already: nothing of this transaction may be seen.
    pub(super) fn lose(&self, leaving: &[Arc<Partition>]) {
        self.ours.gate.shut();
        self.lock().over = true;
        leaving.iter().for_each(|partition| partition.fence());
        self.shared.control.begin_anew("partitions were lost to another member of the group".to_owned());
    }

    /// The last turn, or the end of what could not be committed. Answers whether all that was done is committed.
    pub(super) fn finish(&self, deadline: Instant) -> bool {
        let done = !self.shared.control.is_anew() && self.turn(&[], deadline);
        self.ours.gate.shut();
        let mut state = self.lock();
        if !done || state.over {
            state.over = true;
            self.abort();
        }
        done
    }

    /// Ends the transaction that is open and begins the next; does nothing where there is nothing in it. No more is
    /// sent for the partitions that leave. Answers whether it is committed.
    fn turn(&self, leaving: &[Arc<Partition>], deadline: Instant) -> bool {
        let mut state = self.lock();
        if state.over || self.ours.gate.is_shut() {
            return false;
        }
        if leaving.is_empty() && self.ours.gate.used_since().is_none() {
            return true;
        }
        let deadline = self.shared.deadline.get().map_or(deadline, |stop| deadline.min(*stop));
        let start = Instant::now();
        match self.end(&mut state, leaving, deadline) {
            Ok(None) => true,
            Ok(Some(records)) => {
                self.shared.metrics.transaction_committed(records, start.elapsed().as_secs_f64());
                true
            }
            Err(trouble) => {
                state.over = true;
                self.ours.gate.shut();
                leaving.iter().for_each(|partition| partition.fence());
                self.tell(trouble);
                false
            }
        }
    }

    /// The steps of a turn. Answers how many records the positions moved, or none where nothing was committed.
    fn end(&self, state: &mut State, leaving: &[Arc<Partition>], deadline: Instant) -> Result<Option<u64>, Trouble> {
        let (gate, transactions) = (&self.ours.gate, &self.ours.transactions);
        if !gate.close(deadline) {
            return Err(Trouble::Late("a worker waits for room in the producer"));
        }
        // Those that leave are among them: what was sent for them is in this transaction.
        let partitions = self.shared.partitions.unfenced();
        leaving.iter().for_each(|partition| partition.fence());
        if gate.used_since().is_none() {
            gate.open();
            return Ok(None);
        }
        self.wait_acknowledged(deadline)?;
        if gate.is_torn() || partitions.iter().any(|partition| partition.ledger().has_gap()) {
            return Err(Trouble::Torn);
        }
        let moved = moved(&state.committed, &partitions);
        if !moved.is_empty() {
            let offsets: Vec<_> = moved.iter().map(|(_, name, mark)| (name.clone(), mark.position)).collect();
            // Again with the same offsets, as long as it may be made again.
            let send = || transactions.send_offsets(&self.group, &offsets, left(deadline).min(self.ours.limit));
            repeat(deadline, "the offsets wait for the broker", send)?;
            fault::point(Point::AfterOffsetsSent);
        }
        repeat(deadline, "the commit waits for the broker", || transactions.commit(left(deadline).min(SLICE)))?;
        fault::point(Point::AfterCommit);
        transactions.begin()?;
        let before = |slot| state.committed.get(slot).map_or(0, |mark: &Mark| mark.finished);
        let records = moved.iter().map(|(slot, _, mark)| mark.finished.saturating_sub(before(slot))).sum();
        state.committed.extend(moved.into_iter().map(|(slot, _, mark)| (slot, mark)));
        gate.open();
        Ok(Some(records))
    }

    fn wait_acknowledged(&self, deadline: Instant) -> Result<(), Trouble> {
        let gate = &self.ours.gate;
        loop {
            if self.ours.transactions.flush(left(deadline).min(SLICE)) && gate.wait_settled(deadline) {
                return Ok(());
            }
            if self.shared.control.is_anew() || gate.is_shut() {
                return Err(Trouble::Known);
            }
            if Instant::now() >= deadline {
                return Err(Trouble::Late("outputs are not acknowledged"));
            }
        }
    }

    fn tell(&self, trouble: Trouble) {
        self.shared.metrics.error("transaction", Stage::Commit, 1);
        let control = &self.shared.control;
        match trouble {
            Trouble::Known => {}
            Trouble::Kafka(error) => self.ours.give_up(&self.shared, &error),
            Trouble::Late(what) => control.begin_anew(format!("a transaction could not be ended in time: {what}")),
            // Whoever tore it has failed the pipeline, most likely; then this says nothing more.
            Trouble::Torn => control.begin_anew("a record's outputs were not all sent or delivered".to_owned()),
        }
    }

    /// Where nobody else has the id already; a new producer would do it, too, but that may be long in coming.
    fn abort(&self) {
        if self.ours.gate.used_since().is_none() {
            return;
        }
        self.shared.metrics.transaction_aborted();
        let deadline = Instant::now() + ABORT;
        let aborted = match self.ours.transactions.fatal() {
            Some(fatal) => Err(Trouble::Kafka(fatal)),
            None => repeat(deadline, "the abort waits for the broker", || {
                self.ours.transactions.abort(left(deadline).min(SLICE))
            }),
        };
        let name = &self.shared.name;
        match aborted {
            Ok(()) => tracing::warn!(pipeline = name, "transaction aborted; its records come again"),
            Err(trouble) => {
                let why = match trouble {
                    Trouble::Kafka(error) => error.to_string(),
                    Trouble::Late(what) => what.to_owned(),
                    Trouble::Known | Trouble::Torn => String::new(),
                };
                tracing::warn!(
                    pipeline = name,
                    why,
                    "the transaction is left to the broker, or to the next start, to end"
                );
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Positions that are further than what is committed.
fn moved(committed: &HashMap<Slot, Mark>, partitions: &[Arc<Partition>]) -> Vec<(Slot, TopicPartition, Mark)> {
    let news = |partition: &Arc<Partition>| {
        let mark = {
            let ledger = partition.ledger();
            Mark { position: ledger.position()?, finished: ledger.finished() }
        };
        let old = committed.get(&partition.slot);
        let is_news = old.is_none_or(|old| old.position != mark.position);
        is_news.then(|| (partition.slot, partition.name.clone(), mark))
    };
    partitions.iter().filter_map(news).collect()
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// Makes a call again as long as it says that this goes on with it.
fn repeat(
    deadline: Instant,
    what: &'static str,
    mut call: impl FnMut() -> Result<(), TransactionError>,
) -> Result<(), Trouble> {
    loop {
        match call() {
            Err(TransactionError::Later { .. }) if Instant::now() >= deadline => return Err(Trouble::Late(what)),
            // A call that answers at once must not be made in a busy loop.
            Err(TransactionError::Later { .. }) => std::thread::sleep(PAUSE),
            other => return Ok(other?),
        }
    }
}

/// Between two tries of one call.
const PAUSE: Duration = Duration::from_millis(10);
