//! From the text of a schema file to a [`Schema`]: bounded before it is read, then read, measured, and checked.
//!
//! Schemas come from files and, later, from registries, so their text is treated as hostile: nothing in it may overflow
//! the stack, exhaust memory or take exponential time. The Avro library has no such bounds of its own, so it only
//! sees what has passed ours, and never the defaults, which it would resolve without a limit.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::json::DefaultCheck;
use super::measure::{self, Measured};
use super::model::{Kind, Schema};
use super::read::Reader;

/// The longest text of a schema.
pub const MAX_TEXT: usize = 16 << 20;
/// How deep the JSON of a schema may nest, and how deep its types may.
pub const MAX_NESTING: usize = 64;
/// How many types a schema may have when each reference counts as what it refers to.
pub const MAX_TYPES: usize = 65_536;

/// Why a text is not a schema we can use.
#[derive(Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum ParseError {
    /// Not JSON at all.
    #[error("line {line}, column {column}: this is not JSON: {message}")]
    NotJson {
        /// From 1.
        line: usize,
        /// From 1; 0 at the end of a line.
        column: usize,
        /// What the JSON parser expected.
        message: String,
    },
    /// Longer than [`MAX_TEXT`].
    #[error("the schema is {0} bytes long; at most {MAX_TEXT} are accepted")]
    TooLong(usize),
    /// Nested deeper than [`MAX_NESTING`].
    #[error("the schema nests deeper than {MAX_NESTING} levels{}", at(.0))]
    TooDeep(String),
    /// More types than [`MAX_TYPES`].
    #[error("written out in full, the schema has more than {MAX_TYPES} types; split it into smaller ones")]
    TooMany,
    /// JSON, but no Avro schema.
    #[error("this is not an Avro schema{}: {message}", at(.path))]
    Invalid {
        /// Where: record and field names joined by dots; empty at the root.
        path: String,
        /// What is wrong there.
        message: String,
    },
    /// A field's default does not fit its type.
    #[error("the default of field {path} does not fit: {message}")]
    Default {
        /// The field, as `record.field`.
        path: String,
        /// What is wrong with it.
        message: String,
    },
}

/// Why a schema file could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The file cannot be read.
    #[error("cannot read schema {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not UTF-8.
    #[error("schema {}: this is not JSON: byte {at} is not UTF-8", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// Where the first bad byte is.
        at: usize,
    },
    /// The file's text is not a schema.
    #[error("schema {}: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ParseError,
    },
}

/// Reads and checks the schema in a file.
pub fn load(path: &Path) -> Result<Schema, SchemaError> {
    let path_buf = || path.to_path_buf();
    let bytes = read_bounded(path).map_err(|source| SchemaError::Read { path: path_buf(), source })?;
    let text = String::from_utf8(bytes)
        .map_err(|error| SchemaError::NotText { path: path_buf(), at: error.utf8_error().valid_up_to() })?;
    parse(&text).map_err(|source| SchemaError::Parse { path: path_buf(), source })
}

/// One byte more than allowed is enough to say "too long"; a device file must not fill the memory.
fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads and checks the schema in a text.
pub fn parse(json: &str) -> Result<Schema, ParseError> {
    if json.len() > MAX_TEXT {
        return Err(ParseError::TooLong(json.len()));
    }
    if json_nesting(json) > MAX_NESTING {
        return Err(ParseError::TooDeep(String::new()));
    }
    let mut value: Value = serde_json::from_str(json).map_err(|error| ParseError::NotJson {
        line: error.line(),
        column: error.column().max(1),
        message: without_position(&error.to_string()),
    })?;
    let (types, root) = Reader::read(&value)?;
    let Measured { recursive, empty } = measure::measure(&types, root)?;
    let schema = Schema { types, root, source: json.to_string(), recursive, empty };
    strip(&mut value);
    apache_avro::Schema::parse(&value)
        .map_err(|error| ParseError::Invalid { path: String::new(), message: error.to_string() })?;
    check_defaults(&schema)?;
    Ok(schema)
}

fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" at {path}") }
}

/// The position is said once, in front.
pub(crate) fn without_position(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_string()
}

/// How deep brackets and braces nest outside of strings; right for JSON, harmless for anything else.
fn json_nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Takes out what the Avro library would resolve without bounds (defaults) or copy for nothing (docs).
fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("default");
            map.remove("doc");
            map.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

fn check_defaults(schema: &Schema) -> Result<(), ParseError> {
    let mut check = DefaultCheck::new(schema);
    for ty in &schema.types {
        let Kind::Record(record) = &ty.kind else { continue };
        for field in &record.fields {
            let Some(default) = &field.default else { continue };
            check.default(field.ty, default).map_err(|error| ParseError::Default {
                path: format!("{}.{}", record.name.0, field.name),
                message: error.to_string(),
            })?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
