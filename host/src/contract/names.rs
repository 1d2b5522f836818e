//! Avro names as WIT names: total, deterministic, and the same wherever a name is needed.
//!
//! Every legal Avro name becomes words of lower-case letters and digits joined by dashes. Where two names of one scope
//! become the same, the plainer one keeps it and the others get a number; the order of fields or symbols plays no
//! part, so that reordering or adding a field that collides with nothing renames nothing.

use std::collections::{BTreeMap, HashSet};

use crate::schema::{Kind, Record, Schema, TypeId};

/// Words WIT reads as something other than a name.
const KEYWORDS: &[&str] = &[
    "as",
    "async",
    "bool",
    "borrow",
    "char",
    "constructor",
    "enum",
    "error-context",
    "export",
    "f32",
    "f64",
    "flags",
    "from",
    "func",
    "future",
    "import",
    "include",
    "interface",
    "list",
    "map",
    "option",
    "own",
    "package",
    "record",
    "resource",
    "result",
    "s16",
    "s32",
    "s64",
    "s8",
    "static",
    "stream",
    "string",
    "tuple",
    "type",
    "u16",
    "u32",
    "u64",
    "u8",
    "use",
    "variant",
    "with",
    "world",
];

/// Names that the modules of componentize-py import, and go on to use behind a class of the same name.
const TYPING: &[&str] = &["enum", "list", "optional", "tuple", "union"];

/// The WIT names of a record's fields, in the order of the fields.
pub fn field_names(record: &Record) -> Vec<String> {
    distinct(record.fields.iter().map(|field| Candidate::of(&field.name)).collect())
}

/// The WIT names of an enumeration's symbols, in their order.
pub fn symbol_names(symbols: &[String]) -> Vec<String> {
    distinct(symbols.iter().map(|symbol| Candidate::upper(symbol, symbol)).collect())
}

/// The WIT names of a union's branches, in their order: named types by their short name, others by Avro's word.
pub fn branch_names(schema: &Schema, branches: &[TypeId]) -> Vec<String> {
    let candidate = |id: &TypeId| {
        let kind = schema.kind(*id);
        let full = kind.full_name().map_or(kind.word(), |name| &name.0);
        Candidate::upper(short(full), full)
    };
    distinct(branches.iter().map(candidate).collect())
}

/// The types of a schema that need a WIT type of their own, outermost first, each with a name unique among them.
///
/// Records and enumerations have their short names; a union that is no option is named after the record and the field
/// it stands in, with `-item` or `-value` added inside an array or map.
pub fn type_names(schema: &Schema) -> Vec<(TypeId, String)> {
    let named = named_types(schema, None);
    let candidates = named.iter().map(|n| Candidate::ty(short(&n.original), &n.original));
    let names = distinct(candidates.collect());
    named.iter().map(|n| n.id).zip(names).collect()
}

/// The name as it stands in a WIT file: `%` in front where it is a keyword.
pub fn escape(name: &str) -> String {
    if KEYWORDS.contains(&name) { format!("%{name}") } else { name.to_string() }
}

/// Whether the type carries no data, so that it is absent from a record and a case without payload in a variant:
/// null, or a record of nothing but such types.
pub fn is_unit(schema: &Schema, id: TypeId) -> bool {
    schema.is_empty(id)
}

/// The other branch of a union of null and one more, and the index of each; `None` for every other union.
pub fn optional(schema: &Schema, branches: &[TypeId]) -> Option<Optional> {
    let is_null = |id: TypeId| matches!(schema.kind(id), Kind::Null);
    match branches {
        [a, b] if is_null(*a) && !is_null(*b) => Some(Optional { null: 0, some: 1, inner: *b }),
        [a, b] if is_null(*b) && !is_null(*a) => Some(Optional { null: 1, some: 0, inner: *a }),
        _ => None,
    }
}

/// A union that is an option in WIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Optional {
    /// The index of the null branch.
    pub null: usize,
    /// The index of the other branch.
    pub some: usize,
    /// The type of the other branch.
    pub inner: TypeId,
}

/// A type that needs a WIT type of its own, and the Avro name that WIT name is made from.
pub(super) struct Named {
    pub id: TypeId,
    pub original: String,
}

/// Such types in the order they are met, outermost first; of the root record only `fields`, where given.
pub(super) fn named_types(schema: &Schema, fields: Option<&[String]>) -> Vec<Named> {
    let mut found = Found { schema, fields, named: Vec::new(), seen: HashSet::new() };
    found.visit(schema.root(), "value");
    found.named
}

