//! The walk through all stages: wiring, start and drain. `worker.rs` is the page to read first.

mod address;
mod bisect;
mod chain;
mod committer;
mod control;
mod delivery;
mod ends;
mod failure;
mod flow;
mod formats;
pub mod inspect;
mod judge;
mod load;
pub mod offline;
mod origin;
mod origin_headers;
mod partitions;
pub mod pipe;
pub mod plain;
mod poller;
mod queue;
mod rejection;
mod run;
mod shared;
mod stages;
mod swap;
pub mod tap;
mod way;
mod worker;

pub use chain::Step;
pub use control::Control;
pub use failure::Failure;
pub use load::{Prepared, PreparedStage};
pub use run::{Telemetry, run, run_with};
pub use swap::Swap;
