//! What a guest's functions take and give for each record, read out of their types.
//!
//! ```text
//! deserialize: func(batch: list<RAW>) -> list<result<T, fault>>
//! transform:   func(batch: list<IN>)  -> list<result<OUT, fault>>
//! serialize:   func(batch: list<U>)   -> list<result<RAW, fault>>
//! ```
//!
//! IN is the value or an envelope around it; OUT is one output, `option` of one or `list` of them, and an output is the
//! value or an envelope. Names tell an envelope: a record with a field `value` and none but the fields of [`Part`].

use std::fmt;

use super::names;
use super::types::GuestType;
use crate::schema::{Kind, Schema};

/// What a function of a guest is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// The guest's own way from a record's raw form to its value.
    Deserialize,
    /// The work itself.
    Transform,
    /// The guest's own way from its value to a raw form.
    Serialize,
}

/// All roles, in the order in which a record meets them.
pub const ROLES: [Role; 3] = [Role::Deserialize, Role::Transform, Role::Serialize];

impl Role {
    /// The name of the export, which is also how errors, metrics and dead letters name the place.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deserialize => "deserialize",
            Self::Transform => "transform",
            Self::Serialize => "serialize",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What can stand around a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The record's key.
    Key,
    /// Its headers.
    Headers,
    /// The topic it comes from, or goes to.
    Topic,
    /// The partition it comes from, or goes to.
    Partition,
    /// Its offset.
    Offset,
    /// Its timestamp, in milliseconds since the epoch.
    Timestamp,
    /// Who gave it its timestamp.
    TimestampType,
}

impl Part {
    fn named(name: &str) -> Option<Part> {
        Some(match name {
            "key" => Part::Key,
            "headers" => Part::Headers,
            "topic" => Part::Topic,
            "partition" => Part::Partition,
            "offset" => Part::Offset,
            "timestamp" => Part::Timestamp,
            "timestamp-type" => Part::TimestampType,
            _ => return None,
        })
    }

    /// The name of the envelope's field.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Headers => "headers",
            Self::Topic => "topic",
            Self::Partition => "partition",
            Self::Offset => "offset",
            Self::Timestamp => "timestamp",
            Self::TimestampType => "timestamp-type",
        }
    }
}

/// One record as a function takes or gives it: the value, and what stands around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// The whole type.
    pub whole: GuestType,
    /// The value's own type.
    pub value: GuestType,
    /// Where the value stands from the unit's start, in bytes.
    pub value_at: usize,
    /// The value is in an `option` whose none is a tombstone: where its payload stands from `value_at`.
    pub tombstone: Option<usize>,
    /// The other fields: which, where, of what type.
    pub parts: Vec<(Part, usize, GuestType)>,
    /// It is an envelope, not a value by itself.
    pub is_envelope: bool,
}

impl Unit {
    /// A value with nothing around it.
    pub fn bare(ty: &GuestType) -> Unit {
        let (whole, value) = (ty.clone(), ty.clone());
        Unit { whole, value, value_at: 0, tombstone: None, parts: Vec::new(), is_envelope: false }
    }

    /// The type as an envelope, if its names say that it is one.
    pub fn envelope(ty: &GuestType) -> Option<Unit> {
        let GuestType::Record(fields) = ty else { return None };
        let mut unit = Unit { is_envelope: true, ..Unit::bare(ty) };
        let mut has_value = false;
        for ((name, ty), at) in fields.iter().zip(ty.offsets()) {
            match Part::named(name) {
                Some(part) => unit.parts.push((part, at, ty.clone())),
                None if name == "value" => {
                    has_value = true;
                    (unit.value, unit.value_at) = (ty.clone(), at);
                }
                None => return None,
            }
        }
        has_value.then_some(unit)
    }

    /// The readings that the type allows, the likelier first. A type is taken for the schema's record where that has
    /// all of its fields, though they are called like an envelope's.
    pub fn readings(ty: &GuestType, schema: Option<&Schema>) -> Vec<Unit> {
        let bare = Unit::bare(ty);
        match Unit::envelope(ty) {
            None => vec![bare],
            Some(envelope) if schema.is_some_and(|schema| has_fields_of(schema, ty)) => vec![bare, envelope],
            Some(envelope) => vec![envelope],
        }
    }

