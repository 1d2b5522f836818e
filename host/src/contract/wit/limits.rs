//! What engines and tools take of a component's types. The numbers are those of wasmparser, which validates every
//! component; they are the same in all engines built on it.

use std::collections::HashMap;

use super::closing::children;
use super::types::Side;
use crate::contract::names;
use crate::schema::{Kind, TypeId};

/// Most fields or cases of a type.
pub(super) const MAX_MEMBERS: usize = 10_000;
/// Deepest nesting of a type.
pub(super) const MAX_DEPTH: usize = 100;
/// Most parts of all types of a component, each type written out in full.
pub(super) const MAX_SIZE: usize = 1_000_000;

/// How deep a type nests and how many parts it has, as validators count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub depth: usize,
    pub size: usize,
}

impl Extent {
    /// A scalar, a text, an enumeration.
    pub const LEAF: Extent = Extent { depth: 1, size: 1 };
    /// `list<u8>`
    pub const BYTES: Extent = Extent { depth: 2, size: 2 };
    /// `generic-record`
    pub const GENERIC: Extent = Extent { depth: 5, size: 25 };

    /// A type made of these.
    pub fn of(parts: impl IntoIterator<Item = Extent>) -> Extent {
        parts.into_iter().fold(Extent::LEAF, |all, part| Extent {
            depth: all.depth.max(part.depth + 1),
            size: all.size.saturating_add(part.size),
        })
    }

    /// A list, option or result around it.
    pub fn wrapped(self) -> Extent {
        Extent::of([self])
    }
}

/// The extents of a side's types.
pub(super) struct Extents<'s, 'a> {
    side: &'s Side<'a>,
    known: HashMap<TypeId, Extent>,
}

impl<'s, 'a> Extents<'s, 'a> {
    pub fn of(side: &'s Side<'a>) -> Self {
        Self { side, known: HashMap::new() }
    }

    /// Of one type; recursion ends where the schema's circles are closed.
    pub fn get(&mut self, id: TypeId) -> Extent {
        if let Some(known) = self.known.get(&id) {
            return *known;
        }
        let schema = self.side.schema;
        let mut parts: Vec<Extent> = Vec::new();
        for child in self.seen_children(id) {
            if !names::is_unit(schema, child) {
                parts.push(if self.side.closes(id, child) { Extent::GENERIC } else { self.get(child) });
            }
        }
        let extent = match schema.kind(id) {
            Kind::Bytes | Kind::Fixed(_) => Extent::BYTES,
            // list<tuple<string, T>>
            Kind::Map(_) => Extent::of([Extent::LEAF].into_iter().chain(parts)).wrapped(),
            _ => Extent::of(parts),
        };
        self.known.insert(id, extent);
        extent
    }

    fn seen_children(&self, id: TypeId) -> Vec<TypeId> {
        match self.side.schema.kind(id) {
            Kind::Record(record) => self.side.members(id, record).iter().map(|(_, field)| field.ty).collect(),
            _ => children(self.side.schema, id),
        }
    }
}
