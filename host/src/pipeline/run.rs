//! Starts a pipeline's threads in order, and stops them in the order in which a record would leave them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::commits::{Commits, Rest};
use super::committer::Committer;
use super::control::Control;
use super::delivery;
use super::exactly_once::{self, Pauses, transactional_id};
use super::failure::Failure;
use super::load::Prepared;
use super::partitions::Partitions;
use super::poller::{Poller, Rebalance};
use super::queue::Queue;
use super::shared::{Shared, Topics};
use super::stages::Stages;
use super::swap::Swap;
use super::transactor::Transactor;
use super::worker::Worker;
use crate::commit::cadence::Cadence;
use crate::commit::client::OffsetCommitter;
use crate::config::{self, Reject};
use crate::kafka::TopicPartition;
use crate::record::Slot;
use crate::sink::{Deliveries, Producer, ProducerSettings};
use crate::source::{Consumer, ConsumerSettings, RebalanceEvents, Start};
use crate::telemetry::health::{PipelineHealth, State};
use crate::telemetry::metrics::Metrics;

/// Bytes of input that wait for the workers, over all of them.
const INPUT_BUDGET: usize = 16 << 20;
/// How long a stop may wait for acknowledgements. Kafka's own consumers wait 30 s when they close.
const DRAIN: Duration = Duration::from_secs(30);
/// How long leaving the group may take.
const LEAVE: Duration = Duration::from_secs(5);
/// How long one commit may take before it counts as failed and is tried again with the next.
const COMMIT: Duration = Duration::from_secs(10);

/// Where a pipeline reports to.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// Counters.
    pub metrics: Metrics,
    /// State.
    pub health: PipelineHealth,
}

impl Telemetry {
    /// The pipeline has entered a state: health says so, and the metric.
    pub(super) fn enter(&self, state: State) {
        self.metrics.state(&state);
        self.health.set(state);
    }
}

/// Runs a pipeline on the brokers given until `control` stops it, and commits what is done.
pub fn run(prepared: &Prepared, brokers: &str, control: &Arc<Control>, telemetry: &Telemetry) -> Result<(), Failure> {
    run_with(prepared, brokers, control, telemetry, &Arc::default())
}

/// The same with guests that `swap` can replace while it runs.
pub fn run_with(
    prepared: &Prepared,
    brokers: &str,
    control: &Arc<Control>,
    telemetry: &Telemetry,
    swap: &Arc<Swap>,
) -> Result<(), Failure> {
    let (mut pauses, mut is_first) = (Pauses::default(), true);
    let name = &prepared.config.name;
    let ended = loop {
        let start = Instant::now();
        let ended = once(prepared, brokers, control, telemetry, swap, is_first);
        is_first = false;
        match control.take_anew().filter(|_| ended.is_ok()) {
            None => break ended,
            Some((why, false)) => {
                let why = format!("the last transaction was not committed, its records will be read again: {why}");
                break Err(Failure::Kafka(why));
            }
            Some((why, true)) => {
                let pause = pauses.after(start.elapsed());
                telemetry.metrics.restarted();
                tracing::warn!(pipeline = name, why, ?pause, "beginning anew from the committed offsets");
                if control.wait(pause) {
                    break Ok(());
                }
            }
        }
    };
    telemetry.enter(match &ended {
        Ok(()) => State::Stopped,
        Err(failure) => State::Failed(failure.to_string()),
    });
    ended
}

/// From connecting to having left the group.
fn once(
    prepared: &Prepared,
    brokers: &str,
    control: &Arc<Control>,
    telemetry: &Telemetry,
    swap: &Arc<Swap>,
    is_first: bool,
) -> Result<(), Failure> {
    telemetry.enter(State::Starting);
    let Some((shared, deliveries)) = share(prepared, brokers, control, telemetry, swap, is_first)? else {
        return Ok(());
    };
    let threads = Threads::start(prepared, brokers, &shared, deliveries, telemetry)?;
    control.wait(Duration::MAX);
    telemetry.enter(State::Draining);
    let drained = threads.stop(&shared);
    let failure = control.failure().or_else(|| drained.err().filter(|_| !control.is_anew()));
    failure.map_or(Ok(()), Err)
}

