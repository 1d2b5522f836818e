//! The contract between schemas and guests: Avro names and types as WIT names and types.

pub mod names;
pub mod mapping;
pub mod mismatch;
pub mod types;
pub mod wit;
