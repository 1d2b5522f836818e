//! The polling thread: nothing but polling. It waits for guests half a second in a round at most, so Kafka never takes
//! the consumer for dead.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::commits::{Commits, Left};
use super::failure::Failure;
use super::partitions::Partition;
use super::queue::Queue;
use super::run::Telemetry;
use super::shared::Shared;
use crate::fault::{self, Point};
use crate::kafka::{ErrorClass, TopicPartition};
use crate::record::{Batch, Parts, Slot};
use crate::source::{Consumer, RawRecord, RebalanceEvents};
use crate::telemetry::health::State;
use crate::telemetry::metrics::{Lag, Stage};

/// Records taken in one poll, at most.
const POLL_RECORDS: usize = 4096;
/// Bytes after which a batch is handed to its worker in the middle of a poll.
const BATCH_BYTES: usize = 1 << 20;
/// How long a poll waits for the first record.
const POLL_WAIT: Duration = Duration::from_millis(100);
/// How long full workers together may hold up polling before their partitions are paused: a pause throws prefetched
/// records away, so short stalls are better waited out.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often the lag is looked at.
const LAG_INTERVAL: Duration = Duration::from_secs(1);

/// Polls, and hands records to the workers.
pub(super) struct Poller {
    shared: Arc<Shared>,
    consumer: Consumer,
    lanes: Vec<Lane>,
    telemetry: Telemetry,
    lags: HashMap<Slot, Lag>,
}

/// The way to one worker.
struct Lane {
    queue: Arc<Queue>,
    building: Batch,
    paused: Vec<Slot>,
}

impl Poller {
    pub(super) fn new(shared: Arc<Shared>, consumer: Consumer, telemetry: Telemetry) -> Self {
        let lane = |queue: &Arc<Queue>| Lane { queue: queue.clone(), building: Batch::default(), paused: Vec::new() };
        let lanes = shared.queues.iter().map(lane).collect();
        Poller { shared, consumer, lanes, telemetry, lags: HashMap::new() }
    }

    /// Polls until the pipeline stops; gives the consumer back, so that the last commit can be made with it.
    pub(super) fn run(mut self) -> Consumer {
        // Ready also without a partition: one of more members than partitions stands by.
        self.telemetry.enter(State::Running);
        let mut next_lag = Instant::now();
        while !self.shared.control.stopping() {
            let now = Instant::now();
            self.telemetry.health.beat(now);
            self.balance();
            if let Err(failure) = self.poll() {
                self.shared.control.fail(failure);
            }
            if now >= next_lag {
                next_lag = now + LAG_INTERVAL;
                self.look_at_lag();
            }
        }
        self.consumer
    }

    fn poll(&mut self) -> Result<(), Failure> {
        let Poller { consumer, lanes, shared, .. } = self;
        let mut taken = true;
        // Records of a partition come in long runs, so its worker is looked up once for each.
        let mut run: Option<(Slot, usize)> = None;
        let mut take = |raw: RawRecord<'_>| {
            let worker = match run {
                Some((slot, worker)) if slot == raw.slot => worker,
                _ => shared.partitions.get(raw.slot).map_or(0, |partition| partition.worker),
            };
            run = Some((raw.slot, worker));
            if let Some(lane) = lanes.get_mut(worker) {
                taken &= lane.take(raw);
            }
        };
        let polled = consumer.poll(POLL_RECORDS, POLL_WAIT, &mut take);
        let mut handed = false;
        for lane in lanes.iter_mut() {
            handed |= lane.flush();
        }
        if handed {
            fault::point(Point::AfterPoll);
        }
        if !taken {
            return Err(Failure::Host("a record of more than 4 GiB cannot be taken".into()));
        }
        match polled {
            Ok(polled) => {
                shared.note(&polled.troubles, Stage::Source);
                Ok(())
            }
            Err(error) => match error.class() {
                ErrorClass::TopicMissing | ErrorClass::Unauthorized => Err(Failure::Environment(error.to_string())),
                _ => Err(Failure::Kafka(error.to_string())),
            },
        }
    }

    /// Back-pressure: waits a little for workers that are full, then pauses their partitions; lets them go on when
    /// half of what waited is done. Polling itself never stops.
    fn balance(&mut self) {
        let Poller { consumer, lanes, shared, .. } = self;
        let until = Instant::now() + PATIENCE;
        let left = || until.saturating_duration_since(Instant::now());
        for (worker, lane) in lanes.iter_mut().enumerate() {
            lane.paused.retain(|slot| shared.partitions.get(*slot).is_some_and(|partition| partition.is_active()));
            if !lane.paused.is_empty() && lane.queue.is_low() {
                consumer.resume(&lane.paused);
                lane.paused.clear();
                continue;
            }
            let waits = lane.paused.is_empty();
            if lane.queue.has_room() || waits && lane.queue.wait_for_room(left()) {
                continue;
            }
            // Also those that came while the others were paused already.
            let mine = shared.partitions.active().into_iter().filter(|partition| partition.worker == worker);
            let more: Vec<Slot> = mine.map(|partition| partition.slot).filter(|s| !lane.paused.contains(s)).collect();
            if !more.is_empty() {
                consumer.pause(&more);
                lane.paused.extend(more);
            }
        }
    }

    fn look_at_lag(&mut self) {
        let active = self.shared.partitions.active();
        let ours = |slot: &Slot| active.iter().any(|partition| partition.slot == *slot);
        self.lags.retain(|slot, _| ours(slot));
        for progress in self.consumer.progress() {
            if let Some(lag) = progress.lag() {
                let TopicPartition { topic, partition } = &progress.partition;
                let new = || self.shared.metrics.lag(topic, *partition);
                self.lags.entry(progress.slot).or_insert_with(new).set(lag as i64);
            }
        }
    }
}

