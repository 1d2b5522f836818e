//! What tests ask of a broker: topics made and removed, ends, committed offsets, and waiting for either.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::Offset;

use crate::kafka::client;
use crate::{Broker, Cluster, Result, RigError};

const CALL: Duration = Duration::from_secs(10);

impl Broker {
    /// Creates a topic and waits until every partition has a leader.
    pub fn create_topic(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) -> Result<()> {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        for (key, value) in settings {
            topic = topic.set(key, value);
        }
        let made = block_on(self.admin.create_topics([&topic], &AdminOptions::new()));
        let made = made.map_err(RigError::doing(format!("creating topic {name}")))?;
        if let Some(Err((_, code))) = made.first() {
            return Err(RigError::new(format!("creating topic {name}: {code}")));
        }
        let deadline = Instant::now() + CALL;
        loop {
            let metadata = self.probe.fetch_metadata(Some(name), CALL);
            let led = metadata.is_ok_and(|m| {
                m.topics().iter().any(|t| {
                    t.partitions().len() == partitions as usize && t.partitions().iter().all(|p| p.leader() >= 0)
                })
            });
            if led {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(RigError::new(format!("topic {name} was created but has no leaders")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sets one of a topic's settings; all others go back to the broker's own.
    pub fn set_topic(&self, name: &str, setting: &str, value: &str) -> Result<()> {
        let wanted = AlterConfig::new(ResourceSpecifier::Topic(name)).set(setting, value);
        let done = block_on(self.admin.alter_configs([&wanted], &AdminOptions::new()));
        match done.map_err(RigError::doing(format!("setting {setting} of topic {name}")))?.first() {
            Some(Err((_, code))) => Err(RigError::new(format!("setting {setting} of topic {name}: {code}"))),
            _ => Ok(()),
        }
    }

    /// Removes a topic; its files go a second later.
    pub fn delete_topic(&self, name: &str) -> Result<()> {
        let gone = block_on(self.admin.delete_topics(&[name], &AdminOptions::new()));
        match gone.map_err(RigError::doing(format!("deleting topic {name}")))?.first() {
            Some(Err((_, code))) => Err(RigError::new(format!("deleting topic {name}: {code}"))),
            _ => Ok(()),
        }
    }

    /// The end offset of every partition.
    pub fn ends(&self, topic: &str) -> Result<Vec<i64>> {
        let metadata = self.probe.fetch_metadata(Some(topic), CALL);
        let metadata = metadata.map_err(RigError::doing(format!("asking for topic {topic}")))?;
        let partitions = metadata.topics().first().map_or(0, |t| t.partitions().len()) as i32;
        self.ends_of(topic, partitions)
    }

    /// The same where the number of partitions is known: one question less.
    pub fn ends_of(&self, topic: &str, partitions: i32) -> Result<Vec<i64>> {
        (0..partitions).map(|p| self.end(topic, p)).collect()
    }

    fn end(&self, topic: &str, partition: i32) -> Result<i64> {
        let deadline = Instant::now() + CALL;
        loop {
            match self.probe.fetch_watermarks(topic, partition, CALL) {
                Ok((_, high)) => return Ok(high),
                // Just after creation a leader may still be unknown to the client.
                Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(20)),
                Err(why) => return Err(RigError::new(format!("asking for the end of {topic}-{partition}: {why}"))),
            }
        }
    }

    /// How many records a topic has (without transactions, whose markers take offsets).
    pub fn count(&self, topic: &str) -> Result<u64> {
        Ok(self.ends(topic)?.iter().sum::<i64>() as u64)
    }

    /// Waits until a topic has at least so many records, asking every `step`; answers how many it has.
    pub fn wait_count(&self, topic: &str, wanted: u64, limit: Duration, step: Duration) -> Result<u64> {
        let deadline = Instant::now() + limit;
        loop {
            let count = self.count(topic)?;
            if count >= wanted {
                return Ok(count);
            }
            if Instant::now() > deadline {
                return Err(RigError::new(format!("topic {topic} has {count} of {wanted} records after {limit:?}")));
            }
            std::thread::sleep(step);
        }
    }

    /// Hands every record that a topic has by now to `each`, as key and value, in no particular order of partitions.
    pub fn read_all(&self, topic: &str, each: impl FnMut(&[u8], &[u8])) -> Result<u64> {
        self.read_as(topic, "read_committed", each)
    }

    /// How many records a reader of this isolation level finds in a topic by now.
    pub fn readable(&self, topic: &str, isolation: &str) -> Result<u64> {
        self.read_as(topic, isolation, |_, _| ())
    }

    fn read_as(&self, topic: &str, isolation: &str, mut each: impl FnMut(&[u8], &[u8])) -> Result<u64> {
        let reading = || format!("reading topic {topic}");
        let consumer: BaseConsumer = client(self.address())
            .set("group.id", "the-rig-reads-without-a-group")
            .set("enable.auto.commit", "false")
            .set("fetch.queue.backoff.ms", "5")
            .set("enable.partition.eof", "true")
            .set("isolation.level", isolation)
            .create()
            .map_err(RigError::doing(reading()))?;
        let mut left = self.ends(topic)?.len();
        let mut list = TopicPartitionList::new();
        for partition in 0..left as i32 {
            list.add_partition_offset(topic, partition, Offset::Beginning).map_err(RigError::doing(reading()))?;
        }
        consumer.assign(&list).map_err(RigError::doing(reading()))?;
        let mut count = 0;
        // Offsets do not tell how many records there are: markers of transactions take some, too.
        while left > 0 {
            match consumer.poll(CALL) {
                Some(Ok(record)) => {
                    each(record.key().unwrap_or_default(), record.payload().unwrap_or_default());
                    count += 1;
                }
                Some(Err(KafkaError::PartitionEOF(_))) => left -= 1,
                Some(Err(why)) => return Err(RigError::new(format!("{}: {why}", reading()))),
                None => return Err(RigError::new(format!("{} found no end after {count} records", reading()))),
            }
        }
        Ok(count)
    }

    /// What a group has committed for each of so many partitions; 0 where it has committed nothing.
    pub fn committed(&self, group: &str, topic: &str, partitions: i32) -> Result<Vec<i64>> {
        Cluster::at(self.address())?.committed(group, topic, partitions)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The admin client's calls are futures; here is nothing else to do meanwhile.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
