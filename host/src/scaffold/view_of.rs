//! Schemas and the guest's types side by side.

use crate::contract::names;
use crate::contract::wit::{Definition, View};
use crate::schema::{Field, Record, Schema};

/// What a named type is made of.
pub fn definition(view: &View, place: usize) -> &Definition {
    const NOTHING: &Definition = &Definition::Record(Vec::new());
    view.types.get(place).map_or(NOTHING, |named| &named.definition)
}

/// The fields that a guest sees: one for each member of its record, in their order.
pub fn members<'a>(schema: &'a Schema, record: &'a Record) -> impl Iterator<Item = &'a Field> {
    record.fields.iter().filter(|field| !names::is_unit(schema, field.ty))
}