fn share(
    prepared: &Prepared,
    brokers: &str,
    control: &Arc<Control>,
    telemetry: &Telemetry,
    swap: &Arc<Swap>,
    is_first: bool,
) -> Result<Option<(Arc<Shared>, Deliveries)>, Failure> {
    let config = &prepared.config;
    let id = transactional_id(config)?;
    let kafka = |error: crate::sink::SinkError| Failure::Kafka(error.to_string());
    let settings = ProducerSettings {
        brokers: brokers.to_owned(),
        pipeline: config.name.clone(),
        properties: [&config.kafka.client[..], &config.kafka.producer].concat(),
        transactional_id: id.clone(),
    };
    let (producer, deliveries) = Producer::connect(&settings).map_err(kafka)?;
    // Before the consumer starts: its offsets are certain only when the transaction of an earlier run has ended.
    let transactions = match id {
        None => None,
        Some(id) => match exactly_once::begin(config, id, &producer, control, is_first)? {
            None => return Ok(None),
            begun => begun,
        },
    };
    let dead_letters = match &config.errors.reject {
        Reject::DeadLetter { topic } => Some(topic.clone()),
        Reject::Stop | Reject::Skip => None,
    };
    let count = swap.workers();
    let shared = Shared {
        name: config.name.clone(),
        group: config.source.group.clone(),
        control: control.clone(),
        partitions: Partitions::new(count),
        queues: (0..count).map(|_| Arc::new(Queue::new(INPUT_BUDGET / count, config.source.read_ahead))).collect(),
        metrics: telemetry.metrics.clone(),
        stages: Arc::new(Stages::new(prepared, &telemetry.metrics)),
        swap: swap.clone(),
        producer,
        transactions,
        topics: Topics { output: config.sink.topic.clone(), dead_letters, open: Mutex::default() },
        sink: config.sink.clone(),
        reject: config.errors.reject.clone(),
        deadline: OnceLock::new(),
    };
    Ok(Some((Arc::new(shared), deliveries)))
}

/// A pipeline's threads, from the first a record meets to the last.
struct Threads {
    poller: JoinHandle<Consumer>,
    crew: Crew,
    commits: Arc<Commits>,
}

/// The threads behind the poller. They end only when told.
#[derive(Default)]
struct Crew {
    /// Until their queues are closed.
    workers: Vec<JoinHandle<()>>,
    /// Acknowledgements and commits, until `delivered`.
    servers: Vec<JoinHandle<()>>,
    delivered: Arc<AtomicBool>,
}

/// The consumer needs to know what to do in a rebalance before the committer, which needs the consumer, exists.
#[derive(Default)]
struct Late(Arc<OnceLock<Mutex<Rebalance>>>);

