//! Refuses what has no WIT form, before any of it is written.

use std::collections::HashSet;

use super::Refusal;
use super::closing::closing;
use super::limits::MAX_MEMBERS;
use crate::contract::names;
use crate::schema::{Kind, Schema, TypeId};

struct Check<'a> {
    schema: &'a Schema,
    side: &'static str,
    fields: Option<&'a [String]>,
    closing: HashSet<(TypeId, TypeId)>,
    done: HashSet<TypeId>,
}

/// Looks at every type that a guest would see of the schema, of its root record only `fields`, where given.
pub(super) fn check(schema: &Schema, side: &'static str, fields: Option<&[String]>) -> Result<(), Refusal> {
    if let Some(fields) = fields {
        known_fields(schema, side, fields)?;
    }
    let mut check = Check { schema, side, fields, closing: closing(schema), done: HashSet::new() };
    let place = match schema.kind(schema.root()) {
        Kind::Record(record) => record.name.0.clone(),
        _ => "the outermost type".into(),
    };
    check.carries(schema.root(), &place, "the whole value")?;
    check.visit(schema.root(), &place)
}

fn known_fields(schema: &Schema, side: &'static str, fields: &[String]) -> Result<(), Refusal> {
    let Kind::Record(record) = schema.kind(schema.root()) else {
        return Err(Refusal::NoFields { side, ty: schema.describe(schema.root()) });
    };
    let known = |name: &str| record.fields.iter().any(|field| field.name == name);
    match fields.iter().find(|name| !known(name)) {
        None => Ok(()),
        Some(field) => Err(Refusal::UnknownField {
            side,
            record: record.name.0.clone(),
            field: field.clone(),
            known: record.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", "),
        }),
    }
}

impl Check<'_> {
    fn carries(&self, id: TypeId, place: &str, role: &'static str) -> Result<(), Refusal> {
        let chosen = |name: &String| self.fields.is_none_or(|fields| fields.contains(name));
        let hollow = match self.schema.kind(id) {
            // Choosing fields may leave none that carries data.
            Kind::Record(record) if id == self.schema.root() => {
                !record.fields.iter().any(|field| chosen(&field.name) && !self.schema.is_empty(field.ty))
            }
            _ => self.schema.is_empty(id),
        };
        if !hollow {
            return Ok(());
        }
        let ty = self.schema.describe(id);
        Err(Refusal::NoData { side: self.side, place: place.to_string(), ty, role })
    }

    /// What stands behind a generic record is no business of the guest's types.
    fn step(&mut self, holder: TypeId, held: TypeId, place: &str) -> Result<(), Refusal> {
        if self.closing.contains(&(holder, held)) { Ok(()) } else { self.visit(held, place) }
    }

    fn visit(&mut self, id: TypeId, place: &str) -> Result<(), Refusal> {
        if self.done.contains(&id) || self.schema.is_empty(id) {
            return Ok(());
        }
        let kind = self.schema.kind(id);
        self.done.insert(id);
        match kind {
            Kind::Array(item) => {
                self.carries(*item, &format!("an item of {place}"), "the item of an array")?;
                self.step(id, *item, place)?;
            }
            Kind::Map(value) => {
                self.carries(*value, &format!("a value of {place}"), "the value of a map")?;
                self.step(id, *value, place)?;
            }
            Kind::Union(branches) => {
                if let Some(optional) = names::optional(self.schema, branches) {
                    self.carries(optional.inner, place, "the only branch beside null")?;
                }
                self.members(id, branches.len())?;
                for branch in branches {
                    self.step(id, *branch, place)?;
                }
            }
            Kind::Enum(symbols) => self.members(id, symbols.symbols.len())?,
            Kind::Record(record) => {
                let fields = self.fields.filter(|_| id == self.schema.root());
                let chosen = |name: &String| fields.is_none_or(|fields| fields.contains(name));
                let chosen: Vec<_> = record.fields.iter().filter(|field| chosen(&field.name)).collect();
                self.members(id, chosen.len())?;
                for field in chosen {
                    self.step(id, field.ty, &format!("{}.{}", record.name.0, field.name))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn members(&self, id: TypeId, count: usize) -> Result<(), Refusal> {
        if count <= MAX_MEMBERS {
            return Ok(());
        }
        let ty = match self.schema.kind(id) {
            Kind::Union(_) => "a union".into(),
            _ => self.schema.describe(id),
        };
        Err(Refusal::TooLarge { side: self.side, ty, count })
    }
}
