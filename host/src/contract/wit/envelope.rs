//! Records around a value: what of a Kafka record the guest is told, and what it decides about an output.

use std::collections::BTreeSet;

use super::doc::comment;
use super::limits::Extent;
use super::scope::{Expression, Origin, Scope};
use super::{EnvelopeField, Refusal};
use crate::contract::names::escape;

/// A type with its extent.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub expression: Expression,
    pub extent: Extent,
}

impl Typed {
    pub fn leaf(text: &'static str) -> Self {
        Self { expression: Expression::of(text), extent: Extent::LEAF }
    }

    pub fn bytes() -> Self {
        Self { expression: Expression::of("list<u8>"), extent: Extent::BYTES }
    }

    pub fn option(self) -> Self {
        Self { expression: self.expression.within("option<", ">"), extent: self.extent.wrapped() }
    }

    pub fn list(self) -> Self {
        Self { expression: self.expression.within("list<", ">"), extent: self.extent.wrapped() }
    }
}

/// Which way a record goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    In,
    Out,
}

/// An envelope's record.
#[derive(Debug)]
pub(super) struct Envelope {
    pub name: String,
    way: Way,
    fields: Vec<(&'static str, &'static str, Typed)>,
}

impl Envelope {
    /// `name` must be free where the record will stand.
    pub fn new(
        way: Way,
        name: String,
        value: Typed,
        chosen: &BTreeSet<EnvelopeField>,
        key: Typed,
        tombstones: bool,
    ) -> Self {
        let mut fields = vec![match (way, tombstones) {
            (Way::In, false) => ("The value.", "value", value),
            (Way::In, true) => ("The value; none is a tombstone.", "value", value.option()),
            (Way::Out, false) => ("The value.", "value", value),
            (Way::Out, true) => ("The value; none writes a tombstone.", "value", value.option()),
        }];
        for field in chosen {
            let (doc, typed) = field_type(way, *field, &key);
            fields.push((doc, field.name(), typed));
        }
        Self { name, way, fields }
    }

    /// All types it mentions.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.fields.iter().map(|(_, _, typed)| &typed.expression)
    }

    pub fn extent(&self) -> Extent {
        Extent::of(self.fields.iter().map(|(_, _, typed)| typed.extent))
    }

    /// The record's text.
    pub fn definition(&self, scope: &Scope) -> String {
        let doc = match self.way {
            Way::In => "A record as it was read.",
            Way::Out => {
                "A record to be written. The key and the headers of the input stay where this does not set them."
            }
        };
        let mut text = comment("    ", doc) + &format!("    record {} {{\n", escape(&self.name));
        for (doc, name, typed) in &self.fields {
            text.push_str(&comment("        ", doc));
            text.push_str(&format!("        {name}: {},\n", scope.text(&typed.expression)));
        }
        text + "    }\n"
    }

    /// The record as a type, standing in `origin`.
    pub fn typed(&self, origin: Origin) -> Typed {
        Typed { expression: Expression::named(origin, &self.name), extent: self.extent() }
    }
}

fn field_type(way: Way, field: EnvelopeField, key: &Typed) -> (&'static str, Typed) {
    let headers = || Typed {
        expression: Expression::named(Origin::Envelope, "header").within("list<", ">"),
        extent: Extent::of([Extent::LEAF, Extent::BYTES.wrapped()]).wrapped(),
    };
    match (way, field) {
        (Way::In, EnvelopeField::Key) => ("None: the record has no key.", key.clone().option()),
        (Way::Out, EnvelopeField::Key) => ("None: the record has no key.", key.clone().option()),
        (Way::In, EnvelopeField::Headers) => ("All of them, in their order.", headers()),
        (Way::Out, EnvelopeField::Headers) => ("In place of the input's.", headers()),
        (Way::In, EnvelopeField::Topic) => ("Where it was read.", Typed::leaf("string")),
        (Way::Out, EnvelopeField::Topic) => {
            ("Where to write it: a topic that `[sink]` names. None: the sink's topic.", Typed::leaf("string").option())
        }
        (Way::In, EnvelopeField::Partition) => ("Where it was read.", Typed::leaf("u32")),
        (Way::Out, EnvelopeField::Partition) => {
            ("Where to write it. None: chosen by the key.", Typed::leaf("u32").option())
        }
        (_, EnvelopeField::Offset) => ("Its place in its partition.", Typed::leaf("u64")),
        (Way::In, EnvelopeField::Timestamp) => ("Milliseconds since 1970, UTC.", Typed::leaf("s64")),
        (Way::Out, EnvelopeField::Timestamp) => {
            ("Milliseconds since 1970, UTC. None: the time of writing.", Typed::leaf("s64").option())
        }
        (_, EnvelopeField::TimestampType) => (
            "What the timestamp means.",
            Typed { expression: Expression::named(Origin::Envelope, "timestamp-type"), extent: Extent::LEAF },
        ),
    }
}

/// Whether a type, standing where it stands, is within what engines take.
pub(super) fn fits(extent: Extent, side: &'static str, ty: &str) -> Result<(), Refusal> {
    match extent.depth > super::limits::MAX_DEPTH {
        true => Err(Refusal::TooDeep { side, ty: ty.to_string(), depth: extent.depth }),
        false => Ok(()),
    }
}
