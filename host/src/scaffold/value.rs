//! Values of schemas: empty ones to begin with, plausible ones to try things with.

use super::view_of::{definition, members};
use crate::contract::names;
use crate::contract::wit::{Definition, Type, View};
use crate::schema::{Kind, Record, Schema, TypeId};

/// A value of a type of the guest's WIT. Generic records do not occur in these.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of `bool`.
    Bool(bool),
    /// Of `s32`.
    S32(i32),
    /// Of `s64`.
    S64(i64),
    /// Of `f32`; finite.
    F32(f32),
    /// Of `f64`; finite.
    F64(f64),
    /// Of `string`; printable ASCII.
    String(String),
    /// Of `list<u8>`; for a fixed as long as it has to be.
    Bytes(Vec<u8>),
    /// Of a list.
    List(Vec<Value>),
    /// Of a list of pairs.
    Map(Vec<(String, Value)>),
    /// Of an option.
    None,
    /// Of an option.
    Some(Box<Value>),
    /// The members of a record, in the order of its definition.
    Record(Vec<Value>),
    /// A symbol by its place.
    Enum(usize),
    /// A case by its place, and what it carries.
    Variant(usize, Option<Box<Value>>),
}

/// Integers beyond it are no numbers in JavaScript.
const SAFE: i64 = 1 << 53;

/// Parts that a sample may have before lists stay empty and options none.
const BUDGET: usize = 500;

/// The empty value of a type: false, 0, "", no items, none, the first symbol, the first case that there can be a value
/// of. None where there is no finite value without a generic record.
pub fn zero(schema: &Schema, view: &View, id: TypeId, ty: &Type) -> Option<Value> {
    Some(match (ty, schema.kind(id)) {
        (Type::Bool, _) => Value::Bool(false),
        (Type::S32, _) => Value::S32(0),
        (Type::S64, _) => Value::S64(0),
        (Type::F32, _) => Value::F32(0.0),
        (Type::F64, _) => Value::F64(0.0),
        (Type::String, _) => Value::String(String::new()),
        (Type::Bytes, Kind::Fixed(fixed)) => Value::Bytes(vec![0; fixed.size]),
        (Type::Bytes, _) => Value::Bytes(Vec::new()),
        (Type::List(_), _) => Value::List(Vec::new()),
        (Type::Map(_), _) => Value::Map(Vec::new()),
        (Type::Option(_), _) => Value::None,
        (Type::Generic, _) => return None,
        (Type::Named(place), kind) => match (definition(view, *place), kind) {
            (Definition::Record(fields), Kind::Record(record)) => {
                let values = members(schema, record).zip(fields);
                let values = values.map(|(field, member)| zero(schema, view, field.ty, &member.ty));
                Value::Record(values.collect::<Option<_>>()?)
            }
            (Definition::Variant(cases), Kind::Union(branches)) => {
                let mut found = cases.iter().zip(branches).enumerate().filter_map(|(place, (case, branch))| {
                    let Some(ty) = &case.ty else { return Some(Value::Variant(place, None)) };
                    Some(Value::Variant(place, Some(Box::new(zero(schema, view, *branch, ty)?))))
                });
                found.next()?
            }
            _ => Value::Enum(0),
        },
    })
}

/// Makes plausible values: the first, the second ... of a type.
pub struct Samples<'a> {
    schema: &'a Schema,
    view: &'a View,
    number: usize,
    left: usize,
}

impl<'a> Samples<'a> {
    /// For the values of this number, from 1.
    pub fn new(schema: &'a Schema, view: &'a View, number: usize) -> Self {
        Self { schema, view, number, left: BUDGET }
    }