    /// The unit with the value out of the `option` that stands for a tombstone.
    pub fn with_tombstones(&self) -> Option<Unit> {
        let GuestType::Option(inner) = &self.value else { return None };
        if !self.is_envelope || self.tombstone.is_some() {
            return None;
        }
        let payload = self.value.payload_offset();
        Some(Unit { value: (**inner).clone(), tombstone: Some(payload), ..self.clone() })
    }
}

fn has_fields_of(schema: &Schema, ty: &GuestType) -> bool {
    let (Kind::Record(record), GuestType::Record(fields)) = (schema.kind(schema.root()), ty) else { return false };
    let names = names::field_names(record);
    fields.iter().all(|(name, _)| names.contains(name))
}

/// How many outputs a record may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Many {
    /// Just one.
    One,
    /// One or none: `option<OUTPUT>`.
    Option {
        /// Where the payload stands.
        payload: usize,
    },
    /// Any number: `list<OUTPUT>`.
    List {
        /// Bytes from output to output.
        size: usize,
        /// Their alignment.
        align: usize,
    },
}

/// The readings of what stands in a result's `ok`: how many, and of what type each. The likelier first.
///
/// A list may be several outputs or, as `list<u8>`, raw bytes; what `list` and `option` mean in the end depends on the
/// schema, so the caller tries.
pub fn outputs(ok: &GuestType) -> Vec<(Many, &GuestType)> {
    let one = (Many::One, ok);
    match ok {
        GuestType::List(item) if **item == GuestType::U8 => vec![one],
        GuestType::List(item) => {
            let layout = item.layout();
            vec![(Many::List { size: layout.size, align: layout.align }, item), one]
        }
        GuestType::Option(inner) => vec![(Many::Option { payload: ok.payload_offset() }, inner), one],
        _ => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(fields: &[(&str, GuestType)]) -> GuestType {
        GuestType::Record(fields.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())).collect())
    }

    #[test]
    fn names_tell_an_envelope() {
        let value = record(&[("id", GuestType::String)]);
        let ty = record(&[("offset", GuestType::U64), ("value", value.clone()), ("topic", GuestType::String)]);
        let unit = Unit::envelope(&ty).unwrap();
        assert_eq!((unit.value, unit.value_at), (value, 8));
        assert_eq!(unit.parts, [(Part::Offset, 0, GuestType::U64), (Part::Topic, 16, GuestType::String)]);
        assert_eq!(Unit::envelope(&record(&[("value", GuestType::U8), ("amount", GuestType::U8)])), None);
        assert_eq!(Unit::envelope(&record(&[("key", GuestType::U8)])), None);
    }

    #[test]
    fn a_schema_with_the_same_names_comes_first() {
        let ty = record(&[("key", GuestType::String), ("value", GuestType::S32)]);
        let text = r#"{"type":"record","name":"Pair","fields":[{"name":"key","type":"string"},{"name":"value","type":"int"}]}"#;
        let schema = crate::schema::parse(text).unwrap();
        let readings = Unit::readings(&ty, Some(&schema));
        assert_eq!(readings.iter().map(|unit| unit.is_envelope).collect::<Vec<_>>(), [false, true]);
        assert!(Unit::readings(&ty, None)[0].is_envelope);
    }

    #[test]
    fn an_optional_value_may_be_a_tombstone() {
        let ty = record(&[("value", GuestType::Option(Box::new(GuestType::S64)))]);
        let unit = Unit::envelope(&ty).unwrap().with_tombstones().unwrap();
        assert_eq!((unit.value, unit.tombstone), (GuestType::S64, Some(8)));
        assert_eq!(Unit::bare(&GuestType::Option(Box::new(GuestType::S64))).with_tombstones(), None);
    }

    #[test]
    fn bytes_are_one_output() {
        let bytes = GuestType::List(Box::new(GuestType::U8));
        assert_eq!(outputs(&bytes), [(Many::One, &bytes)]);
        let several = GuestType::List(Box::new(bytes.clone()));
        assert_eq!(outputs(&several), [(Many::List { size: 8, align: 4 }, &bytes), (Many::One, &several)]);
    }
}