impl Threads {
    fn start(
        prepared: &Prepared,
        brokers: &str,
        shared: &Arc<Shared>,
        deliveries: Deliveries,
        telemetry: &Telemetry,
    ) -> Result<Threads, Failure> {
        let config = &prepared.config;
        let settings = ConsumerSettings {
            brokers: brokers.to_owned(),
            pipeline: config.name.clone(),
            group: config.source.group.clone(),
            topics: config.source.topics.clone(),
            start: match config.source.start {
                config::Start::Earliest => Start::Earliest,
                config::Start::Latest => Start::Latest,
            },
            properties: [&config.kafka.client[..], &config.kafka.consumer].concat(),
        };
        let rebalance = Late::default();
        let late = rebalance.0.clone();
        let consumer = Consumer::connect(&settings, Box::new(rebalance));
        let consumer = consumer.map_err(|error| Failure::Kafka(error.to_string()))?;
        let commits = Arc::new(match &shared.transactions {
            None => {
                Commits::AtLeastOnce(Committer::new(shared.clone(), OffsetCommitter::new(consumer.group(), COMMIT)))
            }
            Some(ours) => Commits::ExactlyOnce(Transactor::new(shared.clone(), ours.clone(), consumer.group())),
        });
        let events = Rebalance::new(shared.clone(), commits.clone());
        drop(late.set(Mutex::new(events)));

        let mut crew = Crew::default();
        let cadence = Cadence::new(config.commit.interval, config.commit.records, Instant::now());
        let started = crew.start(shared, deliveries, &commits, cadence).and_then(|()| {
            let poller = Poller::new(shared.clone(), consumer, telemetry.clone());
            spawn("poller", &shared.control, move || poller.run())
        });
        match started {
            Ok(poller) => Ok(Threads { poller, crew, commits }),
            Err(failure) => {
                // Nothing was polled yet, so there is nothing to finish.
                crew.dismiss(&shared.queues, &shared.control);
                Err(failure)
            }
        }
    }

    /// Stops polling, lets the workers finish the call they are in, waits for acknowledgements, commits, leaves.
    fn stop(self, shared: &Arc<Shared>) -> Result<(), Failure> {
        let died = |what: &str| Failure::Host(format!("the {what} thread died; this is a fault of Millstream"));
        let (mut crew, commits) = (self.crew, self.commits);
        let Ok(consumer) = self.poller.join() else {
            crew.dismiss(&shared.queues, &shared.control);
            return Err(died("polling"));
        };
        let deadline = Instant::now() + DRAIN;
        let _ = shared.deadline.set(deadline);
        let workers_died = !crew.end_work(&shared.queues);
        let Rest { unacknowledged, committed } = commits.finish(shared, deadline, || crew.end_service());
        if let Err(error) = consumer.close(LEAVE) {
            tracing::warn!(pipeline = shared.name, "{error}");
        }
        if workers_died {
            return Err(died("worker"));
        }
        match (unacknowledged, committed) {
            (0, true) => Ok(()),
            (0, false) => Err(Failure::Kafka("the last commit failed; some records will be read again".into())),
            (left, _) => Err(Failure::Kafka(format!(
                "{left} outputs were not acknowledged within {} s; their records are not committed and will be read again",
                DRAIN.as_secs()
            ))),
        }
    }
}

impl Crew {
    fn start(
        &mut self,
        shared: &Arc<Shared>,
        deliveries: Deliveries,
        commits: &Arc<Commits>,
        cadence: Cadence,
    ) -> Result<(), Failure> {
        let control = &shared.control;
        let (served, done) = (shared.clone(), self.delivered.clone());
        self.servers.push(spawn("delivery", control, move || delivery::run(&served, deliveries, &done))?);
        let (committing, done) = (commits.clone(), self.delivered.clone());
        self.servers.push(spawn("committer", control, move || committing.run(cadence, &done))?);
        for (index, worker) in bring_up(shared)?.into_iter().enumerate() {
            self.workers.push(spawn(&format!("worker-{index}"), control, move || worker.run())?);
        }
        Ok(())
    }

    /// Lets the workers finish the call they are in. Answers whether all ended well.
    fn end_work(&mut self, queues: &[Arc<Queue>]) -> bool {
        queues.iter().for_each(|queue| queue.close());
        // All are waited for, whatever the first of them ended with.
        let ends: Vec<_> = self.workers.drain(..).map(JoinHandle::join).collect();
        ends.iter().all(Result::is_ok)
    }

    fn end_service(&mut self) {
        self.delivered.store(true, Ordering::Relaxed);
        self.servers.drain(..).for_each(|server| drop(server.join()));
    }

    /// Ends all that was started, whatever of it that is: a pipeline that cannot run leaves nothing running.
    fn dismiss(mut self, queues: &[Arc<Queue>], control: &Control) {
        control.drain();
        self.end_work(queues);
        self.end_service();
    }
}

