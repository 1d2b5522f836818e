//! Avro types as WIT types, each written once, in the interface `types`.

use std::collections::{HashMap, HashSet};

use super::closing::{children, closing};
use super::doc::{comment, note};
use super::scope::{Expression, Origin, Scope};
use crate::contract::names::{self, Named, escape};
use crate::schema::{Field, Kind, Record, Schema, TypeId};

/// One of the guest's schemas, with the WIT names of its types.
pub(super) struct Side<'a> {
    pub schema: &'a Schema,
    fields: Option<&'a [String]>,
    named: Vec<Named>,
    names: HashMap<TypeId, String>,
    closing: HashSet<(TypeId, TypeId)>,
    /// Types another side has already written.
    shared: HashSet<TypeId>,
}

impl<'a> Side<'a> {
    pub fn new(schema: &'a Schema, fields: Option<&'a [String]>) -> Self {
        // Names are those of the whole schema, so that choosing fields renames nothing.
        let names = names::type_names(schema).into_iter().collect();
        let closing = closing(schema);
        let mut side = Self { schema, fields, named: Vec::new(), names, closing, shared: HashSet::new() };
        let mut reached = HashSet::new();
        side.reach(schema.root(), &mut reached);
        side.named = names::named_types(schema, fields).into_iter().filter(|n| reached.contains(&n.id)).collect();
        side
    }

    /// All types that the guest gets to see: not those behind a generic record.
    fn reach(&self, id: TypeId, reached: &mut HashSet<TypeId>) {
        if !reached.insert(id) {
            return;
        }
        let below = match self.schema.kind(id) {
            Kind::Record(record) => self.members(id, record).iter().map(|(_, field)| field.ty).collect(),
            _ => children(self.schema, id),
        };
        below.into_iter().filter(|child| !self.closes(id, *child)).for_each(|child| self.reach(child, reached));
    }

    /// Shares with the sides before it what is the same there, and renames what is only called the same.
    pub fn beside(mut self, others: &[&Side], suffix: &str) -> Self {
        let mut theirs: HashMap<&str, Vec<(&Side, TypeId)>> = HashMap::new();
        for (side, named) in others.iter().flat_map(|side| side.named.iter().map(move |named| (*side, named))) {
            theirs.entry(side.name(named.id)).or_default().push((side, named.id));
        }
        let all = others.iter().flat_map(|side| side.names.values());
        let mut taken: HashSet<String> = all.chain(self.names.values()).cloned().collect();
        let mut renamed = Vec::new();
        for named in &self.named {
            let Some(others) = theirs.get(self.name(named.id)) else { continue };
            if others.iter().any(|(side, other)| same(side, *other, &self, named.id)) {
                self.shared.insert(named.id);
                continue;
            }
            renamed.push((named.id, free(&format!("{}-{suffix}", self.name(named.id)), &mut taken)));
        }
        self.names.extend(renamed);
        self
    }

    /// How the schema's root is called in a sentence.
    pub fn describe(&self) -> String {
        self.schema.describe(self.schema.root())
    }

    /// The whole value.
    pub fn root(&self) -> Expression {
        let mut out = Expression::default();
        self.expression(self.schema.root(), &mut out);
        out
    }

    /// The name of the root's own type, where it has one.
    pub fn root_name(&self) -> Option<&str> {
        self.names.get(&self.schema.root()).map(String::as_str)
    }

    /// The types that this side writes.
    pub fn written(&self) -> impl Iterator<Item = (TypeId, &str)> {
        let own = self.named.iter().filter(|named| !self.shared.contains(&named.id));
        own.map(|named| (named.id, self.name(named.id)))
    }

    /// Whether a type holds the other only as a generic record.
    pub fn closes(&self, holder: TypeId, held: TypeId) -> bool {
        self.closing.contains(&(holder, held))
    }

