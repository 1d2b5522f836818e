//! One group member: records out, partitions in and out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::assignment::{Assignment, Place as Held};
use super::native::{Ask, Member, Message, Rebalance};
use super::{ConsumerSettings, Place, Polled, Progress, RawRecord, RebalanceEvents, SourceError, Start, sort};
use crate::kafka::epochs::Epochs;
use crate::kafka::error::Code;
use crate::kafka::logging::RepeatGate;
use crate::kafka::native::{Group, Partitions};
use crate::kafka::{TopicPartition, properties};
use crate::record::Slot;

/// How long dropping a consumer that nobody closed may take.
const DROP_BOUND: Duration = Duration::from_secs(3);

/// One turn of waiting while the group is being left.
const CLOSE_TURN: Duration = Duration::from_millis(20);

/// A member of a consumer group. Polled by one thread; [`Consumer::group`] is for the committer's.
pub struct Consumer {
    member: Member,
    assignment: Assignment,
    epochs: Arc<Epochs>,
    news: RepeatGate,
    events: Box<dyn RebalanceEvents>,
    /// Its group's name.
    group: String,
    closed: bool,
    leaving: Leaving,
}

/// How far a member has come on its way out of the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    No,
    Asked,
    /// It has given up all it held with one answer. A later one could cross with the end of the group handler, and
    /// librdkafka would wait for ever for its result.
    Answered,
}

/// The topic and partition of the records at hand: neighbours mostly share them.
struct Run {
    key: usize,
    partition: i32,
    found: Option<(Held, Slot)>,
}

impl Consumer {
    /// Starts a client and asks to join the group. Does not wait for a broker: run the probe first.
    pub fn connect(settings: &ConsumerSettings, events: Box<dyn RebalanceEvents>) -> Result<Consumer, SourceError> {
        let refused = |reason| SourceError::Settings { reason };
        if let Some(topic) = settings.topics.iter().find(|topic| topic.is_empty() || topic.starts_with('^')) {
            return Err(refused(format!("`{topic}` is no topic's name; patterns are not taken")));
        }
        let reset = match settings.start {
            Start::Earliest => "earliest",
            Start::Latest => "latest",
        };
        let ConsumerSettings { pipeline, brokers, group, properties, .. } = settings;
        let conf = properties::consumer_conf(pipeline, brokers, group, reset, properties).map_err(refused)?;
        let member = Member::join(conf, &settings.topics).map_err(refused)?;
        Ok(Consumer {
            member,
            group: group.clone(),
            assignment: Assignment::default(),
            epochs: Arc::default(),
            news: RepeatGate::default(),
            events,
            closed: false,
            leaving: Leaving::No,
        })
    }

    /// The membership, for committing from another thread or from inside [`RebalanceEvents`].
    pub fn group(&self) -> Group {
        Group { client: self.member.client().clone(), epochs: self.epochs.clone() }
    }

