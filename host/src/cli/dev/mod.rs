//! `millstream dev`: a pipeline on an embedded broker while its guest is written. Each change is built, tested and
//! swapped in between two batches; what fails leaves the old guest running.

mod entry;
mod files;
mod projects;
mod running;
mod screen;
mod session;
mod watch;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::{Fault, run};
use crate::pipeline::{Control, Failure};
use crate::telemetry::logs::{Logs, wants_colours};
use screen::Screen;
use session::Session;

/// What is tried out.
#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// The pipeline's file; its brokers are left alone, an embedded one is used.
    #[arg(default_value = "pipeline.toml")]
    pipeline: PathBuf,
    /// Sample records, one a line, that go through at the start and after each change; `samples.jsonl` beside the
    /// pipeline's file, if it is there.
    #[arg(long, value_name = "FILE")]
    samples: Option<PathBuf>,
    /// Build nothing: only watch the guests' files, for guests that are built by something else.
    #[arg(long)]
    no_build: bool,
}

/// How long an end may take: a build that still runs is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often repeats in the log are told about.
const SWEEP: Duration = Duration::from_secs(1);

pub(super) fn run(options: Options, logs: &Logs) -> Result<(), Fault> {
    let colours = wants_colours(std::io::stdout().is_terminal(), |name| std::env::var(name).unwrap_or_default());
    let session = Session::open(options, Screen::new(colours))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Host(format!("cannot start the runtime: {error}")))?;
    let done = runtime.block_on(attend(session, logs));
    // A build that was not waited for ends with the process.
    runtime.shutdown_background();
    done
}

/// Signals and logs, beside the session's own thread.
async fn attend(session: Session, logs: &Logs) -> Result<(), Fault> {
    let mut signals = run::signals().map_err(|error| Failure::Environment(error.to_string()))?;
    let stop = Arc::new(Control::default());
    let until = stop.clone();
    let mut work = tokio::task::spawn_blocking(move || session.run(&until));
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            done = &mut work => {
                let died = |error| Err(Failure::Host(format!("the session's thread died: {error}")).into());
                return done.unwrap_or_else(died);
            }
            _ = sweep.tick() => logs.sweep(),
            _ = signals.next() => {
                // Nothing outlives this process, so a second signal and the end of patience lose nothing.
                stop.drain();
                tokio::select! {
                    _ = &mut work => {}
                    _ = signals.next() => {}
                    _ = tokio::time::sleep(PATIENCE) => {}
                }
                return Ok(());
            }
        }
    }
}
