//! The sixth step of a record's way: what is acknowledged becomes a position, and the position is committed.

pub mod cadence;
pub mod client;
pub mod ledger;
