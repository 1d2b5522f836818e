//! Values as the folding files of all languages have them.

use crate::contract::names;
use crate::contract::wit::{Definition, Type, View};
use crate::scaffold::model::{FieldFill, Fill, Typed};
use crate::scaffold::value::Value;
use crate::scaffold::view_of::{definition, members};
use crate::schema::{Kind, Schema, TypeId};

/// A value of a schema, with the names that it needs to be written as code.
#[derive(Debug, Clone, PartialEq)]
pub enum Natural {
    /// Null, also of a union.
    Null,
    /// A boolean.
    Bool(bool),
    /// An int.
    Int(i32),
    /// A long.
    Long(i64),
    /// A float.
    Float(f32),
    /// A double.
    Double(f64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A string; printable ASCII.
    String(String),
    /// A fixed.
    Fixed(Vec<u8>),
    /// A symbol.
    Enum {
        /// The enumeration's full name.
        name: String,
        /// Its symbol.
        symbol: String,
    },
    /// An array.
    Array(Vec<Natural>),
    /// A map.
    Map(Vec<(String, Natural)>),
    /// A record.
    Record {
        /// Its full name.
        name: String,
        /// All of its fields, in the order of the schema.
        fields: Vec<(String, Natural)>,
    },
    /// A value of a union that has several branches of its kind: numbers, texts, or bytes. Only languages without types
    /// for each of these need to tell which.
    Branch {
        /// The branch's full name, or Avro's word.
        name: String,
        /// The value.
        value: Box<Natural>,
        /// Whether whole numbers and fractions have types of their own, and still the value does not tell the branch.
        close: bool,
    },
}

/// How a guest makes its output until somebody writes more, and what to test it with.
pub struct Plan {
    /// How the output is made.
    pub filling: Filling,
    /// An input.
    pub sample: Natural,
    /// What becomes of it.
    pub expected: Natural,
}

/// How the output is made of the input.
#[derive(Debug, PartialEq)]
pub enum Filling {
    /// It is the input.
    Copy,
    /// It is made of nothing.
    Value(Natural),
    /// It is a record of this full name with these fields; `None`: the input's field of the same name.
    Record(String, Vec<(String, Option<Natural>)>),
}

impl Plan {
    /// The same as what a guest with typed records would do.
    pub fn new(typed: &Typed, input: &Schema, output: &Schema) -> Self {
        let from = Reader { schema: input, view: &typed.view };
        let to = Reader { schema: output, view: &typed.view };
        let root = output.root();
        let filling = match (&typed.fill, output.kind(root)) {
            (Fill::Copy, _) => Filling::Copy,
            (Fill::Record(fills), Kind::Record(record)) => {
                let wanted = match &typed.output {
                    Type::Named(place) => definition(&typed.view, *place),
                    _ => &Definition::Variant(Vec::new()),
                };
                let Definition::Record(wanted) = wanted else { return Self::of(Filling::Copy, &from, &to, typed) };
                let mut given = members(output, record).zip(wanted.iter().zip(fills)).peekable();
                let field = |field: &crate::schema::Field| {
                    let value = match given.next_if(|(seen, _)| std::ptr::eq(*seen, field)) {
                        Some((_, (_, FieldFill::Copy(_)))) => None,
                        Some((_, (member, FieldFill::Value(value)))) => Some(to.value(field.ty, &member.ty, value)),
                        None => Some(to.unit(field.ty)),
                    };
                    (field.name.clone(), value)
                };
                Filling::Record(record.name.0.clone(), record.fields.iter().map(field).collect())
            }
            (Fill::Value(value), _) => Filling::Value(to.value(root, &typed.output, value)),
            (Fill::Record(_), _) => Filling::Copy,
        };
        Self::of(filling, &from, &to, typed)
    }

    fn of(filling: Filling, from: &Reader<'_>, to: &Reader<'_>, typed: &Typed) -> Self {
        let sample = from.value(from.schema.root(), &typed.input, &typed.sample);
        let expected = to.value(to.schema.root(), &typed.output, &typed.expected);
        Plan { filling, sample, expected }
    }

    /// Whether the output has anything of the input's.
    pub fn uses_input(&self) -> bool {
        match &self.filling {
            Filling::Copy => true,
            Filling::Value(_) => false,
            Filling::Record(_, fields) => fields.iter().any(|(_, value)| value.is_none()),
        }
    }
}

/// Reads values of a typed guest by their schema.
struct Reader<'a> {
    schema: &'a Schema,
    view: &'a View,
}

