//! The second step of a record's way: Avro bytes become the memory image of the guest's typed record.
//!
//! A [`DecodePlan`] is compiled once for each writer's schema; running it touches neither a schema nor a guest.

mod compile;
mod cursor;
mod error;
pub mod framing;
mod generic;
mod image;
pub mod intake;
mod plan;
pub mod relay;
mod resolve;
mod run;
mod skip;
mod writers;

pub use compile::{Carry, compile};
pub use error::{DecodeError, Failure, Fault};
pub use image::{Carried, Fixup, From, Image};
pub use intake::Intake;
pub use plan::DecodePlan;
pub use skip::Checker;
pub use writers::{NoPlan, Writers};
