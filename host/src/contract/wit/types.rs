//! The interface `types`: Avro types as WIT types, each written once.

use std::collections::{HashMap, HashSet};

use super::doc::{comment, note};
use crate::contract::names::{self, Named, escape};
use crate::schema::{Field, Kind, Record, Schema, TypeId};

/// One of the two schemas, with the WIT names of its types.
pub(super) struct Side<'a> {
    schema: &'a Schema,
    fields: Option<&'a [String]>,
    named: Vec<Named>,
    names: HashMap<TypeId, String>,
    /// Types the other side has already written.
    shared: HashSet<TypeId>,
}

/// A type expression in which names can still be replaced.
pub(super) struct TypeText(Vec<Part>);

enum Part {
    Text(&'static str),
    Name(String),
}

impl TypeText {
    /// Puts `new` wherever `old` stands.
    pub fn rename(&mut self, old: &str, new: &str) {
        for part in &mut self.0 {
            if let Part::Name(name) = part
                && name == old
            {
                *name = new.to_string();
            }
        }
    }

    /// As it stands in a WIT file.
    pub fn text(&self) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.to_string(),
            Part::Name(name) => escape(name),
        };
        self.0.iter().map(part).collect()
    }
}

/// All types of both sides; empty where neither needs a type of its own.
pub(super) fn interface(input: &Side, output: &Side) -> String {
    let bodies: Vec<String> = [input, output].into_iter().flat_map(Side::definitions).collect();
    if bodies.is_empty() {
        return String::new();
    }
    format!(
        "/// The records of this guest, made from its Avro schemas by `millstream wit`.\ninterface types {{\n{}}}\n",
        bodies.join("\n")
    )
}

impl<'a> Side<'a> {
    pub fn new(schema: &'a Schema, fields: Option<&'a [String]>) -> Self {
        let named = names::named_types(schema, fields);
        // Names are those of the whole schema, so that choosing fields renames nothing.
        let names = names::type_names(schema).into_iter().collect();
        Self { schema, fields, named, names, shared: HashSet::new() }
    }

    /// Shares with the input what is the same there, and renames what is only called the same.
    pub fn beside(mut self, input: &Side) -> Self {
        let theirs: HashMap<&str, TypeId> = input.named.iter().map(|n| (input.name(n.id), n.id)).collect();
        let mut taken: HashSet<String> = input.names.values().chain(self.names.values()).cloned().collect();
        let mut renamed = Vec::new();
        for named in &self.named {
            let Some(other) = theirs.get(self.name(named.id)) else { continue };
            if same(input, *other, &self, named.id) {
                self.shared.insert(named.id);
                continue;
            }
            let wanted = format!("{}-output", self.name(named.id));
            let mut name = wanted.clone();
            let mut number = 2;
            while !taken.insert(name.clone()) {
                name = format!("{wanted}{number}");
                number += 1;
            }
            renamed.push((named.id, name));
        }
        self.names.extend(renamed);
        self
    }

    /// How the schema's root is called in a sentence.
    pub fn describe(&self) -> String {
        self.schema.describe(self.schema.root())
    }

    pub fn root_type(&self) -> TypeText {
        let mut parts = Vec::new();
        self.expression(self.schema.root(), &mut parts);
        TypeText(parts)
    }

    /// Names of the types that the root's expression mentions.
    pub fn named_in_root(&self) -> Vec<String> {
        let names = self.root_type().0.into_iter().filter_map(|part| match part {
            Part::Name(name) => Some(name),
            Part::Text(_) => None,
        });
        names.collect()
    }

    fn name(&self, id: TypeId) -> &str {
        self.names.get(&id).map_or("", String::as_str)
    }

    fn expression(&self, id: TypeId, out: &mut Vec<Part>) {
        let mut wrapped = |before: &'static str, inner: TypeId, after: &'static str| {
            out.push(Part::Text(before));
            self.expression(inner, out);
            out.push(Part::Text(after));
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
                None => return out.push(Part::Name(self.name(id).to_string())),
            },
            Kind::Enum(_) | Kind::Record(_) => return out.push(Part::Name(self.name(id).to_string())),
        };
        out.push(Part::Text(text));
    }

    fn type_text(&self, id: TypeId) -> String {
        let mut parts = Vec::new();
        self.expression(id, &mut parts);
        TypeText(parts).text()
    }

    fn definitions(&self) -> Vec<String> {
        let own = self.named.iter().filter(|named| !self.shared.contains(&named.id));
        own.map(|named| self.definition(named)).collect()
    }

    fn definition(&self, named: &Named) -> String {
        let name = escape(self.name(named.id));
        match self.schema.kind(named.id) {
            Kind::Record(record) => {
                let mut text = comment("    ", record.doc.as_deref().unwrap_or_default());
                text.push_str(&format!("    record {name} {{\n"));
                for (name, field) in self.members(named.id, record) {
                    let doc = [field.doc.clone(), note(self.schema, field.ty)];
                    text.push_str(&comment("        ", &doc.into_iter().flatten().collect::<Vec<_>>().join("\n")));
                    text.push_str(&format!("        {}: {},\n", escape(&name), self.type_text(field.ty)));
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
                let described = format!("One of the schema's {}.", self.schema.describe(named.id));
                let mut text = comment("    ", &described) + &format!("    variant {name} {{\n");
                for (name, branch) in names::branch_names(self.schema, branches).iter().zip(branches) {
                    text.push_str(&comment("        ", &note(self.schema, *branch).unwrap_or_default()));
                    let payload = match names::is_unit(self.schema, *branch) {
                        true => String::new(),
                        false => format!("({})", self.type_text(*branch)),
                    };
                    text.push_str(&format!("        {}{payload},\n", escape(name)));
                }
                text + "    }\n"
            }
            _ => String::new(),
        }
    }

    /// A record's fields as a guest sees them: chosen, and carrying data.
    fn members<'r>(&self, id: TypeId, record: &'r Record) -> Vec<(String, &'r Field)> {
        let fields = self.fields.filter(|_| id == self.schema.root());
        let seen = |field: &Field| {
            fields.is_none_or(|fields| fields.contains(&field.name)) && !names::is_unit(self.schema, field.ty)
        };
        names::field_names(record).into_iter().zip(&record.fields).filter(|(_, field)| seen(field)).collect()
    }
}

/// Whether two types are the same in WIT, names included, all the way down.
fn same(a: &Side, at: TypeId, b: &Side, bt: TypeId) -> bool {
    let mut seen = HashSet::new();
    let mut open = vec![(at, bt)];
    while let Some((at, bt)) = open.pop() {
        if seen.insert((at, bt)) && !same_level(a, at, b, bt, &mut open) {
            return false;
        }
    }
    true
}

fn same_level(a: &Side, at: TypeId, b: &Side, bt: TypeId, open: &mut Vec<(TypeId, TypeId)>) -> bool {
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
            open.push((*at, *bt));
            true
        }
        (Kind::Union(at), Kind::Union(bt)) => {
            open.extend(at.iter().copied().zip(bt.iter().copied()));
            at.len() == bt.len() && names::branch_names(a.schema, at) == names::branch_names(b.schema, bt)
        }
        (Kind::Record(ar), Kind::Record(br)) => {
            let (am, bm) = (a.members(at, ar), b.members(bt, br));
            open.extend(am.iter().zip(&bm).map(|((_, a), (_, b))| (a.ty, b.ty)));
            am.iter().map(|(name, _)| name).eq(bm.iter().map(|(name, _)| name))
        }
        (x, y) => std::mem::discriminant(x) == std::mem::discriminant(y),
    }
}