impl Reader<'_> {
    /// A value of another type than it should be is null.
    fn value(&self, id: TypeId, ty: &Type, value: &Value) -> Natural {
        match (value, self.schema.kind(id), ty) {
            (Value::Bool(it), ..) => Natural::Bool(*it),
            (Value::S32(it), ..) => Natural::Int(*it),
            (Value::S64(it), ..) => Natural::Long(*it),
            (Value::F32(it), ..) => Natural::Float(*it),
            (Value::F64(it), ..) => Natural::Double(*it),
            (Value::String(it), ..) => Natural::String(it.clone()),
            (Value::Bytes(it), Kind::Fixed(_), _) => Natural::Fixed(it.clone()),
            (Value::Bytes(it), ..) => Natural::Bytes(it.clone()),
            (Value::List(items), Kind::Array(inner), Type::List(ty)) => {
                Natural::Array(items.iter().map(|item| self.value(*inner, ty, item)).collect())
            }
            (Value::Map(pairs), Kind::Map(inner), Type::Map(ty)) => {
                let pair = |(key, value): &(String, Value)| (key.clone(), self.value(*inner, ty, value));
                Natural::Map(pairs.iter().map(pair).collect())
            }
            (Value::Some(value), Kind::Union(branches), Type::Option(ty)) => {
                names::optional(self.schema, branches).map_or(Natural::Null, |some| self.value(some.inner, ty, value))
            }
            (Value::Enum(place), Kind::Enum(symbols), _) => {
                let symbol = symbols.symbols.get(*place).cloned().unwrap_or_default();
                Natural::Enum { name: symbols.name.0.clone(), symbol }
            }
            (Value::Record(values), Kind::Record(record), Type::Named(place)) => {
                let Definition::Record(wanted) = definition(self.view, *place) else { return Natural::Null };
                let mut given = members(self.schema, record).zip(wanted.iter().zip(values)).peekable();
                let field = |field: &crate::schema::Field| {
                    let value = match given.next_if(|(seen, _)| std::ptr::eq(*seen, field)) {
                        Some((_, (member, value))) => self.value(field.ty, &member.ty, value),
                        None => self.unit(field.ty),
                    };
                    (field.name.clone(), value)
                };
                Natural::Record { name: record.name.0.clone(), fields: record.fields.iter().map(field).collect() }
            }
            (Value::Variant(place, value), Kind::Union(branches), Type::Named(named)) => {
                let Definition::Variant(cases) = definition(self.view, *named) else { return Natural::Null };
                let Some((branch, case)) = branches.get(*place).zip(cases.get(*place)) else { return Natural::Null };
                let inner = match (&case.ty, value) {
                    (Some(ty), Some(value)) => self.value(*branch, ty, value),
                    _ => self.unit(*branch),
                };
                self.told(branches, *branch, inner)
            }
            _ => Natural::Null,
        }
    }

    /// With its branch where that is needed.
    fn told(&self, branches: &[TypeId], branch: TypeId, value: Natural) -> Natural {
        let kind = self.schema.kind(branch);
        let alike = |family: fn(&Kind) -> u8| {
            let own = family(kind);
            own > 0 && branches.iter().filter(|other| family(self.schema.kind(**other)) == own).count() > 1
        };
        let close = alike(|kind| match kind {
            Kind::Int | Kind::Long => 1,
            Kind::Float | Kind::Double => 2,
            Kind::String | Kind::Enum(_) => 3,
            Kind::Bytes | Kind::Fixed(_) => 4,
            _ => 0,
        });
        let numbers = alike(|kind| u8::from(matches!(kind, Kind::Int | Kind::Long | Kind::Float | Kind::Double)));
        if !close && !numbers {
            return value;
        }
        let name = kind.full_name().map_or_else(|| kind.word().to_string(), |name| name.0.clone());
        Natural::Branch { name, value: Box::new(value), close }
    }

    /// The only value of a type that carries no data.
    fn unit(&self, id: TypeId) -> Natural {
        match self.schema.kind(id) {
            Kind::Record(record) => Natural::Record {
                name: record.name.0.clone(),
                fields: record.fields.iter().map(|field| (field.name.clone(), self.unit(field.ty))).collect(),
            },
            _ => Natural::Null,
        }
    }
}
