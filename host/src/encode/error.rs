//! Why a guest's answer cannot be encoded: it broke the canonical ABI, or one of its records breaks the schema.

use std::fmt;

/// The guest's memory is not what its types promise: the instance is condemned.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    /// What is wrong.
    pub breach: Breach,
    /// Field names from the innermost outwards.
    path: Vec<Box<str>>,
}

/// The ways in which an answer breaks the canonical ABI.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Breach {
    /// A list or string that is not within the guest's memory.
    List {
        /// Where it starts.
        pointer: u32,
        /// How many items.
        count: u32,
        /// Bytes of an item.
        size: usize,
        /// Bytes of the guest's memory.
        memory: usize,
    },
    /// A pointer that is not a multiple of the alignment.
    Alignment(u32, usize),
    /// A discriminant of a type of so many cases.
    Discriminant(u32, usize),
    /// A string that is not UTF-8.
    Utf8,
    /// A char that is no Unicode scalar value.
    Char(u32),
    /// A value that ends outside of its record.
    Outside,
    /// So many results for a batch of so many records.
    Count(u32, usize),
    /// More nodes and items for a batch than the host looks at.
    TooMuchWork,
    /// More than this many bytes for a batch.
    TooMuch(usize),
}

impl Broken {
    pub(super) fn new(breach: Breach) -> Self {
        Broken { breach, path: Vec::new() }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.breach)?;
        if !self.path.is_empty() {
            let path: Vec<&str> = self.path.iter().rev().map(|name| &**name).collect();
            write!(f, ", field `{}`", path.join("."))?;
        }
        Ok(())
    }
}

impl std::error::Error for Broken {}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List { pointer, count, size, memory } => write!(
                f,
                "the guest returned a list of {count} items of {size} bytes at {pointer:#x}, outside its memory of {memory} bytes"
            ),
            Self::Alignment(pointer, align) => {
                write!(f, "the guest returned a pointer {pointer:#x} that is not a multiple of {align}")
            }
            Self::Discriminant(case, cases) => {
                write!(f, "the guest returned case {case} of a type of {cases} cases")
            }
            Self::Utf8 => write!(f, "the guest returned a string that is not valid UTF-8"),
            Self::Char(code) => write!(f, "the guest returned a char {code:#x} that is no Unicode scalar value"),
            Self::Outside => write!(f, "the guest returned a value that ends outside of its record"),
            Self::Count(results, records) => {
                write!(f, "the guest returned {results} results for a batch of {records} records")
            }
            Self::TooMuchWork => {
                write!(f, "the guest returned more list items and nodes for a batch than its limit of bytes allows")
            }
            Self::TooMuch(limit) => write!(f, "the guest returned more than {limit} bytes for a batch"),
        }
    }
}

/// What ends the encoding of a record.
#[derive(Debug)]
pub(super) enum Stop {
    Broken(Box<Broken>),
    /// The record's own fault: what, and the field names from the innermost outwards.
    Invalid(Box<Invalid>),
}

/// A value of the guest's that the output's schema has no room for.
#[derive(Debug)]
pub(super) struct Invalid {
    what: String,
    path: Vec<Box<str>>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        if !self.path.is_empty() {
            let path: Vec<&str> = self.path.iter().rev().map(|name| &**name).collect();
            write!(f, ", field `{}`", path.join("."))?;
        }
        Ok(())
    }
}

impl From<Breach> for Stop {
    #[cold]
    fn from(breach: Breach) -> Self {
        Stop::Broken(Box::new(Broken::new(breach)))
    }
}

impl Stop {
    #[cold]
    pub(super) fn invalid(what: String) -> Self {
        Stop::Invalid(Box::new(Invalid { what, path: Vec::new() }))
    }

    #[cold]
    pub(super) fn within(mut self, field: &str) -> Self {
        match &mut self {
            Stop::Broken(broken) => broken.path.push(field.into()),
            Stop::Invalid(invalid) => invalid.path.push(field.into()),
        }
        self
    }
}
