//! Why a value is not the Avro that its schema promises.

use std::fmt;

/// Boxed, because the way of a good record must not carry the size of an error.
pub type Failure = Box<DecodeError>;

/// What is wrong, at which byte, in which field.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodeError {
    /// What is wrong.
    pub fault: Fault,
    /// Byte position in the value, framing not counted.
    pub at: usize,
    /// Field names from the innermost outwards, as they are added while the failure travels up.
    pub path: Vec<Box<str>>,
}

/// The ways in which bytes fail to be Avro.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// More bytes were promised than are there.
    Truncated {
        /// Bytes promised.
        wanted: u64,
        /// Bytes there.
        left: usize,
    },
    /// A varint of more than 64 bits.
    Varint,
    /// An `int` beyond 32 bits.
    IntRange(i64),
    /// A negative length or block size.
    NegativeLength(i64),
    /// A block count that cannot be negated.
    BlockCount(i64),
    /// A block that does not have the size that it says.
    BlockSize {
        /// Bytes promised.
        promised: usize,
        /// Bytes that its items take.
        found: usize,
    },
    /// A boolean that is neither 0 nor 1.
    Boolean(u8),
    /// A string that is not UTF-8.
    Utf8,
    /// Index and number of branches of a union.
    UnionIndex(i64, usize),
    /// Index and number of symbols of an enum.
    EnumIndex(i64, usize),
    /// A writer's union branch that the reader's type has no place for.
    Branch {
        /// The writer's branch.
        writer: Box<str>,
        /// The type it should become.
        reader: Box<str>,
    },
    /// A writer's enum symbol that the reader does not know.
    Symbol(Box<str>),
    /// Bytes after the value's end.
    Trailing(usize),
    /// The decoded value would be larger than this many bytes in guest memory.
    TooLarge(usize),
    /// More than this many records, arrays and maps within each other.
    TooDeep(usize),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.fault, self.at)?;
        if !self.path.is_empty() {
            let path: Vec<&str> = self.path.iter().rev().map(|name| &**name).collect();
            write!(f, ", field `{}`", path.join("."))?;
        }
        Ok(())
    }
}

impl std::error::Error for DecodeError {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { wanted, left } => write!(f, "value ends early: {wanted} bytes promised, {left} left"),
            Self::Varint => write!(f, "integer longer than 64 bits"),
            Self::IntRange(value) => write!(f, "{value} does not fit an Avro int (32 bits)"),
            Self::NegativeLength(length) => write!(f, "negative length {length}"),
            Self::BlockCount(count) => write!(f, "impossible block count {count}"),
            Self::BlockSize { promised, found } => {
                write!(f, "block of {found} bytes says that it has {promised}")
            }
            Self::Boolean(byte) => write!(f, "boolean byte is {byte}, not 0 or 1"),
            Self::Utf8 => write!(f, "string is not valid UTF-8"),
            Self::UnionIndex(index, count) => write!(f, "union index {index} of a union of {count}"),
            Self::EnumIndex(index, count) => write!(f, "enum index {index} of an enum of {count} symbols"),
            Self::Branch { writer, reader } => write!(f, "the writer's {writer} cannot be read as {reader}"),
            Self::Symbol(symbol) => write!(f, "enum symbol `{symbol}` is unknown to the reader's schema"),
            Self::Trailing(count) => write!(f, "{count} bytes follow the value's end"),
            Self::TooDeep(limit) => write!(f, "value nests deeper than {limit} levels"),
            Self::TooLarge(limit) => write!(f, "value needs more than {limit} bytes in guest memory"),
        }
    }
}
