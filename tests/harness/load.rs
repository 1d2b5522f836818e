//! Puts payments into a topic: number `i` on partition `i % partitions`, so that order can be judged afterwards.

use std::ops::Range;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::kafka::client;
use crate::{Broker, Flaw, Payment, Result, RigError, frame};

/// What a record's key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The account, so records of several input partitions share a key.
    Account,
    /// The record's number: no two alike.
    Sequence,
}

/// A description of the records to send. Start from [`Load::new`] and change what matters.
#[derive(Debug, Clone)]
pub struct Load {
    /// The numbers of the records; the first has to be a multiple of `partitions`.
    pub numbers: Range<u64>,
    /// How many partitions the topic has.
    pub partitions: i32,
    /// The schema id to frame values with; `None` for bare datums.
    pub framing: Option<u32>,
    /// What the key is.
    pub key: Key,
    /// Every so many records one has a negative amount, which the guest rejects; 0 for none.
    pub negative_every: u64,
    /// Every so many records one has a broken value, all ways in turn; 0 for none.
    pub broken_every: u64,
    /// Whether each record has a header `trace` with its number.
    pub headers: bool,
    /// Records a second; 0 for as fast as it goes.
    pub rate: u64,
}

impl Load {
    /// Good records of these numbers on four partitions, framed with id 1, keyed by account, as fast as it goes.
    pub fn new(numbers: Range<u64>) -> Self {
        Load {
            numbers,
            partitions: 4,
            framing: Some(1),
            key: Key::Account,
            negative_every: 0,
            broken_every: 0,
            headers: false,
            rate: 0,
        }
    }

    /// Whether record `i` has a broken value.
    pub fn is_broken(&self, i: u64) -> bool {
        self.broken_every > 0 && i % self.broken_every == self.broken_every - 1
    }

    /// Whether record `i` has a negative amount.
    pub fn is_negative(&self, i: u64) -> bool {
        self.negative_every > 0 && !self.is_broken(i) && i % self.negative_every == self.negative_every - 1
    }

    /// How many records are broken or negative.
    pub fn bad(&self) -> u64 {
        self.numbers.clone().filter(|&i| self.is_broken(i) || self.is_negative(i)).count() as u64
    }

    /// The value of record `i`.
    pub fn value(&self, i: u64) -> Option<Vec<u8>> {
        if self.is_broken(i) {
            // The last way needs framed values.
            let ways = if self.framing.is_some() { &Flaw::ALL[..] } else { &Flaw::ALL[..Flaw::ALL.len() - 1] };
            return ways[(i / self.broken_every) as usize % ways.len()].value(i, self.framing);
        }
        let mut payment = Payment::numbered(i);
        if self.is_negative(i) {
            payment.amount = -1 - payment.amount;
        }
        let mut value = Vec::with_capacity(128);
        if let Some(id) = self.framing {
            frame(id, &mut value);
        }
        payment.encode(&mut value);
        Some(value)
    }

    /// The key of record `i`.
    pub fn key(&self, i: u64) -> String {
        match self.key {
            Key::Account => Payment::numbered(i).account,
            Key::Sequence => i.to_string(),
        }
    }

    /// Sends all of it and waits until the broker has all of it.
    pub fn send(&self, broker: &Broker, topic: &str) -> Result<()> {
        self.send_while(broker, topic, |i| i < self.numbers.end).map(drop)
    }

    /// Sends from the first number on while `more` says so, whatever the last number; answers where it ended.
    pub fn send_while(&self, broker: &Broker, topic: &str, more: impl Fn(u64) -> bool) -> Result<u64> {
        let producer = Sender::new(broker)?;
        let start = Instant::now();
        let mut i = self.numbers.start;
        while more(i) {
            let sent = i - self.numbers.start;
            if self.rate > 0 && sent.is_multiple_of(100) {
                let due = Duration::from_secs_f64(sent as f64 / self.rate as f64);
                std::thread::sleep(due.saturating_sub(start.elapsed()));
            }
            let partition = (i % self.partitions as u64) as i32;
            let trace = i.to_string();
            let headers =
                self.headers.then(|| OwnedHeaders::new().insert(Header { key: "trace", value: Some(&trace) }));
            producer.send(topic, Some(partition), self.key(i).as_bytes(), self.value(i).as_deref(), headers)?;
            i += 1;
        }
        producer.finish()?;
        Ok(i)
    }
}

/// Sends given keys and values, without a partition: the topic's own partitioner chooses, as in a pipeline's output.
pub fn outputs<'a>(
    broker: &Broker,
    topic: &str,
    records: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
) -> Result<()> {
    let producer = Sender::new(broker)?;
    for (key, value) in records {
        producer.send(topic, None, key, Some(value), None)?;
    }
    producer.finish()
}

struct Sender(BaseProducer);

impl Sender {
    fn new(broker: &Broker) -> Result<Self> {
        let producer = client(broker.address())
            .set("enable.idempotence", "true")
            .set("linger.ms", "20")
            .set("batch.num.messages", "10000")
            .set("queue.buffering.max.messages", "100000")
            .create();
        producer.map(Sender).map_err(RigError::doing("creating the load's producer"))
    }

    fn send(
        &self,
        topic: &str,
        partition: Option<i32>,
        key: &[u8],
        value: Option<&[u8]>,
        headers: Option<OwnedHeaders>,
    ) -> Result<()> {
        let mut record = BaseRecord::<[u8], [u8]>::to(topic).key(key);
        record.partition = partition;
        record.payload = value;
        record.headers = headers;
        loop {
            match self.0.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    self.0.poll(Duration::from_millis(5));
                    record = back;
                }
                Err((why, _)) => return Err(RigError::new(format!("sending to {topic}: {why}"))),
            }
        }
    }

    fn finish(self) -> Result<()> {
        self.0.flush(Duration::from_secs(60)).map_err(RigError::doing("waiting for the load to be acknowledged"))
    }
}
