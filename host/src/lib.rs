//! Millstream: a Kafka stream processor whose user code is WebAssembly.
//!
//! The modules stand in the order of a record's path; ARCHITECTURE.md is the map. Begin with `pipeline/worker.rs`.
//!
//! ```text
//! poll -> decode -> guest call -> encode -> produce -> acknowledged -> safe position -> commit
//! source   decode    guest         encode    sink       commit          commit           commit
//! ```

pub mod record;
pub mod config;
pub mod schema;
pub mod contract;
pub mod kafka;
pub mod source;
pub mod format;
pub mod decode;
pub mod guest;
pub mod encode;
pub mod sink;
pub mod commit;
pub mod pipeline;
pub mod cases;
pub mod build;
pub mod scaffold;
pub mod conformance;
pub mod telemetry;
pub mod fault;
pub mod cli;
