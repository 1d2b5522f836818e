//! A native program for this one job on rust-rdkafka's safe API, as its own examples and users would write it.

#![expect(clippy::print_stderr, reason = "its last words are for people at a terminal")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use harness::native::{Arguments, Windows, Work, consumer_settings, producer_settings};
use harness::{Result, RigError};
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::{ClientConfig, config::FromClientConfigAndContext};

const WINDOW: usize = 1_000;
const COMMIT_EVERY: Duration = Duration::from_secs(1);

/// Takes delivery reports on the producer's own thread.
#[derive(Default)]
struct Reports {
    windows: Mutex<Windows>,
    failed: AtomicBool,
}

/// The producer's context: the reports are shared with the loop.
struct Context(Arc<Reports>);

impl ClientContext for Context {}

impl ProducerContext for Context {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, window: usize) {
        match result {
            Ok(_) => self.0.windows.lock().unwrap_or_else(PoisonError::into_inner).acknowledge(window),
            Err(_) => self.0.failed.store(true, Ordering::Relaxed),
        }
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench-native-safe: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments = Arguments::of_process()?;
    let stop = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::clone(&stop))
        .map_err(RigError::doing("listening for SIGTERM"))?;
    let work = Work::load(Path::new(&arguments.schemas), arguments.schema_id)?;
    let mut worker = work.worker();
    let reports = Arc::new(Reports::default());
    let config: ClientConfig = owned(producer_settings(&arguments.brokers));
    let producer = ThreadedProducer::from_config_and_context(&config, Context(Arc::clone(&reports)))
        .map_err(RigError::doing("creating the producer"))?;
    let config: ClientConfig = owned(consumer_settings(&arguments.brokers, &arguments.group));
    let consumer: BaseConsumer = config.create().map_err(RigError::doing("creating the consumer"))?;
    consumer.subscribe(&[&arguments.input]).map_err(RigError::doing("subscribing"))?;

    let mut value = Vec::new();
    let (mut sent, mut next) = (0, BTreeMap::new());
    let mut window = 0;
    let mut committed = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let record = consumer.poll(Duration::from_millis(10)).transpose().map_err(RigError::doing("consuming"))?;
        if let Some(record) = &record {
            value.clear();
            worker.enrich(record.payload().unwrap_or_default(), &mut value)?;
            send(&producer, &arguments.output, record.key().unwrap_or_default(), &value, window)?;
            next.insert(record.partition(), record.offset() + 1);
            sent += 1;
        }
        if sent == WINDOW || record.is_none() && sent > 0 {
            window = reports.seal(std::mem::take(&mut sent), std::mem::take(&mut next));
        }
        // Looking at the clock for every record would be a cost of its own.
        if (sent == 0 || record.is_none()) && committed.elapsed() >= COMMIT_EVERY {
            commit(&consumer, &arguments.input, &reports, CommitMode::Async)?;
            committed = Instant::now();
        }
    }
    reports.seal(sent, next);
    producer.flush(Duration::from_secs(60)).map_err(RigError::doing("flushing"))?;
    commit(&consumer, &arguments.input, &reports, CommitMode::Sync)
}

fn owned<'a>(settings: impl Iterator<Item = (&'a str, &'a str)>) -> ClientConfig {
    settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn send(producer: &ThreadedProducer<Context>, topic: &str, key: &[u8], value: &[u8], window: usize) -> Result<()> {
    let mut record = BaseRecord::with_opaque_to(topic, window).key(key).payload(value);
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                record = back;
                std::thread::sleep(Duration::from_millis(1));
            }
            Err((why, _)) => return Err(RigError::new(format!("producing: {why}"))),
        }
    }
}

fn commit(consumer: &BaseConsumer, topic: &str, reports: &Reports, mode: CommitMode) -> Result<()> {
    if reports.failed.load(Ordering::Relaxed) {
        return Err(RigError::new("a record was not delivered"));
    }
    let safe = reports.windows.lock().unwrap_or_else(PoisonError::into_inner).safe();
    if safe.is_empty() {
        return Ok(());
    }
    let mut list = TopicPartitionList::new();
    for (partition, next) in safe {
        list.add_partition_offset(topic, partition, Offset::Offset(next)).map_err(RigError::doing("committing"))?;
    }
    consumer.commit(&list, mode).map_err(RigError::doing("committing"))
}

impl Reports {
    /// Closes the window that is being filled and answers the number of the next.
    fn seal(&self, sent: usize, next: BTreeMap<i32, i64>) -> usize {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.seal(sent, next.into_iter().collect());
        windows.current()
    }
}
