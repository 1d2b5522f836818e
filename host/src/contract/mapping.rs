//! Which WIT type stands for which Avro type, in the words of error messages.

use super::names;
use crate::schema::{Kind, Schema, TypeId};

/// The WIT type that a schema's type becomes; named types by their kind and name.
pub fn wit_type(schema: &Schema, id: TypeId) -> String {
    match schema.kind(id) {
        Kind::Null => "(absent)".into(),
        Kind::Boolean => "bool".into(),
        Kind::Int => "s32".into(),
        Kind::Long => "s64".into(),
        Kind::Float => "f32".into(),
        Kind::Double => "f64".into(),
        Kind::String => "string".into(),
        Kind::Bytes | Kind::Fixed(_) => "list<u8>".into(),
        Kind::Enum(e) => format!("enum {{ {} }}", names::symbol_names(&e.symbols).join(", ")),
        Kind::Array(item) => format!("list<{}>", wit_type(schema, *item)),
        Kind::Map(value) => format!("list<tuple<string, {}>>", wit_type(schema, *value)),
        Kind::Record(record) => format!("a record for {}", record.name.0),
        Kind::Union(branches) => match names::optional(schema, branches) {
            Some(optional) => format!("option<{}>", wit_type(schema, optional.inner)),
            None => format!("variant {{ {} }}", names::branch_names(schema, branches).join(", ")),
        },
    }
}
