//! Where an output goes: the topic and partition that a guest named, if the pipeline allows them and the cluster has them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::failure::Failure;
use super::rejection::Rejection;
use super::shared::Shared;
use crate::record::Envelope;
use crate::sink::Partitions;
use crate::telemetry::printable::printable;

/// How long to wait for the broker to say what topics it has before looking whether to go on.
const ASK: Duration = Duration::from_secs(5);
/// Topics and partitions may be added: what was not there is asked about again, but not for every record.
const ASK_AGAIN: Duration = Duration::from_secs(10);
/// Longest name of a topic that is shown, in bytes: Kafka's own limit.
const TOPIC: usize = 249;
/// Topics that guests may choose by patterns, at most: each is kept open.
const MOST_TOPICS: usize = 1000;

/// The topics that one worker has written to.
pub(super) struct Addresses {
    topics: Vec<Known>,
    numbers: HashMap<String, usize>,
}

/// One of them.
struct Known {
    name: String,
    /// How many partitions it has and when that was asked; nothing before a guest named the topic or a partition of it.
    partitions: Option<(usize, Instant)>,
}

/// Why an output has no place in the topic that a guest wants.
pub(super) fn not_allowed(topic: &str) -> Rejection {
    let topic = printable(topic, TOPIC);
    let why = format!("the guest wants the topic `{topic}`, which `topics` in [sink] does not allow");
    Rejection::sink("topic-not-allowed", why)
}

impl Addresses {
    pub(super) fn new(shared: &Shared) -> Addresses {
        let own = shared.topics.output.clone();
        let numbers = HashMap::from([(own.clone(), 0)]);
        Addresses { topics: vec![Known { name: own, partitions: None }], numbers }
    }

    /// The name of a topic by its number.
    pub(super) fn name(&self, topic: usize) -> &str {
        self.topics.get(topic).map_or("", |known| &known.name)
    }

    /// The number of an output's topic, or why the output cannot go where the guest wants it.
    pub(super) fn find(
        &mut self,
        shared: &Shared,
        set: Option<&Envelope>,
    ) -> Result<Result<usize, Rejection>, Failure> {
        let Some(set) = set else { return Ok(Ok(0)) };
        let topic = match set.topic() {
            None => 0,
            Some(name) => match self.topic(shared, name) {
                Ok(topic) => topic,
                Err(rejection) => return Ok(Err(rejection)),
            },
        };
        // The sink's own topic was looked for at start; it has no partition to look for unless a guest names one.
        if topic == 0 && set.partition().is_none() {
            return Ok(Ok(0));
        }
        let wanted = set.partition().and_then(|partition| usize::try_from(partition).ok()).unwrap_or(0);
        let count = self.count(shared, topic, wanted)?;
        if wanted < count {
            return Ok(Ok(topic));
        }
        let name = printable(self.name(topic), TOPIC);
        Ok(Err(match count {
            0 => Rejection::sink("no-such-topic", format!("the guest wants the topic `{name}`, which does not exist")),
            _ => Rejection::sink(
                "no-such-partition",
                format!("the guest wants partition {wanted} of topic `{name}`, which has {count}"),
            ),
        }))
    }

    fn topic(&mut self, shared: &Shared, name: &str) -> Result<usize, Rejection> {
        if let Some(topic) = self.numbers.get(name) {
            return Ok(*topic);
        }
        if !shared.sink.allows(name) {
            return Err(not_allowed(name));
        }
        if self.topics.len() >= MOST_TOPICS {
            let why = format!("the guest wants the topic `{name}`, but has named {MOST_TOPICS} topics already");
            return Err(Rejection::sink("too-many-topics", why));
        }
        self.numbers.insert(name.to_owned(), self.topics.len());
        self.topics.push(Known { name: name.to_owned(), partitions: None });
        Ok(self.topics.len() - 1)
    }

    /// How many partitions a topic has, 0 where there is none. A cluster that has trouble is waited for.
    fn count(&mut self, shared: &Shared, topic: usize, wanted: usize) -> Result<usize, Failure> {
        let Some(known) = self.topics.get_mut(topic) else { return Ok(0) };
        if let Some((count, asked)) = known.partitions
            && (wanted < count || asked.elapsed() < ASK_AGAIN)
        {
            return Ok(count);
        }
        // So that the client knows of the topic.
        shared.topics.get(&shared.producer, &known.name)?;
        // A broker that makes topics when they are asked for says at first that there is none.
        let mut tries = 0;
        loop {
            tries += 1;
            match shared.producer.partitions(&known.name, ASK) {
                Partitions::Known(0) if tries < TRIES => {}
                Partitions::Known(count) => {
                    known.partitions = Some((count, Instant::now()));
                    return Ok(count);
                }
                Partitions::Unauthorized(reason) => {
                    let why = format!("the broker refuses to say anything of topic `{}`: {reason}", known.name);
                    return Err(Failure::Kafka(why));
                }
                Partitions::Later(reason) => {
                    tracing::warn!(pipeline = shared.name, topic = known.name, "waiting for the topic: {reason}");
                }
            }
            if shared.abandoned() {
                let why = format!("stopped while waiting to hear of topic `{}`", known.name);
                return Err(Failure::Kafka(why));
            }
            std::thread::sleep(ROUND);
        }
    }
}

/// Questions before a topic counts as missing.
const TRIES: usize = 3;
/// Between two questions.
const ROUND: Duration = Duration::from_millis(200);
