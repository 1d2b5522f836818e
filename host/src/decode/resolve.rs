//! Which writer's types can be read as which reader's, by the specification's rules of schema resolution.

use super::plan::{Exact, Skip};
use crate::schema::{FullName, Kind, Schema, TypeId};

/// Whether two named types may be the same: equal short names, or the reader has the writer's name as an alias.
pub fn names_match(writer: &Kind, reader: &Kind) -> bool {
    let matches = |w: &FullName, r: &FullName, aliases: &[FullName]| {
        w.short() == r.short() || aliases.iter().any(|alias| alias == w || alias.0 == w.short())
    };
    match (writer, reader) {
        (Kind::Record(w), Kind::Record(r)) => matches(&w.name, &r.name, &r.aliases),
        (Kind::Enum(w), Kind::Enum(r)) => matches(&w.name, &r.name, &r.aliases),
        (Kind::Fixed(w), Kind::Fixed(r)) => matches(&w.name, &r.name, &r.aliases),
        _ => false,
    }
}

/// The reader's branch for a writer's type: the first of the same type and full name, else of the same type and short
/// name or alias, else the first that it can be promoted to.
pub fn branch(writer: &Schema, w: TypeId, reader: &Schema, branches: &[TypeId]) -> Option<usize> {
    let wk = writer.kind(w);
    let find = |fits: &dyn Fn(&Kind) -> bool| branches.iter().position(|b| fits(reader.kind(*b)));
    find(&|rk| same_full_name(wk, rk))
        .or_else(|| find(&|rk| same_type(wk, rk)))
        .or_else(|| find(&|rk| promotable(wk, rk)))
}

fn same_full_name(w: &Kind, r: &Kind) -> bool {
    match (w, r) {
        (Kind::Record(w), Kind::Record(r)) => w.name == r.name,
        (Kind::Enum(w), Kind::Enum(r)) => w.name == r.name,
        (Kind::Fixed(w), Kind::Fixed(r)) => w.name == r.name,
        _ => false,
    }
}

fn same_type(w: &Kind, r: &Kind) -> bool {
    let unnamed = !matches!(w, Kind::Record(_) | Kind::Enum(_) | Kind::Fixed(_));
    std::mem::discriminant(w) == std::mem::discriminant(r) && (unnamed || names_match(w, r))
}

fn promotable(w: &Kind, r: &Kind) -> bool {
    matches!(
        (w, r),
        (Kind::Int, Kind::Long | Kind::Float | Kind::Double)
            | (Kind::Long, Kind::Float | Kind::Double)
            | (Kind::Float, Kind::Double)
            | (Kind::String, Kind::Bytes)
            | (Kind::Bytes, Kind::String)
    )
}

/// How to pass over a value. The schema must not be recursive: that is refused before a plan is made.
pub fn skip(schema: &Schema, id: TypeId) -> Skip {
    pass(schema, id, false)
}

/// As [`skip`], of a value whose bytes become part of an output: what is wrong with it is found here, or else by
/// whoever reads the output.
pub fn check(schema: &Schema, id: TypeId) -> Skip {
    pass(schema, id, true)
}

fn pass(schema: &Schema, id: TypeId, exact: bool) -> Skip {
    let inner = |id: TypeId| Box::new(pass(schema, id, exact));
    match schema.kind(id) {
        Kind::Int if exact => Skip::Exactly(Exact::Int),
        Kind::Boolean if exact => Skip::Exactly(Exact::Boolean),
        Kind::String if exact => Skip::Exactly(Exact::Text),
        Kind::Enum(symbols) if exact => Skip::Exactly(Exact::Enum(symbols.symbols.len())),
        Kind::Array(item) if exact => Skip::Exactly(Exact::Array(inner(*item))),
        Kind::Map(value) if exact => Skip::Exactly(Exact::Map(inner(*value))),
        Kind::Null => Skip::Bytes(0),
        Kind::Boolean => Skip::Bytes(1),
        Kind::Int | Kind::Long | Kind::Enum(_) => Skip::Varint,
        Kind::Float => Skip::Bytes(4),
        Kind::Double => Skip::Bytes(8),
        Kind::Bytes | Kind::String => Skip::Length,
        Kind::Fixed(fixed) => Skip::Bytes(fixed.size),
        Kind::Array(item) => Skip::Array(inner(*item)),
        Kind::Map(value) => Skip::Map(inner(*value)),
        Kind::Union(branches) => Skip::Union(branches.iter().map(|b| pass(schema, *b, exact)).collect()),
        Kind::Record(record) => Skip::Sequence(record.fields.iter().map(|f| pass(schema, f.ty, exact)).collect()),
    }
}

/// Bytes that a value of the type takes at least.
pub fn least(schema: &Schema, id: TypeId) -> usize {
    match schema.kind(id) {
        Kind::Null => 0,
        Kind::Float => 4,
        Kind::Double => 8,
        Kind::Fixed(fixed) => fixed.size,
        Kind::Union(branches) => 1 + branches.iter().map(|b| least(schema, *b)).min().unwrap_or(0),
        Kind::Record(record) => {
            record.fields.iter().fold(0, |sum: usize, field| sum.saturating_add(least(schema, field.ty)))
        }
        _ => 1,
    }
}
