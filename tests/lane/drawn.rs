//! Random values of any parsed schema, recursive ones too, and what a schema amounts to.

use std::collections::HashMap;

use millstream::schema::{Kind, Schema, TypeId};

use super::dice::{Dice, Seeded};
use super::shape::{Name, Ty};
use super::value::{self, V};

/// Records within records past which a value takes the shortest way to its end.
const LEVELS: usize = 14;
/// Values within a value past which it does so too.
const NODES: usize = 1500;

/// Draws values of a schema.
pub struct Draw<'a> {
    schema: &'a Schema,
    /// By type: records that the smallest value has within one another; absent where there is no finite value.
    heights: HashMap<TypeId, usize>,
    random: Seeded,
    left: usize,
}

/// What a schema amounts to, each type counted where it is defined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Records, enumerations and fixed types.
    pub named: usize,
    /// Fields of all records.
    pub fields: usize,
    /// Branches of the largest union.
    pub branches: usize,
    /// Records, arrays and maps within one another.
    pub levels: usize,
}

/// Counts a schema's types.
pub fn extent(schema: &Schema) -> Extent {
    let mut extent = Extent::default();
    let mut seen = HashMap::new();
    let mut open = vec![(schema.root(), 0)];
    while let Some((id, level)) = open.pop() {
        if seen.insert(id, ()).is_some() {
            continue;
        }
        let kind = schema.kind(id);
        extent.named += usize::from(kind.full_name().is_some());
        let inner = level + usize::from(matches!(kind, Kind::Record(_) | Kind::Array(_) | Kind::Map(_)));
        extent.levels = extent.levels.max(inner);
        match kind {
            Kind::Record(record) => extent.fields += record.fields.len(),
            Kind::Union(branches) => extent.branches = extent.branches.max(branches.len()),
            _ => {}
        }
        // The first one last, so that a type is met where it is defined.
        open.extend(parts(kind).into_iter().rev().map(|part| (part, inner)));
    }
    extent
}

fn parts(kind: &Kind) -> Vec<TypeId> {
    match kind {
        Kind::Array(part) | Kind::Map(part) => vec![*part],
        Kind::Union(branches) => branches.clone(),
        Kind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
        _ => Vec::new(),
    }
}

impl<'a> Draw<'a> {
    /// Values of this schema; the same seed draws the same ones.
    pub fn new(schema: &'a Schema, seed: u64) -> Self {
        Draw { schema, heights: heights(schema), random: Seeded(seed), left: 0 }
    }

    /// The next value.
    pub fn next(&mut self) -> V {
        assert!(!self.endless(self.schema.root()), "no value of this schema ends");
        self.left = NODES;
        self.draw(self.schema.root(), 0)
    }

    fn draw(&mut self, id: TypeId, level: usize) -> V {
        self.left = self.left.saturating_sub(1);
        let ends = level >= LEVELS || self.left == 0;
        let schema = self.schema;
        match schema.kind(id) {
            Kind::Array(item) => {
                let count = self.count(ends, *item);
                V::Array((0..count).map(|_| self.draw(*item, level)).collect())
            }
            Kind::Map(value) => {
                let count = self.count(ends, *value);
                V::Map((0..count).map(|n| (format!("k{n}é"), self.draw(*value, level))).collect())
            }
            Kind::Union(branches) => {
                let drawn = self.random.below(branches.len());
                let index = if ends || self.endless(branches[drawn]) { self.shortest(branches) } else { drawn };
                V::Union(index, Box::new(self.draw(branches[index], level)))
            }
            Kind::Record(record) => {
                V::Record(record.fields.iter().map(|field| self.draw(field.ty, level + 1)).collect())
            }
            leaf => value::random(&plain(leaf), &mut Dice::new(&self.random.bytes(24))),
        }
    }

    /// Whether each value of the type has another one within it.
    fn endless(&self, id: TypeId) -> bool {
        !self.heights.contains_key(&id)
    }

    /// How many items or entries of the type.
    fn count(&mut self, ends: bool, of: TypeId) -> usize {
        match self.random.below(12) {
            _ if ends || self.endless(of) => 0,
            11 => 9,
            other => other % 3,
        }
    }

    fn shortest(&self, branches: &[TypeId]) -> usize {
        let height = |at: &usize| self.heights.get(&branches[*at]).copied().unwrap_or(usize::MAX);
        (0..branches.len()).min_by_key(height).expect("a union has branches")
    }
}

/// A type without parts as the tests' own values know it.
fn plain(kind: &Kind) -> Ty {
    match kind {
        Kind::Null => Ty::Null,
        Kind::Boolean => Ty::Boolean,
        Kind::Int => Ty::Int,
        Kind::Long => Ty::Long,
        Kind::Float => Ty::Float,
        Kind::Double => Ty::Double,
        Kind::Bytes => Ty::Bytes,
        Kind::String => Ty::String,
        Kind::Fixed(fixed) => Ty::Fixed(Name::default(), fixed.size),
        Kind::Enum(symbols) => Ty::Enum(Name::default(), symbols.symbols.clone(), None),
        Kind::Array(_) | Kind::Map(_) | Kind::Union(_) | Kind::Record(_) => unreachable!("{kind:?} has parts"),
    }
}

/// By type, how many records the smallest value has within one another.
fn heights(schema: &Schema) -> HashMap<TypeId, usize> {
    let mut ids = vec![schema.root()];
    let mut at = 0;
    while let Some(id) = ids.get(at) {
        let new: Vec<_> = parts(schema.kind(*id)).into_iter().filter(|part| !ids.contains(part)).collect();
        ids.extend(new);
        at += 1;
    }
    let mut heights: HashMap<TypeId, usize> = HashMap::new();
    loop {
        let before = heights.len();
        for id in ids.iter().rev() {
            let known = |part: &TypeId| heights.get(part).copied();
            let height = match schema.kind(*id) {
                Kind::Union(branches) => branches.iter().filter_map(known).min(),
                Kind::Record(record) => {
                    let fields: Option<Vec<_>> = record.fields.iter().map(|field| known(&field.ty)).collect();
                    fields.map(|fields| 1 + fields.into_iter().max().unwrap_or(0))
                }
                _ => Some(0),
            };
            // Kept as first found: found in rounds, so that it never leads around in a circle.
            if let Some(height) = height {
                heights.entry(*id).or_insert(height);
            }
        }
        if heights.len() == before {
            return heights;
        }
    }
}
