//! Records as they are on a topic, with all that Kafka keeps of them, on any broker that has an address.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::Offset;
use rdkafka::{ClientConfig, TopicPartitionList};

use crate::kafka::client;
use crate::{Result, RigError};

const CALL: Duration = Duration::from_secs(10);

/// One record, to be sent or as it was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// None is a record without a key.
    pub key: Option<Vec<u8>>,
    /// None is a tombstone.
    pub value: Option<Vec<u8>>,
    /// In order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Milliseconds since 1970; when sent, none is now.
    pub timestamp: Option<i64>,
}

impl Record {
    /// With this key and value.
    pub fn new(key: &str, value: impl Into<Vec<u8>>) -> Record {
        Record { key: Some(key.into()), value: Some(value.into()), ..Record::default() }
    }

    /// A record with a key and no value.
    pub fn tombstone(key: &str) -> Record {
        Record { key: Some(key.into()), ..Record::default() }
    }

    /// With one more header.
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Record {
        self.headers.push((name.to_owned(), Some(value.into())));
        self
    }

    /// A header's value as text; the last one of the name.
    pub fn header_text(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().rev().find(|(known, _)| known == name);
        found.and_then(|(_, value)| value.as_deref()).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    fn of(message: &BorrowedMessage<'_>) -> Record {
        let header = |header: Header<'_, &[u8]>| (header.key.to_owned(), header.value.map(<[u8]>::to_vec));
        Record {
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: message.headers().map(|all| all.iter().map(header).collect()).unwrap_or_default(),
            timestamp: message.timestamp().to_millis(),
        }
    }
}

/// A Kafka by its address: a node of the rig or the embedded broker of a process under test.
pub struct Cluster {
    address: String,
    probe: BaseConsumer,
    /// Made for the first records: getting a producer's id takes a second.
    producer: OnceLock<BaseProducer>,
}

impl Cluster {
    /// At `host:port`.
    pub fn at(address: &str) -> Result<Cluster> {
        let probe = client(address).create().map_err(RigError::doing("creating a Kafka client"))?;
        Ok(Cluster { address: address.to_owned(), probe, producer: OnceLock::new() })
    }

    fn client(&self) -> ClientConfig {
        client(&self.address)
    }

    /// Sends to partition 0, in order, and waits until the broker has all.
    pub fn send(&self, topic: &str, records: &[Record]) -> Result<()> {
        let sending = || format!("sending to {topic}");
        let producer = self.producer().map_err(RigError::doing(sending()))?;
        for record in records {
            let mut headers = OwnedHeaders::new();
            for (key, value) in &record.headers {
                headers = headers.insert(Header { key, value: value.as_deref() });
            }
            let mut message = BaseRecord::<[u8], [u8]>::to(topic).partition(0);
            message.key = record.key.as_deref();
            message.payload = record.value.as_deref();
            message.headers = Some(headers).filter(|headers| headers.count() > 0);
            message.timestamp = record.timestamp;
            producer.send(message).map_err(|(why, _)| RigError::new(format!("{}: {why}", sending())))?;
        }
        producer.flush(CALL).map_err(RigError::doing(sending()))
    }

    fn producer(&self) -> std::result::Result<&BaseProducer, KafkaError> {
        if let Some(producer) = self.producer.get() {
            return Ok(producer);
        }
        let producer = self.client().set("enable.idempotence", "true").set("linger.ms", "0").create()?;
        Ok(self.producer.get_or_init(|| producer))
    }

    /// The end offset of every partition.
    pub fn ends(&self, topic: &str) -> Result<Vec<i64>> {
        let asking = || format!("asking for the ends of {topic}");
        let metadata = self.probe.fetch_metadata(Some(topic), CALL).map_err(RigError::doing(asking()))?;
        let partitions = metadata.topics().first().map_or(0, |t| t.partitions().len()) as i32;
        let end = |partition| self.probe.fetch_watermarks(topic, partition, CALL).map(|(_, high)| high);
        (0..partitions).map(end).collect::<std::result::Result<_, _>>().map_err(RigError::doing(asking()))
    }

    /// Waits until a group has committed all that a topic has. By then all outputs are written.
    pub fn wait_committed(&self, group: &str, topic: &str, limit: Duration) -> Result<()> {
        let ends = self.ends(topic)?;
        let deadline = Instant::now() + limit;
        loop {
            // A coordinator that has just been chosen refuses to answer for a moment.
            let committed = self.committed(group, topic, ends.len() as i32);
            if committed.as_ref().is_ok_and(|committed| *committed == ends) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let why = format!("group {group} committed {committed:?} of {ends:?} on {topic} after {limit:?}");
                return Err(RigError::new(why));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What a group has committed for each partition; 0 where nothing.
    pub fn committed(&self, group: &str, topic: &str, partitions: i32) -> Result<Vec<i64>> {
        let asking = || format!("asking for the offsets of group {group}");
        let consumer: BaseConsumer =
            self.client().set("group.id", group).create().map_err(RigError::doing(asking()))?;
        let mut list = TopicPartitionList::new();
        list.add_partition_range(topic, 0, partitions - 1);
        let committed = consumer.committed_offsets(list, CALL).map_err(RigError::doing(asking()))?;
        let offset = |offset| if let Offset::Offset(at) = offset { at } else { 0 };
        Ok((0..partitions).map(|p| committed.find_partition(topic, p).map_or(0, |e| offset(e.offset()))).collect())
    }

    /// All that a topic has by now, sorted by key; records of one key stand in their order.
    pub fn read(&self, topic: &str) -> Result<Vec<Record>> {
        let reading = || format!("reading topic {topic}");
        let ends = self.ends(topic)?;
        let consumer: BaseConsumer = self
            .client()
            .set("group.id", "the-rig-reads-without-a-group")
            .set("enable.auto.commit", "false")
            .create()
            .map_err(RigError::doing(reading()))?;
        let mut list = TopicPartitionList::new();
        for partition in 0..ends.len() as i32 {
            list.add_partition_offset(topic, partition, Offset::Beginning).map_err(RigError::doing(reading()))?;
        }
        consumer.assign(&list).map_err(RigError::doing(reading()))?;
        let mut records = Vec::new();
        while records.len() < ends.iter().sum::<i64>() as usize {
            let read = records.len();
            let message = consumer.poll(CALL).ok_or_else(|| RigError::new(format!("{} ended at {read}", reading())))?;
            records.push(Record::of(&message.map_err(RigError::doing(reading()))?));
        }
        records.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(records)
    }
}
