//! `millstream run`: a pipeline until it is told to stop.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Fault, open};
use crate::config::Brokers;
use crate::pipeline::{Control, Failure, Prepared, Telemetry, run as run_pipeline};
use crate::telemetry::admin::Admin;
use crate::telemetry::health::Health;
use crate::telemetry::logs::Logs;
use crate::telemetry::metrics::{Build, Exporter};

/// A polling thread that is silent for so long hangs: five polls of a slow worker's patience would be 3 s.
const SILENCE: Duration = Duration::from_secs(60);
/// How long open requests to the admin endpoint may take at the end.
const ADMIN_PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn run(path: &Path, logs: &Logs) -> Result<(), Fault> {
    let prepared = open::prepare(path)?;
    let config = &prepared.config;
    let (_broker, brokers) = match &config.kafka.brokers {
        Brokers::At(brokers) => (None, brokers.clone()),
        Brokers::Embedded => {
            let broker = open::embedded(config)?;
            let brokers = broker.bootstrap_servers();
            tracing::info!(brokers, "embedded broker started: for trying things out, nothing outlives this process");
            (Some(broker), brokers)
        }
    };
    open::require_topics(config, &brokers)?;
    let health = Health::new(SILENCE, Instant::now());
    let exporter = Exporter::new(build());
    let telemetry =
        Telemetry { metrics: exporter.pipeline(&config.name, &config.tenant), health: health.pipeline(&config.name) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Host(format!("cannot start the runtime: {error}")))?;
    runtime.block_on(supervise(&prepared, brokers, exporter, health, telemetry, logs)).map_err(Fault::from)
}

pub(super) fn build() -> Build {
    Build {
        version: env!("CARGO_PKG_VERSION"),
        commit: option_env!("MILLSTREAM_COMMIT").unwrap_or("unknown"),
        wasmtime: crate::guest::WASMTIME,
    }
}

#[expect(clippy::exit, clippy::disallowed_methods, reason = "a second signal means now; nothing is lost by it")]
/// Everything beside the records: admin endpoint, signals, and the pipeline's thread.
async fn supervise(
    prepared: &Prepared,
    brokers: String,
    exporter: Exporter,
    health: Health,
    telemetry: Telemetry,
    logs: &Logs,
) -> Result<(), Failure> {
    let environment = |error: &dyn std::fmt::Display| Failure::Environment(error.to_string());
    let mut signals = signals().map_err(|error| environment(&error))?;
    let admin = match prepared.config.admin {
        Some(address) => {
            let runtime = tokio::runtime::Handle::current();
            Some(Admin::start(address, exporter, health, &runtime).map_err(|error| environment(&error))?)
        }
        None => None,
    };
    let control = Arc::new(Control::default());
    let (stop, metrics, name) = (control.clone(), telemetry.metrics.clone(), prepared.config.name.clone());
    let owned = prepared.clone();
    let mut pipeline = tokio::task::spawn_blocking(move || run_pipeline(&owned, &brokers, &control, &telemetry));
    let mut sweep = tokio::time::interval(Duration::from_secs(1));
    let mut signalled = false;
    let done = loop {
        tokio::select! {
            done = &mut pipeline => break done,
            _ = sweep.tick() => logs.sweep(),
            (signal, code) = signals.next() => {
                if signalled {
                    tracing::error!(signal, "second signal: stopping at once");
                    logs.finish();
                    std::process::exit(code);
                }
                signalled = true;
                tracing::info!(signal, "draining");
                stop.drain();
            }
        }
    };
    let done = done.unwrap_or_else(|error| Err(Failure::Host(format!("the pipeline's thread died: {error}"))));
    let count = metrics.snapshot();
    tracing::info!(
        pipeline = name,
        consumed = count.consumed,
        produced = count.produced,
        filtered = count.filtered,
        dead_lettered = count.dead_lettered,
        skipped = count.skipped,
        committed = count.committed,
        guest_calls = metrics.batch_size().count(),
        "stopped"
    );
    if let Some(admin) = admin {
        admin.shutdown(ADMIN_PATIENCE).await;
    }
    done
}

/// The signals that ask for an end.
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

pub(super) fn signals() -> std::io::Result<Signals> {
    use tokio::signal::unix::{SignalKind, signal};
    Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
}

impl Signals {
    /// The next signal's name, and the exit code of a process that it kills.
    pub(super) async fn next(&mut self) -> (&'static str, i32) {
        tokio::select! {
            _ = self.terminate.recv() => ("SIGTERM", 143),
            _ = self.interrupt.recv() => ("SIGINT", 130),
        }
    }
}
