//! The third step of a record's way: the call into the guest.
//!
//! Three lifetimes, one file each: an [`Engine`] for the process, a [`Guest`] for each wasm file, an [`Instance`] for
//! each worker. Nothing of the wasm engine leaves this folder.

mod about;
mod cache;
mod component;
mod engine;
mod error;
mod imports;
mod init;
mod instance;
mod lane;
mod limits;
mod lines;
mod link;
mod state;
mod types;
mod wasi;
mod wrap;

pub use about::{About, Import};
pub use component::{Function, Guest};
pub use engine::{Engine, WASMTIME};
pub use error::{CallError, CallFailure, LoadError};
pub use imports::Schemas;
pub use instance::{Allowance, Call, Instance, Past};
pub use state::Grants;
pub use wrap::{WrapError, is_core_module, wrap};
