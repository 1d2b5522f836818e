//! Where JSON meets a schema: the defaults of fields, and the errors and rules that they share with `format::json`.
//!
//! Bytes and fixed are strings of the characters U+0000 to U+00FF; what JSON numbers cannot say is `"NaN"`,
//! `"Infinity"`, `"-Infinity"`.

use super::model::{Kind, Schema, TypeId};

mod encode;

pub(super) use encode::DefaultCheck;
pub use encode::encode_default;

/// How deep a value may nest, counted in types. A schema without recursion nests less deep.
pub(crate) const MAX_DEPTH: usize = 128;

/// A value and its schema do not go together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}{problem}{}", at(.path), place(.position))]
pub struct JsonError {
    /// Where in the value: fields joined by dots, `[n]` for items; empty at the root.
    pub path: String,
    /// What is wrong there.
    pub problem: Problem,
    /// Line and column, from 1, up to which the text was read; columns count bytes. `None` where there is no text.
    pub position: Option<(usize, usize)>,
}

/// What can be wrong at one place of a value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The text is no JSON.
    #[error("not JSON: {0}")]
    Syntax(String),
    /// Nothing but white space.
    #[error("the text is empty, where JSON should be")]
    Empty,
    /// Some writers put it in front of UTF-8; JSON forbids it.
    #[error("the text begins with a byte order mark; write it as UTF-8 without one")]
    ByteOrderMark,
    /// The value is complete before the text is.
    #[error("more text follows the value; a record is one JSON value")]
    Trailing,
    /// The JSON value is of another type.
    #[error("expected {expected}, found {found}")]
    Mismatch {
        /// The Avro type.
        expected: String,
        /// The JSON value.
        found: String,
    },
    /// A JSON value that several branches of a union could be.
    #[error("{found} could be any of {branches}; say which, as in {{\"{example}\": value}}")]
    Ambiguous {
        /// The JSON value.
        found: String,
        /// The branches.
        branches: String,
        /// One of their names.
        example: String,
    },
    /// `{"type": value}` with more than that in it.
    #[error("{{\"{0}\": ...}} names a branch of the union, so nothing may stand beside it")]
    BesideTag(String),
    /// A key for the second time.
    #[error("the key is there twice")]
    Duplicate,
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
    pub(crate) fn new(problem: Problem) -> Self {
        Self { path: String::new(), problem, position: None }
    }

    /// The same error, seen from one level above.
    pub(crate) fn under(mut self, step: &str) -> Self {
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

fn place(position: &Option<(usize, usize)>) -> String {
    position.map_or(String::new(), |(line, column)| format!(" (line {line}, column {column})"))
}

/// JSON of another type than the schema's: `found` is how the error names it.
pub(crate) fn mismatch(schema: &Schema, id: TypeId, found: String) -> Problem {
    let mut expected = schema.describe(id);
    match schema.kind(id) {
        Kind::Enum(symbols) => expected = format!("{expected}, one of {}", first_few(&symbols.symbols)),
        Kind::Bytes | Kind::Fixed(_) => expected = format!("{expected}, a string of characters up to U+00FF"),
        _ => {}
    }
    Problem::Mismatch { expected, found }
}

fn first_few(symbols: &[String]) -> String {
    let shown: Vec<_> = symbols.iter().take(10).map(String::as_str).collect();
    format!("{}{}", shown.join(", "), if symbols.len() > 10 { ", ..." } else { "" })
}

/// How an error names a JSON scalar: what it is, and its text, if that is not too long.
pub(crate) fn shown(what: &str, text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{what} {}...", &text[..end]),
        None => format!("{what} {text}"),
    }
}

/// The floating point numbers that JSON has no number for.
pub(crate) fn special(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// The float that a JSON number means.
///
/// Few digits say which float is meant, and a JSON parser makes a double of them. That can be, by rounding, just
/// between two floats; then the digits decide, which are those of the double again.
pub(crate) fn narrowed(n: f64) -> f32 {
    let near = n as f32;
    let other = if n > f64::from(near) { near.next_up() } else { near.next_down() };
    let between = f64::from(near) != n && (f64::from(near) + f64::from(other)) / 2.0 == n;
    if between { n.to_string().parse().unwrap_or(near) } else { near }
}

/// The bytes that a string stands for in JSON, and how many; `None` if a character is none.
pub(crate) fn latin1(text: &str) -> Option<(usize, impl Iterator<Item = u8>)> {
    let mut count = 0;
    for c in text.chars() {
        u8::try_from(u32::from(c)).ok()?;
        count += 1;
    }
    Some((count, text.chars().map(|c| u32::from(c) as u8)))
}

/// Appends a zig-zag varint.
pub(crate) fn put_long(n: i64, out: &mut Vec<u8>) {
    let mut rest = ((n << 1) ^ (n >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Appends a length and as many bytes.
pub(crate) fn put_sized(bytes: &[u8], out: &mut Vec<u8>) {
    put_long(bytes.len() as i64, out);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests;
