//! What the sink's schema wants of a list of nodes.

use super::names::Names;
use crate::contract::generic::{NodeKind, NodeLayout};

/// Reads one value of the sink's schema out of nodes.
#[derive(Debug)]
pub struct GenericPlan {
    pub(super) root: Want,
    /// By the numbers of [`Want::Record`].
    pub(super) records: Box<[RecordPlan]>,
    pub(super) names: Names,
    pub(super) layout: NodeLayout,
}

/// What has to come next.
#[derive(Debug)]
pub(super) enum Want {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    Text,
    /// So many bytes.
    Fixed(usize),
    /// The enumeration of this number among the sink's named types, which has so many symbols.
    Enum {
        name: u32,
        symbols: u32,
    },
    Array(Box<Want>),
    Map(Box<Want>),
    /// One of the branches.
    Union(Box<UnionPlan>),
    /// The record of this number among the plan's.
    Record(u32),
}

impl Want {
    /// Avro's word, for errors.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::Text => "string",
            Self::Fixed(_) => "fixed",
            Self::Enum { .. } => "enum",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Union(_) => "union",
            Self::Record(_) => "record",
        }
    }
}

/// A union of the sink's schema.
#[derive(Debug)]
pub(super) struct UnionPlan {
    /// In the order of the schema.
    pub(super) branches: Box<[Want]>,
    /// By the node's kind: the branch it takes. Of fixed, enum and record only where there is just one.
    pub(super) by_kind: [Option<u32>; NodeKind::ALL.len()],
    /// How an error names the union.
    pub(super) text: Box<str>,
}

/// A record of the sink's schema.
#[derive(Debug)]
pub(super) struct RecordPlan {
    /// Its number among the sink's named types.
    pub(super) name: u32,
    /// In the order of the schema.
    pub(super) fields: Box<[FieldPlan]>,
}

/// A field of a record of the sink's schema.
#[derive(Debug)]
pub(super) struct FieldPlan {
    /// Avro name, for errors.
    pub(super) name: Box<str>,
    pub(super) want: Want,
    /// What stands there when the guest's record, which is one of the source's, lacks the field: its default's Avro
    /// bytes, or none for a field that carries no data.
    pub(super) absent: Option<Box<[u8]>>,
}
