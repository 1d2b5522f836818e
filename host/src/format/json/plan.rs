//! A schema, prepared for looking up what JSON names.

use std::collections::HashMap;
use std::sync::Arc;

use crate::schema::json::{encode_default, put_long};
use crate::schema::{Kind, Schema, TypeId};

/// Names below this number are compared one by one.
const FEW: usize = 8;

/// The schema and, for each of its types, what the way through it needs.
#[derive(Debug)]
pub(super) struct Plan {
    pub schema: Arc<Schema>,
    nodes: Vec<Node>,
}

/// A type.
#[derive(Debug)]
pub(super) enum Node {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed(usize),
    Enum(Names),
    Array(TypeId),
    Map(TypeId),
    Union(Union),
    Record(Record),
}

/// A record's fields.
#[derive(Debug)]
pub(super) struct Record {
    pub names: Names,
    pub fields: Vec<Field>,
}

/// A field, by the place of its name.
#[derive(Debug)]
pub(super) struct Field {
    pub ty: TypeId,
    /// What it is where it is missing: the Avro bytes, if it may be missing.
    pub absent: Option<Box<[u8]>>,
}

/// A union's branches.
#[derive(Debug)]
pub(super) struct Union {
    pub branches: Vec<TypeId>,
    /// What each is called in `{"type": value}`: its full name, or Avro's word for it.
    pub tags: Vec<Box<str>>,
    /// For each [`Shape`], the branch that it can mean.
    plain: [Pick; 6],
    /// The branch for a floating point number that is a string.
    special: Pick,
    /// Names that a tag may have, full ones first.
    tagged: Vec<(Box<str>, Tag)>,
}

/// A branch that was named.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tag {
    pub index: usize,
    /// Whether the object could also be the plain value of a branch, with the tag for a key.
    pub also_plain: bool,
}

/// The branch that an untagged value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    None,
    One(usize),
    Several,
}

/// The types of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

const SHAPES: [Shape; 6] = [Shape::Null, Shape::Boolean, Shape::Number, Shape::String, Shape::Array, Shape::Object];

impl Plan {
    pub fn new(schema: Arc<Schema>) -> Self {
        let nodes = schema.ids().map(|id| node(&schema, id)).collect();
        Plan { schema, nodes }
    }

    pub fn node(&self, id: TypeId) -> &Node {
        &self.nodes[id.0 as usize]
    }
}

fn node(schema: &Schema, id: TypeId) -> Node {
    match schema.kind(id) {
        Kind::Null => Node::Null,
        Kind::Boolean => Node::Boolean,
        Kind::Int => Node::Int,
        Kind::Long => Node::Long,
        Kind::Float => Node::Float,
        Kind::Double => Node::Double,
        Kind::Bytes => Node::Bytes,
        Kind::String => Node::String,
        Kind::Fixed(fixed) => Node::Fixed(fixed.size),
        Kind::Enum(symbols) => Node::Enum(Names::new(symbols.symbols.iter())),
        Kind::Array(item) => Node::Array(*item),
        Kind::Map(value) => Node::Map(*value),
        Kind::Union(branches) => Node::Union(Union::new(schema, branches)),
        Kind::Record(record) => Node::Record(Record {
            names: Names::new(record.fields.iter().map(|field| &field.name)),
            fields: record.fields.iter().map(|field| Field { ty: field.ty, absent: absent(schema, field) }).collect(),
        }),
    }
}

fn absent(schema: &Schema, field: &crate::schema::Field) -> Option<Box<[u8]>> {
    // A schema's defaults were checked when it was parsed.
    if let Some(default) = &field.default {
        return encode_default(schema, field.ty, default).ok().map(Vec::into_boxed_slice);
    }
    match schema.kind(field.ty) {
        Kind::Null => Some(Box::default()),
        Kind::Union(branches) => {
            let null = branches.iter().position(|branch| matches!(schema.kind(*branch), Kind::Null))?;
            let mut bytes = Vec::new();
            put_long(null as i64, &mut bytes);
            Some(bytes.into_boxed_slice())
        }
        _ => None,
    }
}

