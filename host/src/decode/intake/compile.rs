//! Matches what a function takes with what stands around a record.

use std::sync::Arc;

use super::key::KeyPlan;
use super::{How, Intake, PartPlan, ValuePlan};
use crate::contract::header::HeaderShape;
use crate::contract::mismatch::{Mismatch, Report};
use crate::contract::shape::{Part, Unit};
use crate::contract::types::{GuestType, discriminant_size};
use crate::decode::writers::Writers;
use crate::schema::Schema;
use crate::schema::local::LocalTable;

/// What keys are written with, where they are Avro.
#[derive(Debug, Clone)]
pub struct KeySchema {
    /// The reader's schema.
    pub schema: Arc<Schema>,
    /// Schemas by id; `None` where keys carry none.
    pub table: Option<Arc<LocalTable>>,
}

/// Compiles what is made of each record around `value`; the error lists every part that does not fit.
pub fn compile(unit: &Unit, value: ValuePlan, key: Option<&KeySchema>) -> Result<Intake, Vec<Mismatch>> {
    let mut report = Report::default();
    let mut parts = Vec::with_capacity(unit.parts.len());
    for (part, at, ty) in &unit.parts {
        report.enter(part.as_str());
        let plan = match (key, part) {
            (Some(key), Part::Key) => key_of_schema(key, ty, &mut report),
            _ => plain(*part, ty, &mut report),
        };
        report.leave();
        parts.extend(plan.map(|(option, how)| PartPlan { part: *part, at: *at, option, how }));
    }
    if !report.is_empty() {
        return Err(report.into_mismatches());
    }
    let layout = unit.whole.layout();
    Ok(Intake {
        stride: layout.size,
        align: layout.align,
        value,
        value_at: unit.value_at,
        tombstone: unit.tombstone,
        parts,
    })
}

fn plain(part: Part, ty: &GuestType, report: &mut Report) -> Option<(Option<usize>, How)> {
    use GuestType as T;
    let (option, inner) = ty.peeled();
    let how = match (part, inner) {
        (Part::Key, list) if list.is_bytes() => Some(How::Key(Box::new(KeyPlan::Bytes))),
        (Part::Key, T::String) => Some(How::Key(Box::new(KeyPlan::Text))),
        (Part::Key, T::S32 | T::U32) => Some(How::Key(Box::new(KeyPlan::Integer(4)))),
        (Part::Key, T::S64 | T::U64) => Some(How::Key(Box::new(KeyPlan::Integer(8)))),
        (Part::Headers, list) => HeaderShape::of(list).map(How::Headers),
        (Part::Topic, T::String) => Some(How::Topic),
        (Part::Partition, T::S32) => Some(How::Integer { size: 4, signed: true }),
        (Part::Partition, T::U32) => Some(How::Integer { size: 4, signed: false }),
        (Part::Offset | Part::Timestamp, T::S64) => Some(How::Integer { size: 8, signed: true }),
        (Part::Offset | Part::Timestamp, T::U64) => Some(How::Integer { size: 8, signed: false }),
        (Part::TimestampType, T::Enum(cases)) => times(cases),
        _ => None,
    };
    if how.is_none() {
        report.unsupported(&format!("the guest's type is {}; it must be {}", ty.describe(), expected(part)));
    }
    how.map(|how| (option, how))
}

fn times(cases: &[String]) -> Option<How> {
    let case = |name: &str| cases.iter().position(|case| case == name).map(|case| case as u32);
    let known = [case("create-time")?, case("log-append-time")?];
    Some(How::Case(known, discriminant_size(cases.len()) as u8))
}

fn expected(part: Part) -> &'static str {
    match part {
        Part::Key => {
            "list<u8>, string, s32, u32, s64 or u64, or `key-schema` must say what it is; each may be in an option"
        }
        Part::Headers => "list<header>, with `header` of millstream:pipeline/envelope",
        Part::Topic => "string",
        Part::Partition => "s32 or u32",
        Part::Offset | Part::Timestamp => "s64 or u64",
        Part::TimestampType => {
            "`timestamp-type` of millstream:pipeline/envelope (enum { create-time, log-append-time })"
        }
    }
}

/// The key by its schema; in an `option` of its own where the guest takes records without one.
fn key_of_schema(key: &KeySchema, ty: &GuestType, report: &mut Report) -> Option<(Option<usize>, How)> {
    let writers = |ty: &GuestType| Writers::new(key.schema.clone(), key.schema.clone(), ty, &[], key.table.clone());
    let found = match writers(ty) {
        Ok(writers) => Ok((None, writers)),
        Err(mismatches) => match ty.peeled() {
            (Some(payload), inner) => writers(inner).map(|writers| (Some(payload), writers)),
            (None, _) => Err(mismatches),
        },
    };
    match found {
        Ok((option, writers)) => {
            let nullable = option.is_none() && matches!(ty, GuestType::Option(_));
            Some((option, How::Key(Box::new(KeyPlan::Avro { writers, nullable }))))
        }
        Err(mismatches) => {
            report.adopt(mismatches);
            None
        }
    }
}