    /// Whether any of its types holds a generic record.
    pub fn has_generic(&self) -> bool {
        self.written().any(|(id, _)| {
            let below = match self.schema.kind(id) {
                Kind::Record(record) => self.members(id, record).iter().map(|(_, field)| field.ty).collect(),
                _ => children(self.schema, id),
            };
            below.into_iter().any(|child| self.closed_below(id, child).is_some())
        })
    }

    /// A record's fields as a guest sees them: chosen, and carrying data.
    pub fn members<'r>(&self, id: TypeId, record: &'r Record) -> Vec<(String, &'r Field)> {
        let fields = self.fields.filter(|_| id == self.schema.root());
        let seen = |field: &Field| {
            fields.is_none_or(|fields| fields.contains(&field.name)) && !names::is_unit(self.schema, field.ty)
        };
        names::field_names(record).into_iter().zip(&record.fields).filter(|(_, field)| seen(field)).collect()
    }

    /// What a type of its own is called.
    pub fn name(&self, id: TypeId) -> &str {
        self.names.get(&id).map_or("", String::as_str)
    }

    /// What `holder` holds as `held`.
    fn held(&self, holder: TypeId, held: TypeId, out: &mut Expression) {
        match self.closes(holder, held) {
            true => out.name(Origin::Generic, "generic-record"),
            false => self.expression(held, out),
        }
    }

    fn expression(&self, id: TypeId, out: &mut Expression) {
        let mut wrapped = |before: &'static str, inner: TypeId, after: &'static str| {
            out.text(before);
            self.held(id, inner, out);
            out.text(after);
        };
        let text = match self.schema.kind(id) {
            Kind::Null => "",
            Kind::Boolean => "bool",
            Kind::Int => "s32",
            Kind::Long => "s64",
            Kind::Float => "f32",
            Kind::Double => "f64",
            Kind::String => "string",
            Kind::Bytes | Kind::Fixed(_) => "list<u8>",
            Kind::Array(item) => return wrapped("list<", *item, ">"),
            Kind::Map(value) => return wrapped("list<tuple<string, ", *value, ">>"),
            Kind::Union(branches) => match names::optional(self.schema, branches) {
                Some(optional) => return wrapped("option<", optional.inner, ">"),
                None => return out.name(Origin::Types, self.name(id)),
            },
            Kind::Enum(_) | Kind::Record(_) => return out.name(Origin::Types, self.name(id)),
        };
        out.text(text);
    }

    /// The record that a field's or case's type closes a circle with, where its expression does.
    fn closed_below(&self, holder: TypeId, held: TypeId) -> Option<TypeId> {
        if self.closes(holder, held) {
            return Some(held);
        }
        match self.schema.kind(held) {
            Kind::Array(inner) | Kind::Map(inner) => self.closed_below(held, *inner),
            Kind::Union(branches) => {
                let optional = names::optional(self.schema, branches)?;
                self.closed_below(held, optional.inner)
            }
            _ => None,
        }
    }

    /// What the type of a field or case does not tell.
    fn notes(&self, holder: TypeId, held: TypeId) -> Option<String> {
        let Some(again) = self.closed_below(holder, held) else { return note(self.schema, held) };
        let name = self.schema.kind(again).full_name().map(|name| name.0.clone()).unwrap_or_default();
        Some(format!("{name} again, as a generic record: a WIT type cannot contain itself."))
    }

    /// One type of this side.
    pub fn definition(&self, id: TypeId, scope: &Scope) -> String {
        let name = escape(self.name(id));
        let text_of = |held: TypeId| {
            let mut out = Expression::default();
            self.held(id, held, &mut out);
            scope.text(&out)
        };
        match self.schema.kind(id) {
            Kind::Record(record) => {
                let mut text = comment("    ", record.doc.as_deref().unwrap_or_default());
                text.push_str(&format!("    record {name} {{\n"));
                for (name, field) in self.members(id, record) {
                    let doc = [field.doc.clone(), self.notes(id, field.ty)];
                    text.push_str(&comment("        ", &doc.into_iter().flatten().collect::<Vec<_>>().join("\n")));
                    text.push_str(&format!("        {}: {},\n", escape(&name), text_of(field.ty)));
                }
                text + "    }\n"
            }
            Kind::Enum(symbols) => {
                let mut text = comment("    ", symbols.doc.as_deref().unwrap_or_default());
                text.push_str(&format!("    enum {name} {{\n"));
                for symbol in names::symbol_names(&symbols.symbols) {
                    text.push_str(&format!("        {},\n", escape(&symbol)));
                }
                text + "    }\n"
            }
            Kind::Union(branches) => {
                let described = format!("One of the schema's {}.", self.schema.describe(id));
                let mut text = comment("    ", &described) + &format!("    variant {name} {{\n");
                for (name, branch) in names::branch_names(self.schema, branches).iter().zip(branches) {
                    text.push_str(&comment("        ", &self.notes(id, *branch).unwrap_or_default()));
                    let payload = match names::is_unit(self.schema, *branch) {
                        true => String::new(),
                        false => format!("({})", text_of(*branch)),
                    };
                    text.push_str(&format!("        {}{payload},\n", escape(name)));
                }
                text + "    }\n"
            }
            _ => String::new(),
        }
    }
}

