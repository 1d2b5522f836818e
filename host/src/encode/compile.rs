//! Makes an [`Emit`] out of the guest's type of a value and the output's schema.

use std::sync::Arc;

use super::generic;
use super::plan::{Emit, Part};
use crate::contract::generic::node_layout;
use crate::contract::mismatch::{Mismatch, Report};
use crate::contract::types::{GuestType, discriminant_size};
use crate::contract::{mapping, names};
use crate::schema::json::encode_default;
use crate::schema::{Enum, Field, Kind, Record, Schema, TypeId};

/// Names of output fields, in the order of their numbers.
type Names = Box<[Box<str>]>;

/// Compiles what writes a guest's value as one of the output's schema, and answers with it the names of the fields that
/// must be carried from the input.
///
/// Output fields that the guest's record does not name are carried over from the input where `passthrough` is set and
/// the input has a field of that name, else take their schema's default.
pub(super) fn value(
    guest: &GuestType,
    output: &Schema,
    input: Option<&Schema>,
    passthrough: bool,
) -> Result<(Emit, Names), Vec<Mismatch>> {
    let mut compiler = Compiler { output, input, passthrough, carried: Vec::new(), report: Report::default() };
    match compiler.emit(output.root(), guest, true) {
        Some(emit) if compiler.report.is_empty() => Ok((emit, compiler.carried.into())),
        _ => Err(compiler.report.into_mismatches()),
    }
}

struct Compiler<'s> {
    output: &'s Schema,
    input: Option<&'s Schema>,
    passthrough: bool,
    carried: Vec<Box<str>>,
    report: Report,
}

