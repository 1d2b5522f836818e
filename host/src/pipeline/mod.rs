//! The walk through all stages: wiring, start and drain. `worker.rs` is the page to read first.

mod committer;
mod control;
mod delivery;
mod failure;
mod load;
mod partitions;
mod poller;
mod queue;
mod rejection;
mod run;
mod shared;
mod worker;

pub use control::Control;
pub use failure::Failure;
pub use load::Prepared;
pub use run::{Telemetry, run};
