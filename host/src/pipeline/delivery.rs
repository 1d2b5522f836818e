//! Acknowledgements come back: tickets are closed, latencies counted, a failed delivery stops the pipeline.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::shared::Shared;
use crate::commit::ledger::Fate;
use crate::fault::{self, Point};
use crate::sink::{Deliveries, Delivery};
use crate::telemetry::metrics::Stage;

/// How long one wait for reports lasts.
const WAIT: Duration = Duration::from_millis(50);

/// Serves delivery reports until `done` is set.
pub(super) fn run(shared: &Arc<Shared>, mut deliveries: Deliveries, done: &AtomicBool) {
    let mut reports = Vec::new();
    while !done.load(Ordering::Relaxed) {
        reports.clear();
        match deliveries.poll(WAIT, &mut reports) {
            Ok(troubles) => shared.note(&troubles, Stage::Sink),
            Err(error) => shared.producer_ended(&error),
        }
        settle(shared, &reports);
        shared.metrics.in_flight(shared.producer.in_flight() as i64, shared.waiting_bytes() as i64);
    }
}

fn settle(shared: &Shared, reports: &[Delivery]) {
    if reports.is_empty() {
        return;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64;
    let (mut produced, mut dead_lettered) = (0, 0);
    let mut latencies = Vec::with_capacity(reports.len());
    let acknowledged = reports.iter().filter(|report| report.error.is_none()).map(|report| report.ticket);
    shared.partitions.close(acknowledged, |closed| {
        match closed.fate {
            Fate::Output => produced += 1,
            Fate::DeadLetter => dead_lettered += 1,
        }
        if closed.done && closed.timestamp >= 0 {
            latencies.push((now - closed.timestamp) as f64 / 1000.0);
        }
    });
    if produced > 0 {
        fault::point(Point::AfterFlush);
    }
    shared.metrics.produced(produced, 0);
    shared.metrics.dead_lettered(dead_lettered);
    shared.metrics.end_to_end().observe_all(latencies);
    shared.settled(reports);
}
