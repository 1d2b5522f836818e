//! The rig: a real broker, load, the program under test as a process, and a checker that shares no code with it.
//!
//! Tests and benches read like the story they tell because everything that is not their subject is here.

mod error;
mod flaw;
pub mod paths;
mod payment;

mod avro;
mod checker;
mod kafka;
mod load;
pub mod native;
mod pipeline;
mod process;
mod records;
mod secured;
mod topics;

pub use avro::Avro;
pub use checker::{Check, Report};
pub use error::{Result, RigError};
pub use flaw::Flaw;
pub use kafka::{Broker, jars};
pub use load::{Key, Load, outputs};
pub use payment::{Enriched, Payment, frame};
pub use pipeline::Pipeline;
pub use process::{Ended, Process, Usage};
pub use records::{Cluster, Record};
pub use secured::{Acl, Secured};
