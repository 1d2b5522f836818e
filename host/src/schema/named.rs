//! The named types of a schema, numbered: how nodes of a generic record refer to records and enumerations.

use std::collections::{HashMap, HashSet};

use super::model::{Kind, Schema, TypeId};

/// A record, enumeration or fixed, as a guest that works on any schema sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedType {
    /// A record.
    Record {
        /// Full name.
        name: String,
        /// Its fields' names, in the order of their encoding.
        fields: Vec<String>,
    },
    /// An enumeration.
    Enum {
        /// Full name.
        name: String,
        /// In the order of their indexes.
        symbols: Vec<String>,
    },
    /// Fixed-size bytes.
    Fixed {
        /// Full name.
        name: String,
        /// In bytes.
        size: u32,
    },
}

impl NamedType {
    /// Full name.
    pub fn name(&self) -> &str {
        match self {
            Self::Record { name, .. } | Self::Enum { name, .. } | Self::Fixed { name, .. } => name,
        }
    }

    /// Avro's word for the shape and the full name: `record acme.Payment`.
    pub fn describe(&self) -> String {
        let word = match self {
            Self::Record { .. } => "record",
            Self::Enum { .. } => "enum",
            Self::Fixed { .. } => "fixed",
        };
        format!("{word} {}", self.name())
    }
}

/// A schema's named types in the order of their first appearance, depth-first from the root.
#[derive(Debug, Clone, Default)]
pub struct NamedTypes {
    types: Vec<NamedType>,
    ids: Vec<TypeId>,
    numbers: HashMap<TypeId, u32>,
}

impl NamedTypes {
    /// Numbers the types that the schema's root reaches.
    pub fn of(schema: &Schema) -> NamedTypes {
        let mut named = NamedTypes::default();
        let mut seen = HashSet::new();
        let mut open = vec![schema.root()];
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            // The children go on the pile last first, so that they come off it in their order.
            match schema.kind(id) {
                Kind::Record(record) => {
                    let fields = record.fields.iter().map(|field| field.name.clone()).collect();
                    named.add(id, NamedType::Record { name: record.name.0.clone(), fields });
                    open.extend(record.fields.iter().rev().map(|field| field.ty));
                }
                Kind::Enum(e) => {
                    named.add(id, NamedType::Enum { name: e.name.0.clone(), symbols: e.symbols.clone() });
                }
                Kind::Fixed(fixed) => {
                    named.add(id, NamedType::Fixed { name: fixed.name.0.clone(), size: fixed.size as u32 });
                }
                Kind::Array(inner) | Kind::Map(inner) => open.push(*inner),
                Kind::Union(branches) => open.extend(branches.iter().rev()),
                _ => {}
            }
        }
        named
    }

    fn add(&mut self, id: TypeId, ty: NamedType) {
        self.numbers.insert(id, self.types.len() as u32);
        self.ids.push(id);
        self.types.push(ty);
    }

    /// All of them; a type's position is its number.
    pub fn types(&self) -> &[NamedType] {
        &self.types
    }

    /// The number of a type; `None` for a type without a name, or one that the root does not reach.
    pub fn index_of(&self, id: TypeId) -> Option<u32> {
        self.numbers.get(&id).copied()
    }

    /// The types behind the numbers, in their order.
    pub fn ids(&self) -> &[TypeId] {
        &self.ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::parse;

    #[test]
    fn types_are_numbered_as_they_are_met_first() {
        let schema = parse(
            r#"{"type": "record", "name": "a.Tree", "fields": [
                {"name": "left", "type": ["null", "Tree"]},
                {"name": "kind", "type": {"type": "map", "values": {"type": "enum", "name": "K", "symbols": ["X", "Y"]}}},
                {"name": "leaf", "type": {"type": "array", "items": {"type": "record", "name": "b.Leaf", "fields": [
                    {"name": "hash", "type": {"type": "fixed", "name": "Hash", "size": 16}},
                    {"name": "kind", "type": "a.K"}]}}},
                {"name": "right", "type": ["null", "Tree"]}]}"#,
        );
        let schema = schema.unwrap();
        let named = NamedTypes::of(&schema);
        let names: Vec<_> = named.types().iter().map(NamedType::describe).collect();
        assert_eq!(names, ["record a.Tree", "enum a.K", "record b.Leaf", "fixed b.Hash"]);
        assert_eq!(named.index_of(schema.root()), Some(0));
        assert!(named.ids().iter().enumerate().all(|(at, id)| named.index_of(*id) == Some(at as u32)));
        let fields = ["left", "kind", "leaf", "right"].map(String::from).to_vec();
        assert_eq!(named.types()[0], NamedType::Record { name: "a.Tree".into(), fields });
        assert_eq!(named.types()[1], NamedType::Enum { name: "a.K".into(), symbols: vec!["X".into(), "Y".into()] });
        assert_eq!(named.types()[3], NamedType::Fixed { name: "b.Hash".into(), size: 16 });
    }

    /// One name, one type: numbers would otherwise depend on which of the two a walk meets.
    #[test]
    fn a_type_without_names_has_none() {
        let schema = parse(r#"{"type": "array", "items": ["null", "string"]}"#).unwrap();
        assert!(NamedTypes::of(&schema).types().is_empty());
        assert_eq!(NamedTypes::of(&schema).index_of(schema.root()), None);
    }
}