    /// A value of the type; `name` is the field that it is for. None as for [`zero`].
    pub fn value(&mut self, id: TypeId, ty: &Type, name: &str) -> Option<Value> {
        self.left = self.left.saturating_sub(1);
        let schema = self.schema;
        let number = self.number as i64;
        let logical = schema.get(id).logical.as_deref().unwrap_or_default();
        Some(match (ty, schema.kind(id)) {
            (Type::Bool, _) => Value::Bool(number % 2 == 1),
            (Type::S32, _) => Value::S32(number_of(logical, number) as i32),
            (Type::S64, _) => Value::S64(number_of(logical, number)),
            // Halves are the same number in every language and width.
            (Type::F32, _) => Value::F32(number as f32 + 0.5),
            (Type::F64, _) => Value::F64(number as f64 + 0.5),
            (Type::String, _) if logical == "uuid" => Value::String(format!("00000000-0000-4000-8000-{number:012}")),
            (Type::String, _) => Value::String(format!("{name}-{number}")),
            (Type::Bytes, Kind::Fixed(fixed)) => {
                let byte = |place: usize| if place + 1 == fixed.size { number as u8 } else { 0 };
                Value::Bytes((0..fixed.size).map(byte).collect())
            }
            (Type::Bytes, _) => Value::Bytes(vec![number as u8]),
            (Type::List(item), Kind::Array(inner)) => {
                let item = self.small(*inner, item, name);
                Value::List(item.into_iter().collect())
            }
            (Type::Map(value), Kind::Map(inner)) => {
                let value = self.small(*inner, value, name);
                Value::Map(value.map(|value| (format!("key-{number}"), value)).into_iter().collect())
            }
            (Type::Option(inner), Kind::Union(branches)) => {
                let optional = names::optional(schema, branches)?;
                match self.small(optional.inner, inner, name) {
                    Some(value) => Value::Some(Box::new(value)),
                    None => Value::None,
                }
            }
            (Type::Named(place), Kind::Record(record)) => self.record(record, *place)?,
            (Type::Named(_), Kind::Enum(symbols)) => Value::Enum((self.number - 1) % symbols.symbols.len().max(1)),
            (Type::Named(place), Kind::Union(branches)) => self.union(branches, *place, name)?,
            _ => return None,
        })
    }

    /// What need not be there, unless the sample is large already.
    fn small(&mut self, id: TypeId, ty: &Type, name: &str) -> Option<Value> {
        if self.left == 0 { None } else { self.value(id, ty, name) }
    }

    fn record(&mut self, record: &Record, place: usize) -> Option<Value> {
        let (schema, view) = (self.schema, self.view);
        let Definition::Record(fields) = definition(view, place) else { return None };
        let mut values = Vec::with_capacity(fields.len());
        for (field, member) in members(schema, record).zip(fields) {
            let default = field.default.as_ref().and_then(|default| of_default(schema.kind(field.ty), default));
            values.push(match default {
                Some(value) => value,
                None => self.value(field.ty, &member.ty, &field.name)?,
            });
        }
        Some(Value::Record(values))
    }

    /// A case that carries something, where there is one; another one for each number.
    fn union(&mut self, branches: &[TypeId], place: usize, name: &str) -> Option<Value> {
        let Definition::Variant(cases) = definition(self.view, place) else { return None };
        let full = (0..cases.len()).filter(|case| cases[*case].ty.is_some());
        let mut order: Vec<usize> = full.collect();
        if order.is_empty() {
            return Some(Value::Variant(0, None));
        }
        let turn = (self.number - 1) % order.len();
        order.rotate_left(turn);
        let found = order.into_iter().find_map(|case| {
            let value = self.value(branches[case], cases[case].ty.as_ref()?, name)?;
            Some(Value::Variant(case, Some(Box::new(value))))
        });
        let empty = || cases.iter().position(|case| case.ty.is_none()).map(|case| Value::Variant(case, None));
        found.or_else(empty)
    }
}

/// A number that the logical type makes sense of.
fn number_of(logical: &str, number: i64) -> i64 {
    const DAY: i64 = 20_000;
    const SECOND: i64 = DAY * 86_400;
    match logical {
        "date" => DAY + number,
        "timestamp-millis" | "local-timestamp-millis" => (SECOND + number) * 1_000,
        "timestamp-micros" | "local-timestamp-micros" => (SECOND + number) * 1_000_000,
        "timestamp-nanos" | "local-timestamp-nanos" => (SECOND + number) * 1_000_000,
        _ => number,
    }
}

/// A default as a value, where it is one that any language writes the same.
fn of_default(kind: &Kind, default: &serde_json::Value) -> Option<Value> {
    let whole = default.as_i64().filter(|n| n.abs() < SAFE);
    Some(match kind {
        Kind::Boolean => Value::Bool(default.as_bool()?),
        Kind::Int => Value::S32(whole?.try_into().ok()?),
        Kind::Long => Value::S64(whole?),
        Kind::Float => Value::F32(f32::from(i16::try_from(whole?).ok()?)),
        Kind::Double => Value::F64(f64::from(i32::try_from(whole?).ok()?)),
        Kind::String => Value::String(default.as_str().filter(|text| is_plain(text))?.to_string()),
        Kind::Enum(symbols) => {
            let symbol = default.as_str()?;
            Value::Enum(symbols.symbols.iter().position(|known| known == symbol)?)
        }
        _ => return None,
    })
}

/// Short, and without a character that any language's or file's strings give a meaning.
fn is_plain(text: &str) -> bool {
    text.len() <= 40 && text.chars().all(|c| c.is_ascii_alphanumeric() || " .,:;_-+/()".contains(c))
}
