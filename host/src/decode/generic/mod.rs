//! Avro bytes to the nodes of a generic record: any writer's schema, read as the reader's, recursive ones included.
//!
//! What is resolved between the two schemas is resolved once, for each pair of records that meet; a run writes nodes at
//! the image's end and touches no schema.

mod compile;
mod plan;
mod run;
mod stuck;

pub(super) use compile::compile;
pub use plan::GenericPlan;