/// All workers, at the same time: each has instances of its own, and those of interpreters take a while.
fn bring_up(shared: &Arc<Shared>) -> Result<Vec<Worker>, Failure> {
    std::thread::scope(|scope| {
        let start = |(number, queue): (usize, &Arc<Queue>)| {
            let (shared, queue) = (shared.clone(), queue.clone());
            let thread = std::thread::Builder::new().name("start".into());
            let thread = thread.spawn_scoped(scope, move || Worker::new(shared, queue, number));
            thread.map_err(|error| Failure::Host(format!("cannot start a thread for a worker: {error}")))
        };
        let threads = shared.queues.iter().enumerate().map(start).collect::<Result<Vec<_>, _>>()?;
        let workers = threads.into_iter().map(|thread| match thread.join() {
            Ok(worker) => worker,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        workers.collect()
    })
}

impl RebalanceEvents for Late {
    fn assigned(&mut self, partitions: &[TopicPartition]) -> Vec<Slot> {
        self.with(|events| events.assigned(partitions)).unwrap_or_default()
    }

    fn revoked(&mut self, partitions: &[(TopicPartition, Slot)]) {
        self.with(|events| events.revoked(partitions));
    }

    fn lost(&mut self, partitions: &[(TopicPartition, Slot)]) {
        self.with(|events| events.lost(partitions));
    }
}

impl Late {
    /// Rebalances happen within polls, and polling begins when the events are set.
    fn with<T>(&self, act: impl FnOnce(&mut Rebalance) -> T) -> Option<T> {
        let events = self.0.get()?;
        Some(act(&mut events.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Starts a thread of the pipeline. One that dies must not leave the others running as if nothing were missing.
fn spawn<T: Send + 'static>(
    name: &str,
    control: &Arc<Control>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Failure> {
    let alarm = Alarm { name: name.to_owned(), control: control.clone() };
    let watched = move || {
        let done = work();
        drop(alarm);
        done
    };
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(watched);
    thread.map_err(|error| Failure::Host(format!("cannot start the {name} thread: {error}")))
}

/// Stops the pipeline when its thread panics.
struct Alarm {
    name: String,
    control: Arc<Control>,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let why = format!("the {} thread died; this is a fault of Millstream, please report it", self.name);
            self.control.fail(Failure::Host(why));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Duration = Duration::from_millis(2);

    #[test]
    fn a_start_that_fails_half_way_leaves_no_thread_behind() {
        let control = Arc::new(Control::default());
        let queues = [Arc::new(Queue::new(1 << 20, true)), Arc::new(Queue::new(1 << 20, true))];
        let mut crew = Crew::default();
        let running = Arc::new(());
        let (held, done) = (running.clone(), crew.delivered.clone());
        let serve = move || {
            while !done.load(Ordering::Relaxed) {
                std::thread::sleep(LOOK);
            }
            drop(held);
        };
        crew.servers.push(spawn("delivery", &control, serve).unwrap());
        let (held, queue) = (running.clone(), queues[0].clone());
        let work = move || {
            assert!(queue.pop().is_none(), "nothing was polled");
            drop(held);
        };
        crew.workers.push(spawn("worker-0", &control, work).unwrap());
        // The second worker, the committer and the poller never came to be.
        assert_eq!(Arc::strong_count(&running), 3);
        crew.dismiss(&queues, &control);
        assert_eq!(Arc::strong_count(&running), 1, "all ended");
        assert!(control.stopping());
        assert_eq!(control.failure().map(|failure| failure.to_string()), None, "and none of them died");
    }

    #[test]
    fn a_thread_that_dies_stops_the_pipeline() {
        let control = Arc::new(Control::default());
        let thread = spawn("worker-0", &control, || panic!("planted")).unwrap();
        assert!(thread.join().is_err());
        assert!(control.stopping());
        let text = control.failure().unwrap().to_string();
        assert_eq!(text, "the worker-0 thread died; this is a fault of Millstream, please report it");
    }
}
