//! Makes a [`GenericPlan`] out of the sink's schema. Every schema has one; what can go wrong depends on the nodes.

use std::collections::HashMap;

use super::names::Names;
use super::plan::{FieldPlan, GenericPlan, RecordPlan, UnionPlan, Want};
use crate::contract::generic::{NodeKind, NodeLayout};
use crate::schema::json::encode_default;
use crate::schema::{Field, Kind, Schema, TypeId};

/// The plan for values of type `id` of the sink's schema; `source` is the schema of the guest's input.
pub fn compile(sink: &Schema, id: TypeId, source: &Schema, layout: NodeLayout) -> GenericPlan {
    let names = Names::new(source, sink);
    let mut compiler = Compiler { sink, names: &names, numbers: HashMap::new(), queue: Vec::new() };
    let root = compiler.want(id);
    let mut records = Vec::new();
    while let Some(id) = compiler.queue.get(records.len()).copied() {
        records.push(compiler.record(id));
    }
    GenericPlan { root, records: records.into(), names, layout }
}

struct Compiler<'s> {
    sink: &'s Schema,
    names: &'s Names,
    numbers: HashMap<TypeId, u32>,
    /// The records in the order of their numbers. A queue, so that the stack does not grow with a schema's cycles.
    queue: Vec<TypeId>,
}

impl Compiler<'_> {
    fn want(&mut self, id: TypeId) -> Want {
        match self.sink.kind(id) {
            Kind::Null => Want::Null,
            Kind::Boolean => Want::Boolean,
            Kind::Int => Want::Int,
            Kind::Long => Want::Long,
            Kind::Float => Want::Float,
            Kind::Double => Want::Double,
            Kind::Bytes => Want::Bytes,
            Kind::String => Want::Text,
            Kind::Fixed(fixed) => Want::Fixed(fixed.size),
            Kind::Enum(e) => Want::Enum { name: self.names.of_sink(id), symbols: e.symbols.len() as u32 },
            Kind::Array(item) => Want::Array(Box::new(self.want(*item))),
            Kind::Map(value) => Want::Map(Box::new(self.want(*value))),
            Kind::Union(branches) => {
                let wants: Box<[Want]> = branches.iter().map(|branch| self.want(*branch)).collect();
                let by_kind = NodeKind::ALL.map(|kind| by_kind(kind, &wants));
                let text = self.sink.describe(id).into();
                Want::Union(Box::new(UnionPlan { branches: wants, by_kind, text }))
            }
            Kind::Record(_) => {
                let next = self.queue.len() as u32;
                let number = *self.numbers.entry(id).or_insert(next);
                if number == next {
                    self.queue.push(id);
                }
                Want::Record(number)
            }
        }
    }

    fn record(&mut self, id: TypeId) -> RecordPlan {
        let fields: &[Field] = match self.sink.kind(id) {
            Kind::Record(record) => &record.fields,
            _ => &[],
        };
        let fields = fields.iter().map(|field| FieldPlan {
            name: field.name.as_str().into(),
            want: self.want(field.ty),
            absent: self.absent(field),
        });
        let fields = fields.collect();
        RecordPlan { name: self.names.of_sink(id), fields }
    }

    fn absent(&self, field: &Field) -> Option<Box<[u8]>> {
        match &field.default {
            // A schema's defaults were tried when it was read.
            Some(default) => encode_default(self.sink, field.ty, default).ok().map(Into::into),
            None => self.sink.is_empty(field.ty).then(Box::default),
        }
    }
}

/// The branch of a union for nodes of one kind: the same type before those that a number can be promoted to.
fn by_kind(kind: NodeKind, branches: &[Want]) -> Option<u32> {
    let of = |wanted: fn(&Want) -> bool| branches.iter().position(wanted);
    let index = match kind {
        NodeKind::Null => of(|want| matches!(want, Want::Null)),
        NodeKind::Boolean => of(|want| matches!(want, Want::Boolean)),
        NodeKind::Int => of(|want| matches!(want, Want::Int))
            .or_else(|| of(|want| matches!(want, Want::Long | Want::Float | Want::Double))),
        NodeKind::Long => {
            of(|want| matches!(want, Want::Long)).or_else(|| of(|want| matches!(want, Want::Float | Want::Double)))
        }
        NodeKind::Float => of(|want| matches!(want, Want::Float)).or_else(|| of(|want| matches!(want, Want::Double))),
        NodeKind::Double => of(|want| matches!(want, Want::Double)),
        NodeKind::Bytes => of(|want| matches!(want, Want::Bytes)),
        NodeKind::String => of(|want| matches!(want, Want::Text)),
        NodeKind::Array => of(|want| matches!(want, Want::Array(_))),
        NodeKind::Map => of(|want| matches!(want, Want::Map(_))),
        NodeKind::Fixed => only(branches, |want| matches!(want, Want::Fixed(_))),
        NodeKind::Enum => only(branches, |want| matches!(want, Want::Enum { .. })),
        NodeKind::Record => only(branches, |want| matches!(want, Want::Record(_))),
    };
    index.map(|index| index as u32)
}

fn only(branches: &[Want], wanted: fn(&Want) -> bool) -> Option<usize> {
    let index = branches.iter().position(wanted)?;
    branches[index + 1..].iter().all(|want| !wanted(want)).then_some(index)
}
