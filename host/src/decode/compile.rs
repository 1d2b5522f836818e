//! Makes a [`DecodePlan`] out of a writer's schema, the reader's schema and the guest's type.
//!
//! Writer and reader are resolved as the Avro specification says
//! (<https://avro.apache.org/docs/1.12.0/specification/#schema-resolution>); reader and guest are matched by the rules of
//! `contract`. Everything that does not fit is found here, before the first record.

use std::sync::Arc;

use super::generic;
use super::plan::{Action, DecodePlan, NoPlace, Op, Payload, Step};
use super::resolve::{self, Passes};
use crate::contract::generic::node_layout;
use crate::contract::mismatch::{Mismatch, Report};
use crate::contract::names::Optional;
use crate::contract::types::{GuestType, discriminant_size};
use crate::contract::{mapping, names};
use crate::schema::json::encode_default;
use crate::schema::{Enum, Field, Kind, Record, Schema, TypeId};

/// A field that goes from input to output past the guest.
#[derive(Debug, Clone)]
pub struct Carry<'a> {
    /// Its name, in the reader's schema as in the output's.
    pub name: &'a str,
    /// The output's schema.
    pub schema: &'a Schema,
    /// The field's type in the output's schema.
    pub ty: TypeId,
}

/// Compiles a plan; the error lists everything that does not fit.
pub fn compile(
    writer: &Schema,
    reader: &Schema,
    guest: &GuestType,
    carried: &[Carry<'_>],
) -> Result<DecodePlan, Vec<Mismatch>> {
    let mut compiler = Compiler::new(writer, reader, carried);
    let root = compiler.op(writer.root(), reader.root(), guest, true);
    match root {
        Some(root) if compiler.report.is_empty() => Ok(DecodePlan { root, stride: guest.layout().size }),
        _ => Err(compiler.report.into_mismatches()),
    }
}

struct Compiler<'s> {
    writer: &'s Schema,
    reader: &'s Schema,
    carried: &'s [Carry<'s>],
    passes: Passes<'s>,
    report: Report,
}

