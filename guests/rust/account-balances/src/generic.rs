//! Folds generic records into a tree of [`Value`]s, and back.
//!
//!     let mut payment: Record = generic::fold(record)?.try_into()?;
//!     let amount: i64 = payment.read("amount")?;
//!     let answer = generic::unfold(schemas::output(), payment.into())?;
//!
//! Every kind of node has a variant, so that a value keeps its type: a long stays a long, and a union takes the branch
//! that the variant names. Records and enumerations carry the full names of their types and not numbers, so what was read
//! by one schema can be written by another that has these names. A schema's names are asked for once and shared.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use crate::millstream::pipeline::generic::{EnumSymbol, GenericRecord, Node, RecordStart};
use crate::millstream::pipeline::schemas::{self, NamedType};

/// Records, arrays and maps within each other.
const MAX_DEPTH: usize = 128;

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Bytes(Vec<u8>),
    String(String),
    Fixed(Vec<u8>),
    Enum(Symbol),
    Array(Vec<Value>),
    Map(BTreeMap<String, Value>),
    Record(Record),
}

/// A symbol of an enumeration.
#[derive(Debug, Clone, PartialEq)]
pub struct Symbol {
    /// The enumeration's full name.
    pub name: Rc<str>,
    pub symbol: Rc<str>,
}

/// A record: its type's full name, and its fields in the order of the schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub name: Rc<str>,
    pub fields: Vec<(Rc<str>, Value)>,
}

#[allow(dead_code, reason = "a guest need not use them all")]
impl Record {
    /// A record whose fields may come in any order.
    pub fn new<const N: usize>(name: &str, fields: [(&str, Value); N]) -> Record {
        Record {
            name: name.into(),
            fields: fields.map(|(name, value)| (name.into(), value)).into(),
        }
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields
            .iter()
            .find_map(|(field, value)| (&**field == name).then_some(value))
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.fields
            .iter_mut()
            .find_map(|(field, value)| (&**field == name).then_some(value))
    }

    /// The value of a field, which is null from then on.
    pub fn take(&mut self, name: &str) -> Result<Value, String> {
        let found = self
            .get_mut(name)
            .map(|value| std::mem::replace(value, Value::Null));
        found.ok_or_else(|| format!("{} has no field {name}", self.name))
    }

    /// The same as a type of Rust's.
    pub fn read<T: TryFrom<Value, Error = String>>(&mut self, name: &str) -> Result<T, String> {
        self.take(name)?
            .try_into()
            .map_err(|why| format!("{name}: {why}"))
    }
}

impl Value {
    /// A symbol of the enumeration of this full name.
    #[allow(dead_code, reason = "a guest need not use it")]
    pub fn symbol(name: &str, symbol: &str) -> Value {
        Value::Enum(Symbol {
            name: name.into(),
            symbol: symbol.into(),
        })
    }
}

/// Rust's own types from values and back. Bytes come of both kinds and become `Bytes`.
macro_rules! natural {
    ($($ty:ty: $into:ident $(| $also:ident)?),* $(,)?) => {
        $(impl TryFrom<Value> for $ty {
            type Error = String;

            fn try_from(value: Value) -> Result<Self, String> {
                match value {
                    Value::$into(it) $(| Value::$also(it))? => Ok(it),
                    other => Err(format!("expected {}, found {other:?}", stringify!($into))),
                }
            }
        }

        impl From<$ty> for Value {
            fn from(it: $ty) -> Value {
                Value::$into(it)
            }
        })*
    };
}

natural!(bool: Boolean, i32: Int, i64: Long, f32: Float, f64: Double, Vec<u8>: Bytes | Fixed, String: String);
natural!(Symbol: Enum, Vec<Value>: Array, BTreeMap<String, Value>: Map, Record: Record);

/// A value of the schema that the record names.
pub fn fold(record: GenericRecord) -> Result<Value, String> {
    Schema::of(record.schema).fold(record.nodes)
}

/// The record of a value, by the schema of this number: 0 is the source's, 1 the sink's.
pub fn unfold(schema: u32, value: Value) -> Result<GenericRecord, String> {
    Ok(GenericRecord {
        schema,
        nodes: Schema::of(schema).unfold(value)?,
    })
}

