//! Reads topics from their beginning until so many records are there: how the quickstart shows what came out.

use std::time::{Duration, Instant};

use crate::kafka::TopicPartition;
use crate::pipeline::Failure;
use crate::record::{Batch, Parts, Slot};
use crate::source::{Consumer, ConsumerSettings, RawRecord, RebalanceEvents, Start};

/// Takes whatever comes.
#[derive(Default)]
struct Anything {
    next: u16,
}

impl RebalanceEvents for Anything {
    fn assigned(&mut self, partitions: &[TopicPartition]) -> Vec<Slot> {
        let slots = partitions.iter().map(|_| {
            self.next = self.next.wrapping_add(1);
            Slot(self.next)
        });
        slots.collect()
    }

    fn revoked(&mut self, _: &[(TopicPartition, Slot)]) {}

    fn lost(&mut self, _: &[(TopicPartition, Slot)]) {}
}

/// The first `count` records of these topics, or those that came within `patience`.
pub(super) fn read(brokers: &str, topics: &[String], count: usize, patience: Duration) -> Result<Batch, Failure> {
    let kafka = |error: crate::source::SourceError| Failure::Kafka(error.to_string());
    let settings = ConsumerSettings {
        brokers: brokers.to_owned(),
        pipeline: "quickstart-reader".to_owned(),
        group: format!("quickstart-reader-{}", topics.join("-")),
        topics: topics.to_vec(),
        start: Start::Earliest,
        properties: Vec::new(),
    };
    let mut consumer = Consumer::connect(&settings, Box::new(Anything::default())).map_err(kafka)?;
    let mut batch = Batch::default();
    let deadline = Instant::now() + patience;
    while batch.len() < count && Instant::now() < deadline {
        let mut take = |raw: RawRecord<'_>| {
            let RawRecord { slot, offset, timestamp, log_append, key, value, headers } = raw;
            batch.push(Parts { slot, offset, timestamp, log_append, key, value }, headers);
        };
        consumer.poll(count, Duration::from_millis(100), &mut take).map_err(kafka)?;
    }
    drop(consumer.close(Duration::from_secs(1)));
    Ok(batch)
}