/// Whether the type is written as such JSON, floating point numbers that are strings aside.
pub(super) fn fits(kind: &Kind, shape: Shape) -> bool {
    match kind {
        Kind::Null => shape == Shape::Null,
        Kind::Boolean => shape == Shape::Boolean,
        Kind::Int | Kind::Long | Kind::Float | Kind::Double => shape == Shape::Number,
        Kind::Bytes | Kind::String | Kind::Fixed(_) | Kind::Enum(_) => shape == Shape::String,
        Kind::Array(_) => shape == Shape::Array,
        Kind::Map(_) | Kind::Record(_) => shape == Shape::Object,
        Kind::Union(_) => false,
    }
}

impl Union {
    fn new(schema: &Schema, branches: &[TypeId]) -> Self {
        let pick = |fits: &dyn Fn(&Kind) -> bool| {
            let mut found = branches.iter().enumerate().filter(|(_, id)| fits(schema.kind(**id)));
            match (found.next(), found.next()) {
                (None, _) => Pick::None,
                (Some((index, _)), None) => Pick::One(index),
                _ => Pick::Several,
            }
        };
        let plain = SHAPES.map(|shape| pick(&|kind| fits(kind, shape)));
        let special = pick(&|kind| matches!(kind, Kind::Float | Kind::Double));
        let full = |id: &TypeId| -> Box<str> {
            let kind = schema.kind(*id);
            kind.full_name().map_or(kind.word(), |name| &name.0).into()
        };
        let is_key = |name: &str| {
            branches.iter().any(|id| match schema.kind(*id) {
                Kind::Map(_) => true,
                Kind::Record(record) => record.fields.iter().any(|field| field.name == name),
                _ => false,
            })
        };
        let tags: Vec<Box<str>> = branches.iter().map(full).collect();
        let tag = |(index, name): (usize, Box<str>)| {
            let also_plain = is_key(&name);
            (name, Tag { index, also_plain })
        };
        let mut tagged: Vec<(Box<str>, Tag)> = tags.iter().cloned().enumerate().map(tag).collect();
        // Avro wants full names; short ones are understood where they cannot mean anything else.
        for (index, id) in branches.iter().enumerate() {
            let Some(name) = schema.kind(*id).full_name() else { continue };
            if !is_key(name.short()) && !tagged.iter().any(|(taken, _)| **taken == *name.short()) {
                tagged.push((name.short().into(), Tag { index, also_plain: false }));
            }
        }
        Union { branches: branches.to_vec(), tags, plain, special, tagged }
    }

    /// The branch that an untagged value of this shape means.
    pub fn plain(&self, shape: Shape) -> Pick {
        self.plain[shape as usize]
    }

    /// The branch of a string, which may be a floating point number.
    pub fn string(&self, special: bool) -> Pick {
        match self.plain(Shape::String) {
            Pick::None if special => self.special,
            pick => pick,
        }
    }

    /// The branch that is called so.
    pub fn tagged(&self, name: &str) -> Option<Tag> {
        self.tagged.iter().find(|(known, _)| **known == *name).map(|(_, tag)| *tag)
    }
}

/// Names and their places.
#[derive(Debug)]
pub(super) struct Names {
    list: Vec<Box<str>>,
    index: HashMap<Box<str>, usize>,
}

impl Names {
    fn new<'a>(names: impl Iterator<Item = &'a String>) -> Self {
        let list: Vec<Box<str>> = names.map(|name| name.as_str().into()).collect();
        let indexed = if list.len() < FEW { &[] } else { list.as_slice() };
        let index = indexed.iter().cloned().zip(0..).collect();
        Names { list, index }
    }

    /// The name at a place below [`Self::len`].
    pub fn get(&self, place: usize) -> Option<&str> {
        self.list.get(place).map(|name| &**name)
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The place of a name; `guess` is tried first.
    pub fn find(&self, name: &str, guess: usize) -> Option<usize> {
        if self.get(guess) == Some(name) {
            return Some(guess);
        }
        match self.index.is_empty() {
            true => self.list.iter().position(|known| **known == *name),
            false => self.index.get(name).copied(),
        }
    }
}