impl Compiler<'_> {
    fn emit(&mut self, id: TypeId, guest: &GuestType, outermost: bool) -> Option<Emit> {
        if let Some(layout) = node_layout(guest) {
            return Some(Emit::Generic(Arc::new(generic::compile(
                self.output,
                id,
                self.input.unwrap_or(self.output),
                layout,
            ))));
        }
        let u8s = GuestType::List(Box::new(GuestType::U8));
        let (emit, expected) = match self.output.kind(id) {
            Kind::Boolean => (Emit::Bool, GuestType::Bool),
            Kind::Int => (Emit::Int, GuestType::S32),
            Kind::Long => (Emit::Long, GuestType::S64),
            Kind::Float => (Emit::F32, GuestType::F32),
            Kind::Double => (Emit::F64, GuestType::F64),
            Kind::String => (Emit::Text, GuestType::String),
            Kind::Bytes => (Emit::Bytes, u8s),
            Kind::Fixed(fixed) => (Emit::Fixed(fixed.size), u8s),
            Kind::Null => return self.mismatch(guest, id),
            Kind::Enum(symbols) => return self.enumeration(symbols, id, guest),
            Kind::Union(branches) => return self.union(branches, id, guest),
            Kind::Record(record) => return self.record(record, id, guest, outermost),
            Kind::Array(item) => {
                let GuestType::List(guest_item) = guest else { return self.mismatch(guest, id) };
                let layout = guest_item.layout();
                let inner = Box::new(self.nested("[]", *item, guest_item)?);
                return Some(Emit::List { item: inner, size: layout.size, align: layout.align as u8 });
            }
            Kind::Map(value) => return self.map(*value, id, guest),
        };
        if *guest == expected { Some(emit) } else { self.mismatch(guest, id) }
    }

    fn mismatch(&mut self, guest: &GuestType, id: TypeId) -> Option<Emit> {
        let expected = mapping::wit_type(self.output, id);
        self.report.guest(guest.describe(), self.output.describe(id), &expected);
        None
    }

    fn nested(&mut self, name: &str, id: TypeId, guest: &GuestType) -> Option<Emit> {
        self.report.enter(name);
        let emit = self.emit(id, guest, false);
        self.report.leave();
        emit
    }

    fn enumeration(&mut self, symbols: &Enum, id: TypeId, guest: &GuestType) -> Option<Emit> {
        let GuestType::Enum(cases) = guest else { return self.mismatch(guest, id) };
        let names = names::symbol_names(&symbols.symbols);
        let index = |case: &String| names.iter().position(|name| name == case).map(|index| index as u32);
        if let Some(case) = cases.iter().find(|case| index(case).is_none()) {
            self.report.unknown("case", case, &names);
            return None;
        }
        let symbols = cases.iter().filter_map(index).collect();
        Some(Emit::Enum { symbols, size: discriminant_size(cases.len()) as u8 })
    }

    fn union(&mut self, branches: &[TypeId], id: TypeId, guest: &GuestType) -> Option<Emit> {
        if let Some(optional) = names::optional(self.output, branches) {
            let GuestType::Option(inner) = guest else { return self.mismatch(guest, id) };
            let inner = Box::new(self.emit(optional.inner, inner, false)?);
            let (none, some) = (optional.null as u8, optional.some as u8);
            return Some(Emit::Option { none, some, payload: guest.payload_offset(), inner });
        }
        let GuestType::Variant(guest_cases) = guest else { return self.mismatch(guest, id) };
        let names = names::branch_names(self.output, branches);
        let mut cases = Vec::with_capacity(guest_cases.len());
        for (name, payload) in guest_cases {
            let Some(index) = names.iter().position(|known| known == name) else {
                self.report.unknown("case", name, &names);
                return None;
            };
            let unit = names::is_unit(self.output, branches[index]);
            let emit = match payload {
                None if unit => None,
                None => {
                    let expected = mapping::wit_type(self.output, branches[index]);
                    let schema = self.output.describe(branches[index]);
                    self.report.guest("case without a payload".into(), schema, &expected);
                    return None;
                }
                Some(payload) => Some(self.nested(name, branches[index], payload)?),
            };
            cases.push((index as u32, emit));
        }
        let size = discriminant_size(cases.len()) as u8;
        Some(Emit::Variant { cases: cases.into(), size, payload: guest.payload_offset() })
    }

    fn map(&mut self, value: TypeId, id: TypeId, guest: &GuestType) -> Option<Emit> {
        let GuestType::List(entry) = guest else { return self.mismatch(guest, id) };
        match &**entry {
            GuestType::Tuple(parts) if parts.len() == 2 && parts[0] == GuestType::String => {
                let layout = entry.layout();
                let inner = Box::new(self.nested("{}", value, &parts[1])?);
                let offset = entry.offsets()[1];
                Some(Emit::Map { value: inner, offset, size: layout.size, align: layout.align as u8 })
            }
            _ => self.mismatch(guest, id),
        }
    }

    fn record(&mut self, record: &Record, id: TypeId, guest: &GuestType, outermost: bool) -> Option<Emit> {
        let GuestType::Record(guest_fields) = guest else { return self.mismatch(guest, id) };
        let names = names::field_names(record);
        for (name, _) in guest_fields {
            if !names.contains(name) {
                self.report.unknown("field", name, &names);
            }
        }
        let offsets = guest.offsets();
        let mut parts = Vec::with_capacity(record.fields.len());
        for (field, name) in record.fields.iter().zip(&names) {
            let part = match guest_fields.iter().position(|(known, _)| known == name) {
                Some(at) => self
                    .nested(&field.name, field.ty, &guest_fields[at].1)
                    .map(|emit| Part::Guest(field.name.as_str().into(), offsets[at], emit)),
                None => self.fill(field, outermost),
            };
            parts.extend(part);
        }
        (parts.len() == record.fields.len()).then(|| Emit::Record(parts.into()))
    }

    /// A field that the guest does not name: nothing to say, carried over, or its default.
    fn fill(&mut self, field: &Field, outermost: bool) -> Option<Part> {
        if names::is_unit(self.output, field.ty) {
            return Some(Part::Constant(Box::new([])));
        }
        if outermost && self.passthrough && self.input_has(field) {
            self.carried.push(field.name.as_str().into());
            return u16::try_from(self.carried.len() - 1).ok().map(Part::Carried);
        }
        let Some(default) = &field.default else {
            let why = match (outermost, self.passthrough) {
                (true, true) => {
                    "the guest's record lacks it, the input has no such field of the same type, and the schema no default"
                }
                (true, false) => {
                    "the guest's record lacks it and the schema has no default (`passthrough = true` would carry it over)"
                }
                _ => "the guest's record lacks it and the schema has no default",
            };
            self.report.not_filled(&field.name, why);
            return None;
        };
        match encode_default(self.output, field.ty, default) {
            Ok(bytes) => Some(Part::Constant(bytes.into())),
            Err(error) => {
                self.report.bad_default(&field.name, &error.to_string());
                None
            }
        }
    }

    fn input_has(&self, field: &Field) -> bool {
        let Some(schema) = self.input else { return false };
        let Kind::Record(input) = schema.kind(schema.root()) else { return false };
        let same = |other: &&Field| other.name == field.name;
        input
            .fields
            .iter()
            .find(same)
            .is_some_and(|other| Schema::same_encoding(schema, other.ty, self.output, field.ty))
    }
}
