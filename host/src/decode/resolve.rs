//! Which writer's types can be read as which reader's, by the specification's rules of schema resolution.

use std::cell::OnceCell;
use std::sync::Arc;

use super::plan::{Exact, Skip};
use crate::schema::named::NamedTypes;
use crate::schema::parse::MAX_TYPES;
use crate::schema::{FullName, Kind, Record, Schema, TypeId};

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

/// How to pass over values of a schema. Where records contain themselves, all records stand in one table, so that what
/// is passed over is as large as the schema and not as deep as a value.
#[derive(Debug)]
pub struct Passes<'s> {
    schema: &'s Schema,
    /// Of a recursive schema: its records' numbers.
    named: OnceCell<NamedTypes>,
    tables: [OnceCell<Arc<[Skip]>>; 2],
}

impl<'s> Passes<'s> {
    /// For one schema.
    pub fn new(schema: &'s Schema) -> Self {
        Passes { schema, named: OnceCell::new(), tables: [OnceCell::new(), OnceCell::new()] }
    }

    /// How to pass over a value.
    pub fn skip(&self, id: TypeId) -> Skip {
        self.way(id, false)
    }

    /// As [`Passes::skip`], of a value whose bytes become part of an output: what is wrong with it is found here, or
    /// else by whoever reads the output.
    pub fn check(&self, id: TypeId) -> Skip {
        self.way(id, true)
    }

    fn way(&self, id: TypeId, exact: bool) -> Skip {
        let whole = self.pass(id, exact);
        if self.schema.recursive().is_none() || matches!(whole, Skip::Bytes(_) | Skip::Varint | Skip::Length) {
            return whole;
        }
        let table = self.tables[usize::from(exact)].get_or_init(|| {
            let record = |id: &TypeId| match self.schema.kind(*id) {
                Kind::Record(record) => self.fields(record, exact),
                _ => Skip::Bytes(0),
            };
            self.named().ids().iter().map(record).collect()
        });
        Skip::Within(table.clone(), Box::new(whole))
    }

    fn named(&self) -> &NamedTypes {
        self.named.get_or_init(|| NamedTypes::of(self.schema))
    }

    fn fields(&self, record: &Record, exact: bool) -> Skip {
        Skip::Sequence(record.fields.iter().map(|field| self.pass(field.ty, exact)).collect())
    }

    fn pass(&self, id: TypeId, exact: bool) -> Skip {
        let inner = |id: TypeId| Box::new(self.pass(id, exact));
        match self.schema.kind(id) {
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
            Kind::Union(branches) => Skip::Union(branches.iter().map(|b| self.pass(*b, exact)).collect()),
            Kind::Record(record) if self.schema.recursive().is_none() => self.fields(record, exact),
            Kind::Record(_) => Skip::Record(self.named().index_of(id).unwrap_or_default()),
        }
    }
}

/// How many types are looked at for [`least`]. A recursive schema's are without end; any other's end before.
const MAX_LOOKS: usize = MAX_TYPES;

/// Bytes that a value of the type takes at least. Of a type within itself nothing is counted.
pub fn least(schema: &Schema, id: TypeId) -> usize {
    Least { schema, open: Vec::new(), looks: MAX_LOOKS }.of(id)
}

struct Least<'s> {
    schema: &'s Schema,
    open: Vec<TypeId>,
    looks: usize,
}

impl Least<'_> {
    fn of(&mut self, id: TypeId) -> usize {
        let Some(looks) = self.looks.checked_sub(1) else { return 0 };
        self.looks = looks;
        match self.schema.kind(id) {
            Kind::Null => 0,
            Kind::Float => 4,
            Kind::Double => 8,
            Kind::Fixed(fixed) => fixed.size,
            Kind::Union(branches) => 1 + branches.iter().map(|b| self.of(*b)).min().unwrap_or(0),
            Kind::Record(_) if self.open.contains(&id) => 0,
            Kind::Record(record) => {
                self.open.push(id);
                let sum = record.fields.iter().fold(0, |sum: usize, field| sum.saturating_add(self.of(field.ty)));
                self.open.pop();
                sum
            }
            _ => 1,
        }
    }
}
