//! Values as JSON of their schema.

use serde_json::{Map, Value as Json};

use super::value::Value;
use super::view_of::{definition, members};
use crate::contract::names;
use crate::contract::wit::{Definition, Type, View};
use crate::schema::{Kind, Schema, TypeId};

/// How the values of unions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unions {
    /// With their type in front wherever it could be needed: for what is read.
    Tagged,
    /// The value itself: for what is compared.
    Plain,
}

/// Writes values of one schema.
pub struct Writer<'a> {
    /// The schema.
    pub schema: &'a Schema,
    /// The guest's types.
    pub view: &'a View,
    /// How unions are written.
    pub unions: Unions,
}

impl Writer<'_> {
    /// The value as JSON. A value of another type than it should be has what is missing as null.
    pub fn json(&self, id: TypeId, ty: &Type, value: &Value) -> Json {
        match value {
            Value::Bool(b) => Json::from(*b),
            Value::S32(n) => Json::from(*n),
            Value::S64(n) => Json::from(*n),
            Value::F32(n) => Json::from(*n),
            Value::F64(n) => Json::from(*n),
            Value::String(text) => Json::from(text.as_str()),
            // Avro's own way: a character for each byte.
            Value::Bytes(bytes) => Json::from(bytes.iter().map(|byte| char::from(*byte)).collect::<String>()),
            Value::None => Json::Null,
            Value::List(items) => match (ty, self.schema.kind(id)) {
                (Type::List(item), Kind::Array(inner)) => {
                    items.iter().map(|value| self.json(*inner, item, value)).collect()
                }
                _ => Json::Null,
            },
            Value::Map(entries) => match (ty, self.schema.kind(id)) {
                (Type::Map(ty), Kind::Map(inner)) => {
                    let entry = |(key, value): &(String, Value)| (key.clone(), self.json(*inner, ty, value));
                    Json::Object(entries.iter().map(entry).collect())
                }
                _ => Json::Null,
            },
            Value::Some(value) => match (ty, self.schema.kind(id)) {
                (Type::Option(ty), Kind::Union(branches)) => match names::optional(self.schema, branches) {
                    Some(optional) => {
                        let objects = matches!(self.schema.kind(optional.inner), Kind::Record(_) | Kind::Map(_));
                        self.branch(optional.inner, objects, self.json(optional.inner, ty, value))
                    }
                    None => Json::Null,
                },
                _ => Json::Null,
            },
            Value::Enum(place) => match self.schema.kind(id) {
                Kind::Enum(symbols) => symbols.symbols.get(*place).map_or(Json::Null, |s| Json::from(s.as_str())),
                _ => Json::Null,
            },
            Value::Record(values) => self.record(id, ty, values),
            Value::Variant(place, value) => self.variant(id, ty, *place, value.as_deref()),
        }
    }

    fn record(&self, id: TypeId, ty: &Type, values: &[Value]) -> Json {
        let (Type::Named(place), Kind::Record(record)) = (ty, self.schema.kind(id)) else { return Json::Null };
        let Definition::Record(fields) = definition(self.view, *place) else { return Json::Null };
        let mut given = members(self.schema, record).zip(fields.iter().zip(values)).peekable();
        let mut object = Map::new();
        for field in &record.fields {
            let json = match given.next_if(|(seen, _)| std::ptr::eq(*seen, field)) {
                Some((_, (member, value))) => self.json(field.ty, &member.ty, value),
                None => self.unit(field.ty),
            };
            object.insert(field.name.clone(), json);
        }
        Json::Object(object)
    }

    fn variant(&self, id: TypeId, ty: &Type, place: usize, value: Option<&Value>) -> Json {
        let (Type::Named(named), Kind::Union(branches)) = (ty, self.schema.kind(id)) else { return Json::Null };
        let Definition::Variant(cases) = definition(self.view, *named) else { return Json::Null };
        let Some((branch, case)) = branches.get(place).zip(cases.get(place)) else { return Json::Null };
        let json = match (&case.ty, value) {
            (Some(ty), Some(value)) => self.json(*branch, ty, value),
            _ => self.unit(*branch),
        };
        self.branch(*branch, !matches!(self.schema.kind(*branch), Kind::Null), json)
    }

    /// The value of a union; `told`: whether it could be taken for another branch's.
    fn branch(&self, branch: TypeId, told: bool, value: Json) -> Json {
        if !told || self.unions == Unions::Plain {
            return value;
        }
        let kind = self.schema.kind(branch);
        let tag = kind.full_name().map_or(kind.word(), |name| &name.0);
        Json::Object([(tag.to_string(), value)].into_iter().collect())
    }

    /// The only value of a type that carries no data.
    fn unit(&self, id: TypeId) -> Json {
        match self.schema.kind(id) {
            Kind::Record(record) => {
                let fields = record.fields.iter().map(|field| (field.name.clone(), self.unit(field.ty)));
                Json::Object(fields.collect())
            }
            _ => Json::Null,
        }
    }
}
