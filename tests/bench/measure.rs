//! One run of one contender: started on a fresh topic, watched until the last output is there, stopped, and checked.

use std::hash::{DefaultHasher, Hasher};
use std::time::{Duration, Instant};

use harness::{Broker, Ended, Process, Result, RigError};

use crate::contender::{Contender, Run};

pub const PARTITIONS: i32 = 4;

/// How often the output's ends are asked for. More often would take time from those who are measured.
const STEP: Duration = Duration::from_millis(20);
const STALLED: Duration = Duration::from_secs(60);

/// What one run showed.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// From the start of the process to the first output seen, seconds.
    pub first: f64,
    /// From the start of the process to the last output, seconds.
    pub total: f64,
    /// Records a second from the first output seen to the last: without start-up and the joining of the group.
    pub rate: f64,
    /// CPU seconds of the process alone from its start to the last output, for a million records.
    pub cpu: f64,
    /// Most memory resident, in MiB, when half of the outputs were there, and at the end.
    pub half_mib: f64,
    /// See `half_mib`.
    pub peak_mib: f64,
}

/// All outputs as one number that does not depend on their order: equal for equal multisets of key and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    count: u64,
    sum: u128,
}

/// Runs a contender over the whole input.
pub fn measure(broker: &Broker, contender: &Contender, run: &Run, records: u64) -> Result<(Measure, Fingerprint)> {
    broker.create_topic(&run.output, PARTITIONS, &[])?;
    let start = Instant::now();
    let mut process = contender.start(broker, run)?;
    let watched = watch(broker, &mut process, run, records, start);
    let measure = watched.map_err(|why| told(&why, &process))?;
    // Markers of transactions take offsets, too: the last records may still be under way.
    let deadline = Instant::now() + STALLED;
    while Instant::now() < deadline
        && broker.ends(&run.input)? != broker.committed(&run.group, &run.input, PARTITIONS)?
    {
        std::thread::sleep(STEP);
    }
    let ended = process.terminate(Duration::from_secs(60))?;
    if ended != Ended::Code(0) {
        return Err(told(&RigError::new(format!("asked to stop, it ended with {ended:?}")), &process));
    }
    let (ends, committed) = (broker.ends(&run.input)?, broker.committed(&run.group, &run.input, PARTITIONS)?);
    if ends != committed {
        return Err(RigError::new(format!("it committed {committed:?}, the input ends at {ends:?}")));
    }
    let fingerprint = fingerprint(broker, &run.output)?;
    if fingerprint.count != records {
        return Err(RigError::new(format!("it wrote {} records instead of {records}", fingerprint.count)));
    }
    broker.delete_topic(&run.output)?;
    Ok((measure, fingerprint))
}

fn told(why: &RigError, process: &Process) -> RigError {
    RigError::new(format!("{why}; it wrote:\n{}", process.log()))
}

fn watch(broker: &Broker, process: &mut Process, run: &Run, records: u64, start: Instant) -> Result<Measure> {
    let mut first = None;
    let mut half_mib = 0.0;
    let mut last = (0, Instant::now());
    loop {
        let count = broker.ends_of(&run.output, PARTITIONS)?.iter().sum::<i64>() as u64;
        let now = Instant::now();
        if count > last.0 {
            last = (count, now);
        }
        if count > 0 && first.is_none() {
            first = Some((count, now));
        }
        if count >= records / 2 && half_mib == 0.0 {
            half_mib = process.usage()?.peak_mib;
        }
        if count >= records {
            let usage = process.usage()?;
            let (seen, at) = first.unwrap_or((0, start));
            // A small run may be over when it is first seen: then only the whole time says anything.
            let (seen, at) = if seen >= records { (0, start) } else { (seen, at) };
            return Ok(Measure {
                first: (at - start).as_secs_f64(),
                total: (now - start).as_secs_f64(),
                rate: (count - seen) as f64 / (now - at).as_secs_f64(),
                cpu: usage.cpu * 1e6 / records as f64,
                half_mib,
                peak_mib: usage.peak_mib,
            });
        }
        if !process.running() {
            return Err(RigError::new(format!("it ended by itself with {count} of {records} records written")));
        }
        if now - last.1 > STALLED {
            return Err(RigError::new(format!("nothing new for {STALLED:?} at {count} of {records} records")));
        }
        std::thread::sleep(STEP);
    }
}

fn fingerprint(broker: &Broker, topic: &str) -> Result<Fingerprint> {
    let mut sum = 0u128;
    let count = broker.read_all(topic, |key, value| {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            hasher.write_u8(salt);
            hasher.write_usize(key.len());
            hasher.write(key);
            hasher.write(value);
            u128::from(hasher.finish())
        };
        sum = sum.wrapping_add(half(0) << 64 | half(1));
    })?;
    Ok(Fingerprint { count, sum })
}