impl Lane {
    /// Takes a record. What was fetched may be much larger than it came, by compression, so a batch is handed over as
    /// soon as it is large. Answers `false` for a record that is too large for any batch.
    fn take(&mut self, raw: RawRecord<'_>) -> bool {
        let RawRecord { slot, offset, timestamp, log_append, key, value, headers } = raw;
        if self.building.byte_len() >= BATCH_BYTES {
            self.flush();
        }
        let parts = Parts { slot, offset, timestamp, log_append, key, value };
        self.building.push(parts, headers.clone()) || {
            self.flush();
            self.building.push(parts, headers)
        }
    }

    /// Hands over what there is; answers whether there was anything.
    fn flush(&mut self) -> bool {
        let some = !self.building.is_empty();
        if some {
            let next = self.queue.spare();
            self.queue.push(std::mem::replace(&mut self.building, next));
        }
        some
    }
}

/// What happens when partitions come and go. Called on the polling thread, from within a poll.
pub(super) struct Rebalance {
    shared: Arc<Shared>,
    commits: Arc<Commits>,
}

impl Rebalance {
    pub(super) fn new(shared: Arc<Shared>, commits: Arc<Commits>) -> Self {
        Rebalance { shared, commits }
    }

    fn retire(&self, partitions: &[(TopicPartition, Slot)]) -> Vec<Arc<Partition>> {
        let leaving: Vec<_> = partitions.iter().filter_map(|(_, slot)| self.shared.partitions.get(*slot)).collect();
        leaving.iter().for_each(|partition| partition.retire());
        leaving
    }
}

impl RebalanceEvents for Rebalance {
    fn assigned(&mut self, partitions: &[TopicPartition]) -> Vec<Slot> {
        let slots: Vec<Slot> = partitions.iter().filter_map(|name| self.shared.partitions.assign(name)).collect();
        if slots.len() < partitions.len() {
            let why = "more than 65,536 partitions were assigned or have records in flight";
            self.shared.control.fail(Failure::Host(why.into()));
        }
        let names: Vec<_> = partitions.iter().map(ToString::to_string).collect();
        tracing::info!(pipeline = self.shared.name, partitions = names.join(" "), "partitions assigned");
        slots
    }

    /// Revoked partitions finish what is in flight and are committed before they move on.
    fn revoked(&mut self, partitions: &[(TopicPartition, Slot)]) {
        let leaving = self.retire(partitions);
        let Left { drained, committed } = self.commits.revoke(&self.shared, &leaving);
        let names: Vec<_> = partitions.iter().map(|(name, _)| name.to_string()).collect();
        tracing::info!(
            pipeline = self.shared.name,
            partitions = names.join(" "),
            drained,
            committed,
            "partitions revoked"
        );
    }

    /// Lost partitions have another owner already: what is in flight may come twice, and nothing may be committed.
    fn lost(&mut self, partitions: &[(TopicPartition, Slot)]) {
        let leaving = self.retire(partitions);
        self.commits.lose(&leaving);
        let names: Vec<_> = partitions.iter().map(|(name, _)| name.to_string()).collect();
        tracing::warn!(pipeline = self.shared.name, partitions = names.join(" "), "partitions lost");
    }
}
