//! Avro schemas: parsed from files, resolved by name, and the local table of schema ids.

pub mod model;
mod measure;
pub mod named;
pub mod parse;
mod read;
pub mod json;
pub mod local;

pub use local::{LocalError, LocalTable};
pub use model::{Decimal, Enum, Field, Fixed, FullName, Kind, Record, Schema, Type, TypeId};
pub use named::{NamedType, NamedTypes};
pub use parse::{ParseError, SchemaError, load, parse};
