//! A generic record's nodes to Avro bytes, guided by the sink's schema. Nothing a guest says in them is believed.

mod compile;
mod names;
mod plan;
mod run;
mod source;

pub(super) use compile::compile;
pub use plan::GenericPlan;
pub(super) use run::emit;
