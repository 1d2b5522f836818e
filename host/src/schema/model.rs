//! Avro schemas as this host reasons about them: an arena of types with every name resolved.
//!
//! The Avro library parses and validates; this model is what plans, names and WIT are made from.

use std::collections::HashSet;

/// Index of a type in its [`Schema`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub u32);

/// A parsed, validated schema. Recursive schemas have cycles among their type ids.
#[derive(Debug, Clone)]
pub struct Schema {
    pub(super) types: Vec<Type>,
    pub(super) root: TypeId,
    pub(super) source: String,
    pub(super) recursive: Option<FullName>,
    pub(super) empty: Vec<bool>,
}

/// One type: its shape, and the logical type it was annotated with, if any.
#[derive(Debug, Clone)]
pub struct Type {
    /// The underlying shape.
    pub kind: Kind,
    /// The logical type's name as written in the schema, for instance `timestamp-millis`.
    pub logical: Option<String>,
    /// Precision and scale, where the logical type is `decimal`.
    pub decimal: Option<Decimal>,
}

/// How many digits a decimal has, and how many of them stand after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// All digits.
    pub precision: u32,
    /// Digits after the point.
    pub scale: u32,
}

/// The shapes of Avro.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Always null; zero bytes.
    Null,
    /// One byte.
    Boolean,
    /// 32-bit zig-zag varint.
    Int,
    /// 64-bit zig-zag varint.
    Long,
    /// Four bytes, little endian.
    Float,
    /// Eight bytes, little endian.
    Double,
    /// Length, then bytes.
    Bytes,
    /// Length, then UTF-8.
    String,
    /// As many bytes as it says.
    Fixed(Fixed),
    /// A symbol's index.
    Enum(Enum),
    /// Blocks of items.
    Array(TypeId),
    /// Blocks of key and value.
    Map(TypeId),
    /// A branch's index, then the branch.
    Union(Vec<TypeId>),
    /// The fields one after the other.
    Record(Record),
}

/// A name with its namespace, as the Avro specification spells full names: `ns.sub.Name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FullName(pub String);

impl FullName {
    /// The part after the last dot.
    pub fn short(&self) -> &str {
        self.0.rsplit('.').next().unwrap_or_default()
    }
}

/// Fixed-size bytes.
#[derive(Debug, Clone)]
pub struct Fixed {
    /// Full name.
    pub name: FullName,
    /// Full names it also answers to.
    pub aliases: Vec<FullName>,
    /// In bytes.
    pub size: usize,
}

/// An enumeration.
#[derive(Debug, Clone)]
pub struct Enum {
    /// Full name.
    pub name: FullName,
    /// Full names it also answers to.
    pub aliases: Vec<FullName>,
    /// In the order of their indexes.
    pub symbols: Vec<String>,
    /// Stands in for a writer's symbol that this schema does not know.
    pub default: Option<String>,
    /// The schema's own documentation.
    pub doc: Option<String>,
}

/// A record.
#[derive(Debug, Clone)]
pub struct Record {
    /// Full name.
    pub name: FullName,
    /// Full names it also answers to.
    pub aliases: Vec<FullName>,
    /// In the order of their encoding.
    pub fields: Vec<Field>,
    /// The schema's own documentation.
    pub doc: Option<String>,
}

/// A record's field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Name within its record.
    pub name: String,
    /// Names it also answers to.
    pub aliases: Vec<String>,
    /// The default, as JSON in Avro's default-value encoding.
    pub default: Option<serde_json::Value>,
    /// The schema's own documentation.
    pub doc: Option<String>,
    /// Its type.
    pub ty: TypeId,
}

impl Kind {
    /// The name of a record, enum or fixed.
    pub fn full_name(&self) -> Option<&FullName> {
        match self {
            Kind::Fixed(fixed) => Some(&fixed.name),
            Kind::Enum(symbols) => Some(&symbols.name),
            Kind::Record(record) => Some(&record.name),
            _ => None,
        }
    }

