//! The contract between schemas and guests: Avro names and types as WIT names and types.

pub mod header;
pub mod names;
pub mod generic;
pub mod mapping;
pub mod mismatch;
pub mod shape;
pub mod types;
pub mod wit;