impl<'s> Compiler<'s> {
    fn new(writer: &'s Schema, reader: &'s Schema, carried: &'s [Carry<'s>]) -> Self {
        Compiler { writer, reader, carried, passes: Passes::new(writer), report: Report::default() }
    }

    /// How the writer's type becomes the reader's type in the guest's; `None` after reporting why not.
    fn op(&mut self, w: TypeId, r: TypeId, guest: &GuestType, outermost: bool) -> Option<Op> {
        if let Some(layout) = node_layout(guest) {
            let carried = if outermost { self.carried } else { &[] };
            let plan = generic::compile((self.writer, w), (self.reader, r), layout, carried, &mut self.report)?;
            return Some(Op::Generic(Arc::new(plan)));
        }
        let (wk, rk) = (self.writer.kind(w), self.reader.kind(r));
        match (wk, rk) {
            (Kind::Union(branches), _) => self.writer_union(branches, r, guest),
            (_, Kind::Union(branches)) => self.reader_union(w, branches, r, guest),
            (Kind::Record(wr), Kind::Record(rr)) if resolve::names_match(wk, rk) => {
                self.record(wr, rr, r, guest, outermost)
            }
            (Kind::Enum(we), Kind::Enum(re)) if resolve::names_match(wk, rk) => self.enumeration(we, re, r, guest),
            (Kind::Fixed(wf), Kind::Fixed(rf)) if resolve::names_match(wk, rk) && wf.size == rf.size => {
                self.leaf(r, guest, Op::Fixed(wf.size), &GuestType::List(Box::new(GuestType::U8)))
            }
            (Kind::Array(wi), Kind::Array(ri)) => self.array(*wi, *ri, r, guest),
            (Kind::Map(wv), Kind::Map(rv)) => self.map(*wv, *rv, r, guest),
            _ => match primitive(wk, rk) {
                Some((op, expected)) => self.leaf(r, guest, op, &expected),
                None => self.unresolvable(w, r),
            },
        }
    }

    fn leaf(&mut self, r: TypeId, guest: &GuestType, op: Op, expected: &GuestType) -> Option<Op> {
        if guest == expected {
            return Some(op);
        }
        self.mismatch(guest, r, &expected.describe())
    }

    fn mismatch(&mut self, guest: &GuestType, r: TypeId, expected: &str) -> Option<Op> {
        self.report.guest(guest.describe(), self.reader.describe(r), expected);
        None
    }

    fn unresolvable(&mut self, w: TypeId, r: TypeId) -> Option<Op> {
        self.report.writer(self.writer.describe(w), self.reader.describe(r));
        None
    }

    /// Each of the writer's branches finds its own way; one that finds none fails only the records that use it.
    fn writer_union(&mut self, branches: &[TypeId], r: TypeId, guest: &GuestType) -> Option<Op> {
        let mut ops = Vec::with_capacity(branches.len());
        for branch in branches {
            let mark = self.report.mark();
            match self.op(*branch, r, guest, false) {
                Some(op) if self.report.mark() == mark => ops.push(Ok(op)),
                _ if self.report.only_writer_since(mark) => {
                    self.report.forget(mark);
                    let (writer, reader) = (self.writer.describe(*branch), self.reader.describe(r));
                    ops.push(Err(NoPlace { writer: writer.into(), reader: reader.into() }));
                }
                _ => return None,
            }
        }
        if ops.iter().all(Result::is_err) {
            self.report.writer(format!("union of {} branches", branches.len()), self.reader.describe(r));
            return None;
        }
        Some(Op::Branches(ops.into()))
    }

    /// A single type becomes the reader's branch that fits it best.
    fn reader_union(&mut self, w: TypeId, branches: &[TypeId], r: TypeId, guest: &GuestType) -> Option<Op> {
        let Some(chosen) = resolve::branch(self.writer, w, self.reader, branches) else {
            return self.unresolvable(w, r);
        };
        if let Some(Optional { inner: some, .. }) = names::optional(self.reader, branches) {
            let GuestType::Option(inner) = guest else {
                let inner = mapping::wit_type(self.reader, some);
                return self.mismatch(guest, r, &format!("option<{inner}>"));
            };
            if branches[chosen] != some {
                return Some(Op::None);
            }
            let inner = Box::new(self.op(w, some, inner, false)?);
            return Some(Op::Some { payload: guest.payload_offset(), inner });
        }
        let cases = names::branch_names(self.reader, branches);
        let GuestType::Variant(guest_cases) = guest else {
            return self.mismatch(guest, r, &format!("variant {{ {} }}", cases.join(", ")));
        };
        if let Some((name, _)) = guest_cases.iter().find(|(name, _)| !cases.contains(name)) {
            self.report.unknown("case", name, &cases);
            return None;
        }
        let Some(case) = guest_cases.iter().position(|(name, _)| *name == cases[chosen]) else {
            self.report.missing("case", &cases[chosen], &self.reader.describe(branches[chosen]));
            return None;
        };
        let inner = match &guest_cases[case].1 {
            Some(payload) => Payload::Value(Box::new(self.op(w, branches[chosen], payload, false)?)),
            None if names::is_unit(self.reader, branches[chosen]) => Payload::Skip(self.passes.skip(w)),
            None => {
                let expected = mapping::wit_type(self.reader, branches[chosen]);
                self.report.guest("case without a payload".into(), self.reader.describe(branches[chosen]), &expected);
                return None;
            }
        };
        let size = discriminant_size(guest_cases.len()) as u8;
        Some(Op::Case { case: case as u32, size, payload: guest.payload_offset(), inner })
    }

    fn enumeration(&mut self, w: &Enum, r: &Enum, id: TypeId, guest: &GuestType) -> Option<Op> {
        let names = names::symbol_names(&r.symbols);
        let GuestType::Enum(guest_cases) = guest else {
            return self.mismatch(guest, id, &format!("enum {{ {} }}", names.join(", ")));
        };
        for (name, symbol) in names.iter().zip(&r.symbols) {
            if !guest_cases.contains(name) {
                self.report.missing("case", name, &format!("symbol {symbol} of enum {}", r.name.0));
                return None;
            }
        }
        if let Some(name) = guest_cases.iter().find(|name| !names.contains(name)) {
            self.report.unknown("case", name, &names);
            return None;
        }
        let case_of = |symbol: &str| {
            let index = r.symbols.iter().position(|s| s == symbol)?;
            guest_cases.iter().position(|case| *case == names[index]).map(|case| case as u32)
        };
        let default = r.default.as_deref().and_then(case_of);
        let cases = w.symbols.iter().map(|s| case_of(s).or(default).ok_or_else(|| s.as_str().into())).collect();
        Some(Op::Enum { cases, size: discriminant_size(guest_cases.len()) as u8 })
    }

    fn array(&mut self, w: TypeId, r: TypeId, id: TypeId, guest: &GuestType) -> Option<Op> {
        let GuestType::List(item) = guest else {
            return self.mismatch(guest, id, &mapping::wit_type(self.reader, id));
        };
        let layout = item.layout();
        let op = self.nested("[]", w, r, item)?;
        let least = resolve::least(self.writer, w);
        Some(Op::List { item: Box::new(op), least, size: layout.size, align: layout.align as u8 })
    }

    fn map(&mut self, w: TypeId, r: TypeId, id: TypeId, guest: &GuestType) -> Option<Op> {
        let (GuestType::List(entry), expected) = (guest, mapping::wit_type(self.reader, id)) else {
            return self.mismatch(guest, id, &mapping::wit_type(self.reader, id));
        };
        match &**entry {
            GuestType::Tuple(parts) if parts.len() == 2 && parts[0] == GuestType::String => {
                let layout = entry.layout();
                let op = self.nested("{}", w, r, &parts[1])?;
                let offset = entry.offsets()[1];
                let least = resolve::least(self.writer, w);
                Some(Op::Map { value: Box::new(op), least, offset, size: layout.size, align: layout.align as u8 })
            }
            _ => self.mismatch(guest, id, &expected),
        }
    }

    fn nested(&mut self, name: &str, w: TypeId, r: TypeId, guest: &GuestType) -> Option<Op> {
        self.report.enter(name);
        let op = self.op(w, r, guest, false);
        self.report.leave();
        op
    }

    fn record(&mut self, w: &Record, r: &Record, id: TypeId, guest: &GuestType, outermost: bool) -> Option<Op> {
        let names = names::field_names(r);
        let GuestType::Record(guest_fields) = guest else {
            return self.mismatch(guest, id, &mapping::wit_type(self.reader, id));
        };
        let mut fits = true;
        for (name, _) in guest_fields {
            if !names.contains(name) {
                self.report.unknown("field", name, &names);
                fits = false;
            }
        }
        let offsets = guest.offsets();
        let wanted = |index: usize| {
            let at = guest_fields.iter().position(|(name, _)| *name == names[index])?;
            Some((offsets[at], &guest_fields[at].1))
        };
        let mut steps = Vec::new();
        for wf in &w.fields {
            let index = r.fields.iter().position(|rf| rf.name == wf.name);
            let index = index.or_else(|| r.fields.iter().position(|rf| rf.aliases.contains(&wf.name)));
            let Some(index) = index else {
                steps.push(Step { name: wf.name.as_str().into(), carry: None, action: self.pass(wf, false) });
                continue;
            };
            let rf = &r.fields[index];
            let carry = if outermost { self.carry(rf, self.writer, wf.ty) } else { None };
            let action = match wanted(index) {
                None => Some(self.pass(wf, carry.is_some())),
                Some((offset, ty)) => self.nested(&rf.name, wf.ty, rf.ty, ty).map(|op| Action::Put(offset, op)),
            };
            match action {
                Some(action) => steps.push(Step { name: wf.name.as_str().into(), carry, action }),
                None => fits = false,
            }
        }
        for (index, rf) in r.fields.iter().enumerate() {
            let written = w.fields.iter().any(|wf| wf.name == rf.name || rf.aliases.contains(&wf.name));
            if !written {
                fits &= self.absent(rf, wanted(index), outermost, &mut steps);
            }
        }
        fits.then(|| Op::Record(steps.into()))
    }

    fn pass(&self, field: &Field, carried: bool) -> Action {
        Action::Skip(if carried { self.passes.check(field.ty) } else { self.passes.skip(field.ty) })
    }

    /// A reader's field which the writer does not have. Answers whether all is well.
    fn absent(
        &mut self,
        field: &Field,
        wanted: Option<(usize, &GuestType)>,
        outermost: bool,
        steps: &mut Vec<Step>,
    ) -> bool {
        let carry = if outermost { self.carry(field, self.reader, field.ty) } else { None };
        if wanted.is_none() && carry.is_none() {
            return true;
        }
        let Some(default) = &field.default else {
            self.report.no_default(&field.name);
            return false;
        };
        let bytes: Box<[u8]> = match encode_default(self.reader, field.ty, default) {
            Ok(bytes) => bytes.into(),
            Err(error) => {
                self.report.bad_default(&field.name, &error.to_string());
                return false;
            }
        };
        let action = match wanted {
            None => Some(Action::CarryDefault(bytes)),
            Some((offset, ty)) => {
                let mut own = Compiler::new(self.reader, self.reader, &[]);
                std::mem::swap(&mut own.report, &mut self.report);
                let op = own.nested(&field.name, field.ty, field.ty, ty);
                std::mem::swap(&mut own.report, &mut self.report);
                op.map(|op| Action::Default(offset, bytes, op))
            }
        };
        let fits = action.is_some();
        steps.extend(action.map(|action| Step { name: field.name.as_str().into(), carry, action }));
        fits
    }

    fn carry(&mut self, field: &Field, from: &Schema, ty: TypeId) -> Option<u16> {
        carry(self.carried, field, (from, ty), &mut self.report)
    }
}

