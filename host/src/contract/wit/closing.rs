//! Where a schema's types close a circle: WIT types cannot contain themselves, so there a generic record stands.

use std::collections::HashSet;

use crate::schema::{Kind, Schema, TypeId};

/// The steps from a type to one of its own that lead back to a type that is being described, in the order in which a
/// reader meets them. Without these steps no type contains itself.
///
/// They are those of the whole schema: choosing fields of the root changes none of them.
pub(super) fn closing(schema: &Schema) -> HashSet<(TypeId, TypeId)> {
    let mut walk = Walk { schema, open: HashSet::new(), done: HashSet::new(), found: HashSet::new() };
    walk.visit(schema.root());
    walk.found
}

struct Walk<'a> {
    schema: &'a Schema,
    open: HashSet<TypeId>,
    done: HashSet<TypeId>,
    found: HashSet<(TypeId, TypeId)>,
}

impl Walk<'_> {
    /// As deep as the schema nests, which its parser bounds.
    fn visit(&mut self, id: TypeId) {
        self.open.insert(id);
        for child in children(self.schema, id) {
            if self.open.contains(&child) {
                self.found.insert((id, child));
            } else if !self.done.contains(&child) {
                self.visit(child);
            }
        }
        self.open.remove(&id);
        self.done.insert(id);
    }
}

/// The types that a type is made of, in their order.
pub(super) fn children(schema: &Schema, id: TypeId) -> Vec<TypeId> {
    match schema.kind(id) {
        Kind::Array(item) | Kind::Map(item) => vec![*item],
        Kind::Union(branches) => branches.clone(),
        Kind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
        _ => Vec::new(),
    }
}
