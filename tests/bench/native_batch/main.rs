//! A native program for this one job on librdkafka's batch calls: the opponent that sets the measure.

#![expect(clippy::print_stderr, reason = "its last words are for people at a terminal")]

mod librdkafka;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use harness::native::{Arguments, Windows, Work, consumer_settings, producer_settings};
use harness::{Result, RigError};

use librdkafka::{Consumer, Producer};

const BATCH: usize = 1_000;
const COMMIT_EVERY: Duration = Duration::from_secs(1);

/// What may be under way: below the producer's own limits, so that its queue is never full and order is kept.
const MAX_RECORDS: usize = 15_000;
const MAX_BYTES: usize = 24 << 20;

/// Records sent and not yet acknowledged.
#[derive(Default)]
struct Pending {
    windows: Windows,
    records: usize,
    bytes: usize,
    /// How large the records of a window were on average; close enough to keep count of bytes.
    mean: usize,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench-native-batch: {why}");
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
    let mut producer = Producer::to(producer_settings(&arguments.brokers), &arguments.output)?;
    let settings = consumer_settings(&arguments.brokers, &arguments.group);
    let mut consumer = Consumer::subscribe(settings, &arguments.input, BATCH)?;

    let mut pending = Pending::default();
    let (mut values, mut ends) = (Vec::new(), Vec::new());
    let mut committed = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let batch = consumer.poll(10)?;
        values.clear();
        ends.clear();
        let mut next = BTreeMap::new();
        let mut key_bytes = 0;
        for record in batch.records() {
            worker.enrich(record.value, &mut values)?;
            ends.push(values.len());
            key_bytes += record.key.len();
            next.insert(record.partition, record.offset + 1);
        }
        if !ends.is_empty() {
            pending.room(&mut producer)?;
            let starts = std::iter::once(0).chain(ends.iter().copied());
            let outputs = starts.zip(&ends).map(|(start, &end)| &values[start..end]);
            let keys = batch.records().map(|record| record.key);
            producer.send(keys.zip(outputs), pending.windows.current())?;
            pending.sent(ends.len(), values.len() + key_bytes, next);
        }
        drop(batch);
        pending.acknowledged(&mut producer, 0)?;
        if committed.elapsed() >= COMMIT_EVERY {
            consumer.commit(&pending.windows.safe(), false)?;
            committed = Instant::now();
        }
    }
    while pending.records > 0 {
        pending.acknowledged(&mut producer, 100)?;
    }
    consumer.commit(&pending.windows.safe(), true)
}

impl Pending {
    fn sent(&mut self, records: usize, bytes: usize, next: BTreeMap<i32, i64>) {
        self.records += records;
        self.bytes += bytes;
        self.mean = self.bytes / self.records;
        self.windows.seal(records, next.into_iter().collect());
    }

    fn room(&mut self, producer: &mut Producer) -> Result<()> {
        while self.records >= MAX_RECORDS || self.bytes >= MAX_BYTES {
            self.acknowledged(producer, 10)?;
        }
        Ok(())
    }

    fn acknowledged(&mut self, producer: &mut Producer, timeout_ms: i32) -> Result<()> {
        let mut count = 0;
        producer.reports(timeout_ms, |window| {
            self.windows.acknowledge(window);
            count += 1;
        })?;
        self.records -= count;
        self.bytes = if self.records == 0 { 0 } else { self.bytes.saturating_sub(count * self.mean) };
        Ok(())
    }
}
