//! Confluent's framing of a value: a zero byte, the schema's id as four big-endian bytes, then the Avro bytes.
//!
//! <https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format>

use std::fmt;

/// Bytes before the Avro value.
pub const PREFIX: usize = 5;

/// Why a value does not start with a schema id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FramingError {
    /// Fewer than five bytes.
    Short(usize),
    /// The first byte is not zero.
    Magic(u8),
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short(len) => {
                write!(f, "value of {len} bytes is too short for a schema id (framing = \"confluent\")")
            }
            Self::Magic(byte) => {
                write!(f, "value starts with byte {byte:#04x}, not with 0x00 and a schema id (framing = \"confluent\")")
            }
        }
    }
}

impl std::error::Error for FramingError {}

/// Parts a value into schema id and Avro bytes.
pub fn split(value: &[u8]) -> Result<(u32, &[u8]), FramingError> {
    match value.split_first_chunk::<PREFIX>() {
        Some(([0, a, b, c, d], rest)) => Ok((u32::from_be_bytes([*a, *b, *c, *d]), rest)),
        Some(([magic, ..], _)) => Err(FramingError::Magic(*magic)),
        None => Err(FramingError::Short(value.len())),
    }
}

/// The bytes that stand before an Avro value of schema `id`.
pub fn prefix(id: u32) -> [u8; PREFIX] {
    let [a, b, c, d] = id.to_be_bytes();
    [0, a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_what_prefix_joins() {
        let mut value = prefix(0x0102_0304).to_vec();
        value.push(7);
        assert_eq!(split(&value), Ok((0x0102_0304, &[7][..])));
    }

    #[test]
    fn says_what_is_wrong_with_other_values() {
        let text = |value: &[u8]| split(value).unwrap_err().to_string();
        assert_eq!(text(b"\0\0\0"), "value of 3 bytes is too short for a schema id (framing = \"confluent\")");
        let json = "value starts with byte 0x7b, not with 0x00 and a schema id (framing = \"confluent\")";
        assert_eq!(text(b"{\"a\":1}"), json);
    }
}
