//! Avro values as plain JSON, for samples, for readable output and for the defaults in schemas. Not for the hot path.
//!
//! A union's value is written plainly: null, or the value of its only other branch; with several branches it is
//! written as in Avro's own JSON encoding, `{"type": value}`. Both forms are read everywhere. Bytes and fixed are
//! strings of the characters U+0000 to U+00FF; what JSON numbers cannot say is `"NaN"`, `"Infinity"`, `"-Infinity"`.

use super::model::{Kind, Schema, TypeId};

mod decode;
mod encode;

pub use decode::decode_json;
pub(super) use encode::DefaultCheck;
pub use encode::{encode_default, encode_json};

/// How deep a value may nest, counted in types.
const MAX_DEPTH: usize = 256;

/// A value and its schema do not go together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}{problem}", at(.path))]
pub struct JsonError {
    /// Where in the value: fields joined by dots, `[n]` for items; empty at the root.
    pub path: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong at one place of a value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The JSON value is of another type.
    #[error("expected {expected}, found {found}")]
    Mismatch {
        /// The Avro type.
        expected: String,
        /// The JSON value.
        found: String,
    },
    /// A field is absent and has no default.
    #[error("the field is missing and the schema has no default for it")]
    Missing,
    /// A key that the record does not have.
    #[error("record {record} has no such field")]
    Unknown {
        /// The record's full name.
        record: String,
    },
    /// Deeper than any sensible value.
    #[error("the value nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More work than any sensible value needs.
    #[error("the value is too large")]
    TooLarge,
    /// The bytes end inside the value.
    #[error("expected {expected}, but only {left} bytes are left")]
    Truncated {
        /// What should have come.
        expected: String,
        /// How many bytes there are.
        left: usize,
    },
    /// Bytes that no Avro writer produces for the type.
    #[error("{0}")]
    Corrupt(String),
}

impl JsonError {
    fn new(problem: Problem) -> Self {
        Self { path: String::new(), problem }
    }

    /// The same error, seen from one level above.
    fn under(mut self, step: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{step}{dot}{}", self.path);
        self
    }
}

/// Keys come from the data and recursion repeats itself, so a long path is shown by its ends.
fn at(path: &str) -> String {
    const END: usize = 60;
    let length = path.chars().count();
    if path.is_empty() {
        String::new()
    } else if length <= 2 * END {
        format!("field {path}: ")
    } else {
        let head: String = path.chars().take(END).collect();
        let tail: String = path.chars().skip(length - END).collect();
        format!("field {head}...{tail}: ")
    }
}

/// What a branch is called in `{"type": value}`: its full name, or Avro's word for it.
fn tag(schema: &Schema, branch: TypeId) -> &str {
    let kind = schema.kind(branch);
    kind.full_name().map_or(kind.word(), |name| &name.0)
}

/// The only branch beside null, if there is just one.
fn only_branch(schema: &Schema, branches: &[TypeId]) -> Option<TypeId> {
    let mut others = branches.iter().filter(|id| !matches!(schema.kind(**id), Kind::Null));
    others.next().copied().filter(|_| others.next().is_none())
}

#[cfg(test)]
mod tests;