    /// Hands over at most `max` records that are there, or waits up to `timeout` for the first; answers rebalances.
    ///
    /// A rebalance is answered only while no records are under way: when one comes with records, it waits for the
    /// next poll. So the caller has put all it was handed where its [`RebalanceEvents`] look for it.
    ///
    /// On an error, records handed over before it are good, and nothing more comes from the partition it is about.
    pub fn poll(
        &mut self,
        max: usize,
        timeout: Duration,
        sink: &mut dyn FnMut(RawRecord<'_>),
    ) -> Result<Polled, SourceError> {
        self.answer_rebalances()?;
        let mut polled = Polled::default();
        let mut failure = self.hand_over(max, timeout, &mut polled, sink).err();
        if polled.records == 0 {
            failure = failure.or(self.answer_rebalances().err());
        }
        for (code, reason) in self.member.take_errors() {
            match self.sort_error(code, &reason) {
                Ok(trouble) => polled.troubles.push(trouble),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        polled.troubles.retain(|trouble| self.news.is_news(trouble));
        failure.map_or(Ok(polled), Err)
    }

    fn answer_rebalances(&mut self) -> Result<(), SourceError> {
        let answers = self.member.take_rebalances().into_iter().map(|rebalance| self.rebalance(rebalance));
        // All are answered, whatever one of them ends with; the first error counts.
        answers.collect::<Vec<_>>().into_iter().collect()
    }

    fn hand_over(
        &mut self,
        max: usize,
        timeout: Duration,
        polled: &mut Polled,
        sink: &mut dyn FnMut(RawRecord<'_>),
    ) -> Result<(), SourceError> {
        let mut run: Option<Run> = None;
        let mut failure = None;
        let fetched = self.member.fetch(max, timeout);
        for message in fetched.iter() {
            if message.code() != Code::NONE {
                match sort_message(&message, &self.group) {
                    Ok(trouble) => polled.troubles.push(trouble),
                    Err(error) => {
                        // Whatever the error, what comes behind it in this partition may not be handed over.
                        self.assignment.block(&TopicPartition::new(message.topic_name(), message.partition()));
                        run = None;
                        failure = failure.or(Some(error));
                    }
                }
                continue;
            }
            let (key, partition) = (message.topic_key(), message.partition());
            let same = run.as_ref().filter(|run| run.key == key && run.partition == partition);
            let found = match same {
                Some(run) => run.found,
                None => {
                    let place = self.assignment.find(key, partition, || message.topic_name());
                    let found = place.and_then(|place| Some((place, self.assignment.open_slot(place)?)));
                    run = Some(Run { key, partition, found });
                    found
                }
            };
            // A partition that is not ours (any more): its records will come to whoever has it.
            let Some((place, slot)) = found else { continue };
            let epoch = message.leader_epoch();
            if let Some(partition) = self.assignment.epoch_changed(place, epoch) {
                self.epochs.changed(partition, message.offset(), epoch);
            }
            let (timestamp, log_append) = message.timestamp();
            sink(RawRecord {
                slot,
                offset: message.offset(),
                timestamp,
                log_append,
                key: message.key(),
                value: message.value(),
                headers: message.headers(),
            });
            polled.records += 1;
        }
        failure.map_or(Ok(()), Err)
    }

    fn sort_error(&self, code: Code, reason: &str) -> Result<crate::kafka::Trouble, SourceError> {
        let place = Place { partition: TopicPartition::new("", -1), offset: -1, group: &self.group };
        match self.member.client().fatal().filter(|_| code == Code::FATAL) {
            Some((code, reason)) => Err(SourceError::Fatal { name: code.name(), reason }),
            None => sort(code, reason, place),
        }
    }

    fn rebalance(&mut self, rebalance: Rebalance) -> Result<(), SourceError> {
        let Rebalance { ask, partitions } = rebalance;
        match ask {
            Ask::Take => {
                partitions.iter().for_each(|partition| self.epochs.forget(partition));
                let slots = self.events.assigned(&partitions);
                if slots.len() != partitions.len() {
                    // Unanswered, so the client fetches nothing of them.
                    let reason = format!("{} slots for {} partitions", slots.len(), partitions.len());
                    return Err(SourceError::Fatal { name: "NO_SLOT".to_owned(), reason });
                }
                for (partition, slot) in partitions.iter().zip(slots) {
                    self.assignment.add(partition.clone(), slot);
                }
            }
            Ask::GiveUp | Ask::Lost => {
                let gone: Vec<_> = self.assignment.iter().filter(|(held, _)| partitions.contains(held)).collect();
                let gone: Vec<_> = gone.into_iter().map(|(held, slot)| (held.clone(), slot)).collect();
                match ask {
                    Ask::Lost => self.events.lost(&gone),
                    _ => self.events.revoked(&gone),
                }
                self.assignment.remove(&partitions);
            }
        }
        if self.leaving == Leaving::Answered {
            return Ok(());
        }
        let refused = |(code, reason): (Code, String)| SourceError::Fatal { name: code.name(), reason };
        let list = Partitions::of(&partitions);
        self.member.answer(ask, &list).map_err(refused)?;
        if self.leaving == Leaving::Asked {
            self.leaving = Leaving::Answered;
        }
        if matches!(ask, Ask::Take) {
            // librdkafka keeps a pause over assignments; whoever paused it did so for an assignment that has ended.
            self.member.resume(&list);
        }
        Ok(())
    }

    /// Stops fetching these. What was prefetched for them is thrown away, so do not do it often. Slots that are not
    /// held any more are passed over.
    pub fn pause(&mut self, slots: &[Slot]) {
        self.member.pause(&Partitions::of(self.assignment.of_slots(slots)));
    }

    /// Goes on fetching these, from the record after the last one handed over.
    pub fn resume(&mut self, slots: &[Slot]) {
        self.member.resume(&Partitions::of(self.assignment.of_slots(slots)));
    }

    /// How far each assigned partition has come, from the client's memory: asks no broker.
    pub fn progress(&self) -> Vec<Progress> {
        if self.assignment.is_empty() {
            return Vec::new();
        }
        let list = Partitions::of(self.assignment.iter().map(|(partition, _)| partition));
        self.member.positions(&list);
        let known = |offset: i64| (offset >= 0).then_some(offset);
        let progress = |((partition, slot), row): ((&TopicPartition, Slot), crate::kafka::native::PartitionRow)| {
            let (_, end) = self.member.watermarks(partition);
            Progress { slot, partition: partition.clone(), position: known(row.offset), end: known(end) }
        };
        self.assignment.iter().zip(list.rows()).map(progress).collect()
    }

    /// Leaves the group: the last [`RebalanceEvents::revoked`] comes, then the group is told. Records that are still
    /// queued are dropped; they were never handed over. Returns after `bound` at the latest, not counting the time
    /// that `revoked` takes. Whoever drops the last of this and its [`Group`]s waits a few seconds more at most for the
    /// client's end.
    pub fn close(mut self, bound: Duration) -> Result<(), SourceError> {
        self.leave(bound)
    }

    fn leave(&mut self, bound: Duration) -> Result<(), SourceError> {
        self.closed = true;
        let mut failure = self.answer_rebalances().err();
        self.member.leave();
        self.leaving = Leaving::Asked;
        let mut left = bound;
        while !self.member.client().has_left() {
            if left.is_zero() || self.member.client().fatal().is_some() {
                return Err(failure.unwrap_or(SourceError::CloseLate { bound }));
            }
            let started = Instant::now();
            drop(self.member.fetch(1_000, CLOSE_TURN.min(left)));
            left = left.saturating_sub(started.elapsed());
            failure = failure.or(self.answer_rebalances().err());
        }
        Ok(())
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        if !self.closed {
            // Without a word of leave the partitions would stand still until the session ends.
            if let Err(error) = self.leave(DROP_BOUND) {
                tracing::warn!(target: "millstream::kafka", "{error}");
            }
        }
    }
}

fn sort_message(message: &Message<'_>, group: &str) -> Result<crate::kafka::Trouble, SourceError> {
    let partition = TopicPartition::new(message.topic_name(), message.partition());
    sort(message.code(), &message.error_text(), Place { partition, offset: message.offset(), group })
}
