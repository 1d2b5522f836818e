//! An embedded broker in this process, with records put in and looked at by an ordinary client.

use std::time::Duration;

use millstream::kafka::EmbeddedBroker;
use rdkafka::TopicPartitionList;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::Offset;

const CALL: Duration = Duration::from_secs(20);

/// A broker of one's own; its topics have one partition each.
pub struct Cluster {
    broker: EmbeddedBroker,
}

impl Cluster {
    /// With these topics.
    pub fn with(topics: &[&str]) -> Cluster {
        let topics: Vec<_> = topics.iter().map(|name| ((*name).to_owned(), 1)).collect();
        Cluster { broker: EmbeddedBroker::start(&topics).expect("an embedded broker") }
    }

    /// `host:port`.
    pub fn address(&self) -> String {
        self.broker.bootstrap_servers()
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.address());
        config
    }

    /// Puts values on a topic; `None` is a record without a value.
    pub fn fill(&self, topic: &str, values: &[Option<Vec<u8>>]) {
        let producer: BaseProducer = self.config().create().expect("a producer");
        for value in values {
            let record = BaseRecord::<[u8], [u8]>::to(topic).partition(0);
            let record = if let Some(value) = value { record.payload(value) } else { record };
            producer.send(record).map_err(|(why, _)| why).expect("room in the queue");
        }
        producer.flush(CALL).expect("all are written");
    }

    /// How many records a topic has.
    pub fn count(&self, topic: &str) -> i64 {
        let consumer: BaseConsumer = self.config().create().expect("a client");
        consumer.fetch_watermarks(topic, 0, CALL).expect("the ends").1
    }

    /// The headers of each record of a topic, as `name=value`.
    pub fn headers(&self, topic: &str) -> Vec<Vec<String>> {
        let consumer: BaseConsumer = self.config().set("group.id", "looks").create().expect("a client");
        let mut all = TopicPartitionList::new();
        all.add_partition_offset(topic, 0, Offset::Beginning).expect("a place");
        consumer.assign(&all).expect("assigned");
        let text = |header: rdkafka::message::Header<'_, &[u8]>| {
            format!("{}={}", header.key, String::from_utf8_lossy(header.value.unwrap_or_default()))
        };
        let record = |_| {
            let record = consumer.poll(CALL).expect("a record").expect("read");
            record.headers().map(|headers| headers.iter().map(text).collect()).unwrap_or_default()
        };
        (0..self.count(topic)).map(record).collect()
    }

    /// What a group has committed of a topic; 0 where it has not.
    pub fn committed(&self, group: &str, topic: &str) -> i64 {
        let consumer: BaseConsumer = self.config().set("group.id", group).create().expect("a client");
        let mut asked = TopicPartitionList::new();
        asked.add_partition(topic, 0);
        let answer = consumer.committed_offsets(asked, CALL).expect("committed offsets");
        match answer.find_partition(topic, 0).map(|found| found.offset()) {
            Some(Offset::Offset(offset)) => offset,
            _ => 0,
        }
    }
}