    /// Avro's word for the shape: `null`, `long`, `record` ...
    pub fn word(&self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Boolean => "boolean",
            Kind::Int => "int",
            Kind::Long => "long",
            Kind::Float => "float",
            Kind::Double => "double",
            Kind::Bytes => "bytes",
            Kind::String => "string",
            Kind::Fixed(_) => "fixed",
            Kind::Enum(_) => "enum",
            Kind::Array(_) => "array",
            Kind::Map(_) => "map",
            Kind::Union(_) => "union",
            Kind::Record(_) => "record",
        }
    }
}

impl Schema {
    /// The outermost type.
    pub fn root(&self) -> TypeId {
        self.root
    }

    /// All types, in the order of their ids.
    pub fn ids(&self) -> impl Iterator<Item = TypeId> + use<> {
        (0..self.types.len() as u32).map(TypeId)
    }

    /// The type behind `id`, which must be of this schema.
    pub fn get(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }

    /// The shape behind `id`.
    pub fn kind(&self, id: TypeId) -> &Kind {
        &self.get(id).kind
    }

    /// The JSON this schema was parsed from, as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// A record that contains itself, directly or through others, if there is one.
    pub fn recursive(&self) -> Option<&FullName> {
        self.recursive.as_ref()
    }

    /// Whether the type carries no data at all: null, or a record of nothing but such types.
    pub fn is_empty(&self, id: TypeId) -> bool {
        self.empty.get(id.0 as usize).copied().unwrap_or(false)
    }

    /// Whether bytes valid for type `at` of `a` are the same value as type `bt` of `b`.
    ///
    /// Shapes, field names and their order, symbols, sizes and branches must agree; the names of types, logical types,
    /// defaults and documentation need not.
    pub fn same_encoding(a: &Schema, at: TypeId, b: &Schema, bt: TypeId) -> bool {
        let mut seen = HashSet::new();
        let mut open = vec![(at, bt)];
        while let Some(pair) = open.pop() {
            if seen.insert(pair) && !same_shape(a.kind(pair.0), b.kind(pair.1), &mut open) {
                return false;
            }
        }
        true
    }

    /// How an error names the type: `string`, `record acme.Payment`, `array<long>`, `[null, string]`.
    pub fn describe(&self, id: TypeId) -> String {
        match self.kind(id) {
            Kind::Fixed(f) => format!("fixed {} ({} bytes)", f.name.0, f.size),
            Kind::Enum(e) => format!("enum {}", e.name.0),
            Kind::Array(item) => format!("array<{}>", self.describe(*item)),
            Kind::Map(value) => format!("map<{}>", self.describe(*value)),
            Kind::Union(branches) => {
                let names: Vec<_> = branches.iter().map(|b| self.describe(*b)).collect();
                format!("[{}]", names.join(", "))
            }
            Kind::Record(r) => format!("record {}", r.name.0),
            plain => plain.word().into(),
        }
    }
}

/// Compares one level; what stands below is left in `open`.
fn same_shape(a: &Kind, b: &Kind, open: &mut Vec<(TypeId, TypeId)>) -> bool {
    match (a, b) {
        (Kind::Null, Kind::Null)
        | (Kind::Boolean, Kind::Boolean)
        | (Kind::Int, Kind::Int)
        | (Kind::Long, Kind::Long)
        | (Kind::Float, Kind::Float)
        | (Kind::Double, Kind::Double)
        | (Kind::Bytes, Kind::Bytes)
        | (Kind::String, Kind::String) => true,
        (Kind::Fixed(a), Kind::Fixed(b)) => a.size == b.size,
        (Kind::Enum(a), Kind::Enum(b)) => a.symbols == b.symbols,
        (Kind::Array(a), Kind::Array(b)) | (Kind::Map(a), Kind::Map(b)) => {
            open.push((*a, *b));
            true
        }
        (Kind::Union(a), Kind::Union(b)) => {
            open.extend(a.iter().copied().zip(b.iter().copied()));
            a.len() == b.len()
        }
        (Kind::Record(a), Kind::Record(b)) => {
            open.extend(a.fields.iter().zip(&b.fields).map(|(a, b)| (a.ty, b.ty)));
            a.fields.iter().map(|f| &f.name).eq(b.fields.iter().map(|f| &f.name))
        }
        _ => false,
    }
}
