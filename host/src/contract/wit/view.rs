//! A guest's types as those see them who write code over its WIT.

use std::collections::HashMap;

use super::types::Side;
use crate::contract::names;
use crate::schema::{Kind, TypeId};

/// The types of a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// What the interface `types` holds, in its order; empty: there is no such interface.
    pub types: Vec<NamedType>,
    /// What is taken, where it has a schema.
    pub input: Option<Type>,
    /// What is given, where it has a schema.
    pub output: Option<Type>,
}

/// A type expression of WIT, as far as schemas need them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// `bool`
    Bool,
    /// `s32`
    S32,
    /// `s64`
    S64,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `string`
    String,
    /// `list<u8>`
    Bytes,
    /// `list<...>`
    List(Box<Type>),
    /// `list<tuple<string, ...>>`
    Map(Box<Type>),
    /// `option<...>`
    Option(Box<Type>),
    /// By its place in [`View::types`].
    Named(usize),
    /// `generic-record`
    Generic,
}

/// A type of the interface `types`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedType {
    /// Its name in WIT, without `%`.
    pub name: String,
    /// What the world calls it, where its functions name it.
    pub local: Option<String>,
    /// What it is made of.
    pub definition: Definition,
}

/// What a named type is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Definition {
    /// A record's fields.
    Record(Vec<Member>),
    /// An enumeration's symbols, as WIT names.
    Enum(Vec<String>),
    /// A union's branches, in the order of the schema.
    Variant(Vec<Case>),
}

/// A field that carries data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name in WIT, without `%`.
    pub name: String,
    /// Its name in the schema.
    pub avro: String,
    /// Its type.
    pub ty: Type,
}

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its name in WIT, without `%`.
    pub name: String,
    /// What it carries; `None`: nothing.
    pub ty: Option<Type>,
}

/// `taken` and `given` are sides by their places; `local` tells what the world calls a type.
pub(super) fn view(
    sides: &[Side],
    (taken, given): (Option<usize>, Option<usize>),
    local: &dyn Fn(&str) -> Option<String>,
) -> View {
    let written: Vec<(&Side, TypeId, &str)> =
        sides.iter().flat_map(|side| side.written().map(move |(id, name)| (side, id, name))).collect();
    let places = Places(written.iter().enumerate().map(|(place, (.., name))| (name.to_string(), place)).collect());
    let types = written.iter().map(|(side, id, name)| NamedType {
        name: name.to_string(),
        local: local(name),
        definition: places.definition(side, *id),
    });
    let root = |side: Option<usize>| {
        let side = sides.get(side?)?;
        Some(places.ty(side, side.schema.root()))
    };
    View { types: types.collect(), input: root(taken), output: root(given) }
}

/// Where a type of this name stands; names are unique among all sides.
struct Places(HashMap<String, usize>);

impl Places {
    fn held(&self, side: &Side, holder: TypeId, held: TypeId) -> Type {
        if side.closes(holder, held) { Type::Generic } else { self.ty(side, held) }
    }

    fn ty(&self, side: &Side, id: TypeId) -> Type {
        let within = |inner: TypeId| Box::new(self.held(side, id, inner));
        match side.schema.kind(id) {
            Kind::Boolean => Type::Bool,
            Kind::Int => Type::S32,
            Kind::Long => Type::S64,
            Kind::Float => Type::F32,
            Kind::Double => Type::F64,
            Kind::String => Type::String,
            // What carries no data has no type of its own, and nobody asks for one.
            Kind::Bytes | Kind::Fixed(_) | Kind::Null => Type::Bytes,
            Kind::Array(item) => Type::List(within(*item)),
            Kind::Map(value) => Type::Map(within(*value)),
            Kind::Union(branches) => match names::optional(side.schema, branches) {
                Some(optional) => Type::Option(within(optional.inner)),
                None => self.named(side, id),
            },
            Kind::Enum(_) | Kind::Record(_) => self.named(side, id),
        }
    }

    fn named(&self, side: &Side, id: TypeId) -> Type {
        self.0.get(side.name(id)).map_or(Type::Generic, |place| Type::Named(*place))
    }

    fn definition(&self, side: &Side, id: TypeId) -> Definition {
        match side.schema.kind(id) {
            Kind::Enum(symbols) => Definition::Enum(names::symbol_names(&symbols.symbols)),
            Kind::Union(branches) => {
                let named = names::branch_names(side.schema, branches).into_iter().zip(branches);
                let case = |(name, branch): (String, &TypeId)| {
                    let unit = names::is_unit(side.schema, *branch);
                    Case { name, ty: (!unit).then(|| self.held(side, id, *branch)) }
                };
                Definition::Variant(named.map(case).collect())
            }
            Kind::Record(record) => {
                let members = side.members(id, record).into_iter();
                let member = |(name, field): (String, &crate::schema::Field)| Member {
                    name,
                    avro: field.name.clone(),
                    ty: self.held(side, id, field.ty),
                };
                Definition::Record(members.map(member).collect())
            }
            _ => Definition::Record(Vec::new()),
        }
    }
}