/// The names of a schema.
pub struct Schema {
    types: Vec<Named>,
    /// The numbers of types by their full names.
    numbers: HashMap<Rc<str>, u32>,
}

struct Named {
    name: Rc<str>,
    kind: Kind,
    /// Of its fields or symbols, in the order of the schema.
    parts: Vec<Rc<str>>,
}

#[derive(PartialEq)]
enum Kind {
    Record,
    Enum,
    Fixed,
}

thread_local! {
    static SCHEMAS: RefCell<HashMap<u32, Rc<Schema>>> = RefCell::default();
}

impl Schema {
    /// Asks the pipeline, the first time.
    fn of(number: u32) -> Rc<Schema> {
        let ask = || Rc::new(Schema::new(schemas::named_types(number)));
        SCHEMAS.with_borrow_mut(|known| Rc::clone(known.entry(number).or_insert_with(ask)))
    }

    pub fn new(types: Vec<NamedType>) -> Schema {
        let shared = |names: Vec<String>| names.into_iter().map(Rc::from).collect();
        let named = |ty| match ty {
            NamedType::Record(ty) => Named {
                name: ty.name.into(),
                kind: Kind::Record,
                parts: shared(ty.fields),
            },
            NamedType::Enum(ty) => Named {
                name: ty.name.into(),
                kind: Kind::Enum,
                parts: shared(ty.symbols),
            },
            NamedType::Fixed(ty) => Named {
                name: ty.name.into(),
                kind: Kind::Fixed,
                parts: Vec::new(),
            },
        };
        let types: Vec<Named> = types.into_iter().map(named).collect();
        let numbers = types
            .iter()
            .zip(0..)
            .map(|(ty, number)| (Rc::clone(&ty.name), number))
            .collect();
        Schema { types, numbers }
    }

    pub fn fold(&self, nodes: Vec<Node>) -> Result<Value, String> {
        let mut nodes = nodes.into_iter();
        let value = self.read(&mut nodes, 0)?;
        match nodes.next() {
            None => Ok(value),
            Some(node) => Err(format!("{node:?} follows the value")),
        }
    }

    pub fn unfold(&self, value: Value) -> Result<Vec<Node>, String> {
        let mut nodes = Vec::new();
        self.write(value, &mut nodes, 0)?;
        Ok(nodes)
    }

    fn read(&self, nodes: &mut std::vec::IntoIter<Node>, depth: usize) -> Result<Value, String> {
        let node = nodes.next().ok_or("the nodes end within the value")?;
        // What is left bounds what a count may ask for.
        let room = |count: u32| (count as usize).min(nodes.len());
        Ok(match node {
            Node::Null => Value::Null,
            Node::Boolean(it) => Value::Boolean(it),
            Node::Int(it) => Value::Int(it),
            Node::Long(it) => Value::Long(it),
            Node::Float(it) => Value::Float(it),
            Node::Double(it) => Value::Double(it),
            Node::Bytes(it) => Value::Bytes(it),
            Node::String(it) => Value::String(it),
            Node::Fixed(it) => Value::Fixed(it),
            Node::Enum(EnumSymbol { name, symbol }) => {
                let ty = self.named(name, Kind::Enum)?;
                let found = ty.parts.get(symbol as usize);
                let symbol = found.ok_or_else(|| format!("{} has no symbol {symbol}", ty.name))?;
                Value::Enum(Symbol {
                    name: Rc::clone(&ty.name),
                    symbol: Rc::clone(symbol),
                })
            }
            Node::Array(count) => {
                let (inner, mut items) = (deeper(depth)?, Vec::with_capacity(room(count)));
                for _ in 0..count {
                    items.push(self.read(nodes, inner)?);
                }
                Value::Array(items)
            }
            Node::Map(count) => {
                let (inner, mut pairs) = (deeper(depth)?, BTreeMap::new());
                for _ in 0..count {
                    let Some(Node::String(key)) = nodes.next() else {
                        return Err("a map's key is a string".into());
                    };
                    pairs.insert(key, self.read(nodes, inner)?);
                }
                Value::Map(pairs)
            }
            Node::Record(RecordStart { name, fields }) => {
                let ty = self.named(name, Kind::Record)?;
                if ty.parts.len() != fields as usize {
                    return Err(format!(
                        "{} has {} fields, not {fields}",
                        ty.name,
                        ty.parts.len()
                    ));
                }
                let (inner, mut given) = (deeper(depth)?, Vec::with_capacity(room(fields)));
                for field in &ty.parts {
                    given.push((Rc::clone(field), self.read(nodes, inner)?));
                }
                Value::Record(Record {
                    name: Rc::clone(&ty.name),
                    fields: given,
                })
            }
        })
    }

