//! Why no WIT can be made, in words that say what to change.

use super::limits::{MAX_DEPTH, MAX_MEMBERS, MAX_SIZE};

/// Why no WIT can be made of the schemas and choices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The package is not named as WIT wants it.
    #[error(
        "{0:?} is not a package name: write namespace:name in lower-case words joined by dashes, with or without \
         @version, for instance acme:payments or acme:payments@1.0.0"
    )]
    Package(String),
    /// The package is the pipeline's.
    #[error("millstream:pipeline is the package of the pipeline itself; choose a name of your own")]
    Reserved,
    /// A choice that makes no sense, alone or beside the others.
    #[error("{message}")]
    Choice {
        /// The flag to change: `--envelope-out`.
        flag: &'static str,
        /// What is wrong, and what to do.
        message: String,
    },
    /// A type that carries no data stands where a value must.
    #[error(
        "{side} schema: {place} is {ty}, which carries no data; as {role} it has no WIT type. Such a type may only be \
         a record's field or a branch among several"
    )]
    NoData {
        /// `input`, `output`, `key` or `key-out`.
        side: &'static str,
        /// Where: `record.field`.
        place: String,
        /// The Avro type.
        ty: String,
        /// What it would have to be: `the item of an array`.
        role: &'static str,
    },
    /// No engine takes a type of so many members.
    #[error("{side} schema: {ty} has {count} members; a component's type has at most {MAX_MEMBERS}{}", leave_out(.side))]
    TooLarge {
        /// `input`, `output`, `key` or `key-out`.
        side: &'static str,
        /// The Avro type.
        ty: String,
        /// Fields, symbols or branches.
        count: usize,
    },
    /// No engine takes a type that nests so deep.
    #[error(
        "{side} schema: with what stands around it, {ty} nests {depth} levels deep in WIT, where a map counts as two; a \
         component's type nests at most {MAX_DEPTH} deep. Take the value as `generic` or `bytes`{}", leave_out(.side)
    )]
    TooDeep {
        /// `input`, `output`, `key` or `key-out`.
        side: &'static str,
        /// The schema's outermost Avro type.
        ty: String,
        /// Levels.
        depth: usize,
    },
    /// No engine takes so many types.
    #[error(
        "the guest's types, each written out with all it holds, have {size} parts; a component has at most {MAX_SIZE}. \
         Leave out fields with --input-fields and --output-fields, or take the value as `generic` or `bytes`"
    )]
    TooManyParts {
        /// Parts, as engines count them.
        size: usize,
    },
    /// A field was chosen that the record does not have.
    #[error("--{side}-fields: {record} has no field {field:?}; it has {known}")]
    UnknownField {
        /// `input` or `output`.
        side: &'static str,
        /// The record's full name.
        record: String,
        /// The name that was given.
        field: String,
        /// The names it has.
        known: String,
    },
    /// Fields were chosen of something that has none.
    #[error("--{side}-fields: the schema is {ty}; only of a record fields can be chosen")]
    NoFields {
        /// `input` or `output`.
        side: &'static str,
        /// The Avro type.
        ty: String,
    },
}

impl Refusal {
    /// The flag whose value has to change, or whose schema: `--input`.
    pub fn flag(&self) -> &'static str {
        match self {
            Refusal::Package(_) | Refusal::Reserved => "--package",
            Refusal::Choice { flag, .. } => flag,
            Refusal::TooManyParts { .. } => "--input",
            Refusal::NoData { side, .. }
            | Refusal::TooLarge { side, .. }
            | Refusal::TooDeep { side, .. }
            | Refusal::UnknownField { side, .. }
            | Refusal::NoFields { side, .. } => match *side {
                "output" => "--output",
                "key" => "--key",
                "key-out" => "--key-out",
                _ => "--input",
            },
        }
    }
}

fn leave_out(side: &str) -> String {
    match side {
        "input" | "output" => format!(". Of the outermost record, --{side}-fields names those that are needed"),
        _ => String::new(),
    }
}
