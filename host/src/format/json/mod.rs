//! JSON on a topic, by an Avro schema.
//!
//! [`Reader`] takes plain JSON and Avro's own JSON encoding alike, [`Writer`] makes either. The value of a union is
//! written plainly, or as in Avro's encoding, `{"type": value}`; null is always `null`. Plainly it is understood if
//! just one branch is of its JSON type (null, boolean, number, string, array, object); otherwise it needs its tag.
//! Bytes and fixed are strings of the characters U+0000 to U+00FF; what JSON numbers cannot say is `"NaN"`,
//! `"Infinity"`, `"-Infinity"`. Logical types are their underlying types.
//!
//! Reading: fields come in any order; a missing one takes its default, or null where its type has it. Other producers
//! know fields that this schema does not, so unknown keys are passed over, unless the reader is strict. A key that
//! comes twice is an error, among known fields and in maps.

mod key;
mod plan;
mod read;
mod walk;
mod write;

pub use crate::schema::json::{JsonError, Problem};
pub use read::Reader;
pub use write::{Encoding, WriteOptions, Writer};

/// What a few bytes can become is bounded: defaults of missing fields on the way in, names of fields on the way out.
/// In bytes.
const MAX_GROWTH: usize = 64 << 20;

#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod write_tests;