/// Which carried field this is; its bytes as `from` has them must be bytes of the output's type.
pub(super) fn carry(
    carried: &[Carry<'_>],
    field: &Field,
    (from, ty): (&Schema, TypeId),
    report: &mut Report,
) -> Option<u16> {
    let index = carried.iter().position(|carry| carry.name == field.name)?;
    let carry = &carried[index];
    if !Schema::same_encoding(from, ty, carry.schema, carry.ty) {
        report.cannot_carry(&field.name, from.describe(ty), carry.schema.describe(carry.ty));
        return None;
    }
    Some(index as u16)
}

/// The operation and guest type for a pair of primitives, promotions included.
fn primitive(w: &Kind, r: &Kind) -> Option<(Op, GuestType)> {
    let narrow = matches!(w, Kind::Int);
    Some(match (w, r) {
        (Kind::Boolean, Kind::Boolean) => (Op::Bool, GuestType::Bool),
        (Kind::Int, Kind::Int) => (Op::Int, GuestType::S32),
        (Kind::Int | Kind::Long, Kind::Long) => (Op::Long { narrow }, GuestType::S64),
        (Kind::Int | Kind::Long, Kind::Float) => (Op::IntegerToF32 { narrow }, GuestType::F32),
        (Kind::Int | Kind::Long, Kind::Double) => (Op::IntegerToF64 { narrow }, GuestType::F64),
        (Kind::Float, Kind::Float) => (Op::F32, GuestType::F32),
        (Kind::Float, Kind::Double) => (Op::F32ToF64, GuestType::F64),
        (Kind::Double, Kind::Double) => (Op::F64, GuestType::F64),
        (Kind::String | Kind::Bytes, Kind::String) => (Op::Text, GuestType::String),
        (Kind::Bytes | Kind::String, Kind::Bytes) => (Op::Bytes, GuestType::List(Box::new(GuestType::U8))),
        _ => return None,
    })
}