/// The kebab-case form of an Avro name.
pub(crate) fn kebab(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut fresh = true;
    for (i, c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            fresh = true;
            continue;
        }
        let before = i.checked_sub(1).map(|i| chars[i]);
        let humps = c.is_ascii_uppercase()
            && (before.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                || before.is_some_and(|b| b.is_ascii_uppercase())
                    && chars.get(i + 1).is_some_and(char::is_ascii_lowercase));
        if words.is_empty() && c.is_ascii_digit() {
            words.push("x".into());
        } else if words.is_empty() || (fresh || humps) && !c.is_ascii_digit() {
            words.push(String::new());
        }
        fresh = false;
        if let Some(word) = words.last_mut() {
            word.push(c.to_ascii_lowercase());
        }
    }
    if words.is_empty() { "x".into() } else { words.join("-") }
}

/// A name that is wanted, and what tells it from another that wants the same.
pub(super) struct Candidate {
    pub base: String,
    pub original: String,
}

impl Candidate {
    pub(super) fn of(name: &str) -> Self {
        Self { base: kebab(name), original: name.to_string() }
    }

    /// Of a type, symbol or case: bindings write these with a capital, and `Self` is no name in Rust.
    fn upper(name: &str, original: &str) -> Self {
        let base = kebab(name);
        Self { base: if base == "self" { "x-self".into() } else { base }, original: original.to_string() }
    }

    /// Of a type: bindings for Python make a class of it, where others go by these names.
    fn ty(name: &str, original: &str) -> Self {
        let candidate = Self::upper(name, original);
        match TYPING.contains(&candidate.base.as_str()) {
            true => Self { base: format!("x-{}", candidate.base), ..candidate },
            false => candidate,
        }
    }

    /// The plain spelling comes first, then the order of the originals.
    fn rank(&self) -> (bool, &str) {
        (short(&self.original) != self.base.replace('-', "_"), &self.original)
    }
}

/// One name for each candidate, in their order, all different.
pub(super) fn distinct(candidates: Vec<Candidate>) -> Vec<String> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, candidate) in candidates.iter().enumerate() {
        groups.entry(&candidate.base).or_default().push(i);
    }
    let mut taken: HashSet<String> = groups.keys().map(|base| base.to_string()).collect();
    let mut names: Vec<String> = candidates.iter().map(|c| c.base.clone()).collect();
    for (base, mut members) in groups {
        members.sort_by_key(|i| candidates[*i].rank());
        let mut number = 2u64;
        for member in members.into_iter().skip(1) {
            let mut name = format!("{base}{number}");
            while !taken.insert(name.clone()) {
                number += 1;
                name = format!("{base}{number}");
            }
            names[member] = name;
        }
    }
    names
}

fn short(full: &str) -> &str {
    full.rsplit('.').next().unwrap_or(full)
}

struct Found<'a> {
    schema: &'a Schema,
    fields: Option<&'a [String]>,
    named: Vec<Named>,
    seen: HashSet<TypeId>,
}

impl Found<'_> {
    /// `place` is what a type without a name of its own is called after.
    fn visit(&mut self, id: TypeId, place: &str) {
        if self.schema.is_empty(id) {
            return;
        }
        match self.schema.kind(id) {
            Kind::Array(item) => self.visit(*item, &format!("{place}_item")),
            Kind::Map(value) => self.visit(*value, &format!("{place}_value")),
            Kind::Enum(symbols) => {
                self.add(id, &symbols.name.0);
            }
            Kind::Union(branches) => match optional(self.schema, branches) {
                Some(optional) => self.visit(optional.inner, place),
                None => {
                    if self.add(id, place) {
                        branches.iter().for_each(|branch| self.visit(*branch, place));
                    }
                }
            },
            Kind::Record(record) if self.add(id, &record.name.0) => {
                let fields = self.fields.filter(|_| id == self.schema.root());
                for field in record.fields.iter().filter(|f| fields.is_none_or(|names| names.contains(&f.name))) {
                    self.visit(field.ty, &format!("{}_{}", record.name.0, field.name));
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, id: TypeId, original: &str) -> bool {
        let new = self.seen.insert(id);
        if new {
            self.named.push(Named { id, original: original.to_string() });
        }
        new
    }
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;