    fn write(&self, value: Value, nodes: &mut Vec<Node>, depth: usize) -> Result<(), String> {
        let node = match value {
            Value::Null => Node::Null,
            Value::Boolean(it) => Node::Boolean(it),
            Value::Int(it) => Node::Int(it),
            Value::Long(it) => Node::Long(it),
            Value::Float(it) => Node::Float(it),
            Value::Double(it) => Node::Double(it),
            Value::Bytes(it) => Node::Bytes(it),
            Value::String(it) => Node::String(it),
            Value::Fixed(it) => Node::Fixed(it),
            Value::Enum(Symbol { name, symbol }) => {
                let (number, ty) = self.number(&name, Kind::Enum)?;
                let found = ty.parts.iter().position(|known| *known == symbol);
                let symbol = found.ok_or_else(|| format!("{name} has no symbol {symbol}"))? as u32;
                Node::Enum(EnumSymbol {
                    name: number,
                    symbol,
                })
            }
            Value::Array(items) => {
                let inner = deeper(depth)?;
                nodes.push(Node::Array(items.len() as u32));
                return items
                    .into_iter()
                    .try_for_each(|item| self.write(item, nodes, inner));
            }
            Value::Map(pairs) => {
                let inner = deeper(depth)?;
                nodes.push(Node::Map(pairs.len() as u32));
                return pairs.into_iter().try_for_each(|(key, value)| {
                    nodes.push(Node::String(key));
                    self.write(value, nodes, inner)
                });
            }
            Value::Record(record) => return self.write_record(record, nodes, depth),
        };
        nodes.push(node);
        Ok(())
    }

    fn write_record(
        &self,
        mut record: Record,
        nodes: &mut Vec<Node>,
        depth: usize,
    ) -> Result<(), String> {
        let (name, ty) = self.number(&record.name, Kind::Record)?;
        let inner = deeper(depth)?;
        nodes.push(Node::Record(RecordStart {
            name,
            fields: ty.parts.len() as u32,
        }));
        for (at, field) in ty.parts.iter().enumerate() {
            // Mostly they stand in the order of the schema.
            let here = |at: &usize| {
                record
                    .fields
                    .get(*at)
                    .is_some_and(|(name, _)| name == field)
            };
            let found = Some(at)
                .filter(here)
                .or_else(|| record.fields.iter().position(|(name, _)| name == field));
            let found = found.ok_or_else(|| format!("{}: {field} is missing", ty.name))?;
            let value = std::mem::replace(&mut record.fields[found].1, Value::Null);
            self.write(value, nodes, inner)?;
        }
        match record
            .fields
            .iter()
            .find(|(field, _)| !ty.parts.contains(field))
        {
            Some((odd, _)) if record.fields.len() > ty.parts.len() => {
                Err(format!("{} has no field {odd}", ty.name))
            }
            _ => Ok(()),
        }
    }

    fn named(&self, number: u32, kind: Kind) -> Result<&Named, String> {
        let found = self.types.get(number as usize).filter(|ty| ty.kind == kind);
        found.ok_or_else(|| format!("the schema has no such type {number}"))
    }

    fn number(&self, name: &str, kind: Kind) -> Result<(u32, &Named), String> {
        let number = *self
            .numbers
            .get(name)
            .ok_or_else(|| format!("the schema has no type {name}"))?;
        Ok((
            number,
            self.named(number, kind)
                .map_err(|_| format!("{name} is of another kind in the schema"))?,
        ))
    }
}

fn deeper(depth: usize) -> Result<usize, String> {
    if depth < MAX_DEPTH {
        Ok(depth + 1)
    } else {
        Err(format!("the value nests deeper than {MAX_DEPTH} levels"))
    }
}