/// The name, with the first number behind it that makes it new.
pub(super) fn free(wanted: &str, taken: &mut HashSet<String>) -> String {
    let mut name = wanted.to_string();
    let mut number = 2;
    while !taken.insert(name.clone()) {
        name = format!("{wanted}{number}");
        number += 1;
    }
    name
}

/// Whether two types are the same in WIT, names included, all the way down.
fn same(a: &Side, at: TypeId, b: &Side, bt: TypeId) -> bool {
    let mut seen = HashSet::new();
    let mut open = vec![(at, bt)];
    while let Some((at, bt)) = open.pop() {
        let mut below = Vec::new();
        if seen.insert((at, bt)) && !same_level(a, at, b, bt, &mut below) {
            return false;
        }
        for (ac, bc) in below {
            match (a.closes(at, ac), b.closes(bt, bc)) {
                (true, true) => {}
                (false, false) => open.push((ac, bc)),
                _ => return false,
            }
        }
    }
    true
}

fn same_level(a: &Side, at: TypeId, b: &Side, bt: TypeId, below: &mut Vec<(TypeId, TypeId)>) -> bool {
    if a.names.get(&at) != b.names.get(&bt) {
        return false;
    }
    let units = (names::is_unit(a.schema, at), names::is_unit(b.schema, bt));
    if units.0 || units.1 {
        return units.0 && units.1;
    }
    match (a.schema.kind(at), b.schema.kind(bt)) {
        (Kind::Bytes | Kind::Fixed(_), Kind::Bytes | Kind::Fixed(_)) => true,
        (Kind::Enum(a), Kind::Enum(b)) => names::symbol_names(&a.symbols) == names::symbol_names(&b.symbols),
        (Kind::Array(at), Kind::Array(bt)) | (Kind::Map(at), Kind::Map(bt)) => {
            below.push((*at, *bt));
            true
        }
        (Kind::Union(at), Kind::Union(bt)) => {
            below.extend(at.iter().copied().zip(bt.iter().copied()));
            at.len() == bt.len() && names::branch_names(a.schema, at) == names::branch_names(b.schema, bt)
        }
        (Kind::Record(ar), Kind::Record(br)) => {
            let (am, bm) = (a.members(at, ar), b.members(bt, br));
            below.extend(am.iter().zip(&bm).map(|((_, a), (_, b))| (a.ty, b.ty)));
            am.iter().map(|(name, _)| name).eq(bm.iter().map(|(name, _)| name))
        }
        (x, y) => std::mem::discriminant(x) == std::mem::discriminant(y),
    }
}
