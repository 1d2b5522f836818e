//! Makes an [`EncodePlan`] out of a function's result type and what its values have to become.

use std::sync::Arc;

use super::envelope::{How, PartPlan};
use super::{EncodePlan, FaultKind, FaultPlan, ValueForm};
use crate::contract::header::HeaderShape;
use crate::contract::mismatch::{Mismatch, Report};
use crate::contract::shape::{Many, Part, Role, Unit, outputs};
use crate::contract::types::{GuestType, discriminant_size};
use crate::decode::Checker;
use crate::encode::plan::Emit;
use crate::encode::{compile as schema_typed, relay};
use crate::schema::Schema;

/// What a function's values have to become.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// Avro of the output's schema, from the guest's own types.
    Avro {
        /// The output's schema.
        schema: &'a Schema,
        /// The input's, for what goes past the guest.
        input: Option<&'a Schema>,
        /// Whether fields may go past the guest.
        passthrough: bool,
        /// Stands before each value.
        prefix: &'a [u8],
        /// The guest may also give a value's bytes, which are checked.
        raw: bool,
    },
    /// Bytes as the guest gives them.
    Bytes,
    /// Text as the guest gives it.
    Text,
    /// What the next function takes.
    Relay,
}

/// What keys have to become where they are Avro.
#[derive(Debug, Clone, Copy)]
pub struct KeyTarget<'a> {
    /// The keys' schema.
    pub schema: &'a Schema,
    /// Stands before each key.
    pub prefix: &'a [u8],
}

/// The plan for a `transform` that answers `list<result<OUT, fault>>` with `outcome` as the list's element, and whose
/// values become Avro of `output`.
pub fn compile(
    outcome: &GuestType,
    output: &Schema,
    input: &Schema,
    passthrough: bool,
    prefix: &[u8],
) -> Result<EncodePlan, Vec<Mismatch>> {
    let target = Target::Avro { schema: output, input: Some(input), passthrough, prefix, raw: true };
    compile_answer(Role::Transform, outcome, target, None).map(|(plan, _)| plan)
}

/// The plan for what a function answers, and the type of its values. Only a `transform` may answer more than a value for
/// each record. The error lists all that does not fit.
pub fn compile_answer(
    role: Role,
    outcome: &GuestType,
    target: Target<'_>,
    key: Option<KeyTarget<'_>>,
) -> Result<(EncodePlan, Unit), Vec<Mismatch>> {
    let mut report = Report::default();
    let GuestType::Result(Some(ok), Some(fault)) = outcome else {
        report
            .unsupported(&format!("the guest answers {} for a record, not result<record, fault>", outcome.describe()));
        return Err(report.into_mismatches());
    };
    let fault = fault_plan(fault, &mut report);
    let layout = outcome.layout();
    let mut first = None;
    for (many, unit) in readings(role, ok, target) {
        let (form, carried) = match value(&unit.value, target) {
            Ok(found) => found,
            Err(mismatches) => {
                first.get_or_insert(mismatches);
                continue;
            }
        };
        let parts = parts(&unit, key, &mut report);
        let (Some(fault), true) = (fault.clone(), report.is_empty()) else { return Err(report.into_mismatches()) };
        let prefix = match target {
            Target::Avro { prefix, .. } => prefix.into(),
            _ => Box::default(),
        };
        let plan = EncodePlan {
            many,
            value: form,
            value_at: unit.value_at,
            tombstone: unit.tombstone,
            parts: parts.into(),
            hands_on: matches!(target, Target::Relay),
            fault,
            stride: layout.size,
            payload: outcome.payload_offset(),
            align: layout.align,
            prefix,
            carried,
        };
        return Ok((plan, unit));
    }
    report.adopt(first.unwrap_or_default());
    Err(report.into_mismatches())
}

/// What `ok` may be, the likelier first; its mismatches are the ones that are told.
fn readings(role: Role, ok: &GuestType, target: Target<'_>) -> Vec<(Many, Unit)> {
    if role != Role::Transform {
        return vec![(Many::One, Unit::bare(ok))];
    }
    let schema = match target {
        Target::Avro { schema, .. } => Some(schema),
        _ => None,
    };
    let mut readings = Vec::new();
    for (many, ty) in outputs(ok) {
        for unit in Unit::readings(ty, schema) {
            let tombstones = unit.with_tombstones();
            // Between functions nothing but the envelope's own `option` can say that there is no value.
            match (target, tombstones) {
                (Target::Avro { .. }, Some(with)) => readings.extend([(many, unit), (many, with)]),
                (_, Some(with)) => readings.push((many, with)),
                (_, None) => readings.push((many, unit)),
            }
        }
    }
    readings
}

type Form = (ValueForm, Box<[Box<str>]>);

fn value(ty: &GuestType, target: Target<'_>) -> Result<Form, Vec<Mismatch>> {
    let refuse = |what: &str| {
        let mut report = Report::default();
        report.unsupported(what);
        Err(report.into_mismatches())
    };
    let emit = match target {
        Target::Avro { schema, input, passthrough, raw, .. } => {
            match schema_typed::value(ty, schema, input, passthrough) {
                Ok((emit, carried)) => return Ok((ValueForm::Emit(emit), carried)),
                Err(_) if raw && ty.is_bytes() => {
                    Emit::Rest { text: false, check: Some(Arc::new(Checker::new(schema))) }
                }
                Err(mismatches) => return Err(mismatches),
            }
        }
        Target::Bytes if ty.is_bytes() || *ty == GuestType::String => {
            Emit::Rest { text: *ty == GuestType::String, check: None }
        }
        Target::Text if *ty == GuestType::String => Emit::Rest { text: true, check: None },
        Target::Bytes => {
            return refuse(&format!(
                "the guest's type is {}; with format = \"bytes\" it must be list<u8>",
                ty.describe()
            ));
        }
        Target::Text => {
            return refuse(&format!(
                "the guest's type is {}; with format = \"string\" it must be string",
                ty.describe()
            ));
        }
        Target::Relay => match ty {
            GuestType::Own(_) => return Ok((ValueForm::Handle, Box::default())),
            ty => match relay::relay(ty) {
                Ok(emit) => emit,
                Err(what) => return refuse(&format!("{what} cannot be handed on within a value")),
            },
        },
    };
    Ok((ValueForm::Emit(emit), Box::default()))
}

fn fault_plan(fault: &GuestType, report: &mut Report) -> Option<FaultPlan> {
    let kind = |name: &str| match name {
        "reject" => Some(FaultKind::Reject),
        "retry" => Some(FaultKind::Retry),
        "halt" => Some(FaultKind::Halt),
        _ => None,
    };
    let known = match fault {
        GuestType::String => Some(FaultPlan::Text),
        GuestType::Variant(cases) => {
            let texts = cases.iter().all(|(_, payload)| *payload == Some(GuestType::String));
            let kinds: Option<Box<[FaultKind]>> = cases.iter().map(|(name, _)| kind(name)).collect();
            kinds.filter(|_| texts).map(|cases| {
                let size = discriminant_size(cases.len()) as u8;
                FaultPlan::Variant { cases, size, payload: fault.payload_offset() }
            })
        }
        _ => None,
    };
    if known.is_none() {
        let what = format!(
            "the guest's fault is {}; it must be `fault` of millstream:pipeline/types \
             (variant {{ reject(string), retry(string), halt(string) }}) or string",
            fault.describe()
        );
        report.unsupported(&what);
    }
    known
}

fn parts(unit: &Unit, key: Option<KeyTarget<'_>>, report: &mut Report) -> Vec<PartPlan> {
    let mut plans = Vec::with_capacity(unit.parts.len());
    for (part, at, ty) in &unit.parts {
        report.enter(part.as_str());
        let plan = match (part, key) {
            (Part::Key, Some(key)) => key_of_schema(key, ty, report),
            _ => plain(*part, ty, report),
        };
        report.leave();
        plans.extend(plan.map(|(option, how)| PartPlan { part: *part, at: *at, option, how }));
    }
    plans
}

fn plain(part: Part, ty: &GuestType, report: &mut Report) -> Option<(Option<usize>, How)> {
    use GuestType as T;
    let (option, inner) = ty.peeled();
    let how = match (part, inner) {
        (Part::Key, list) if list.is_bytes() => Some(How::Bytes),
        (Part::Key | Part::Topic, T::String) => Some(How::Text),
        (Part::Key | Part::Partition, T::S32) => Some(How::Integer { size: 4, signed: true }),
        (Part::Key | Part::Partition, T::U32) => Some(How::Integer { size: 4, signed: false }),
        (Part::Key | Part::Timestamp, T::S64) => Some(How::Integer { size: 8, signed: true }),
        (Part::Key | Part::Timestamp, T::U64) => Some(How::Integer { size: 8, signed: false }),
        (Part::Headers, list) => HeaderShape::of(list).map(How::Headers),
        _ => None,
    };
    if how.is_none() {
        let expected = match part {
            Part::Key => {
                "list<u8>, string, s32, u32, s64 or u64, or `key-schema` must say what it is; each may be in an option"
            }
            Part::Headers => "list<header>, with `header` of millstream:pipeline/envelope",
            Part::Topic => "string",
            Part::Partition => "s32 or u32",
            Part::Timestamp => "s64 or u64",
            Part::Offset | Part::TimestampType => {
                report.unsupported("a guest cannot set it; leave it out of what `transform` answers");
                return None;
            }
        };
        report.unsupported(&format!("the guest's type is {}; it must be {expected}", ty.describe()));
    }
    how.map(|how| (option, how))
}

/// The key by its schema; in an `option` of its own where the guest may say that there is none.
fn key_of_schema(key: KeyTarget<'_>, ty: &GuestType, report: &mut Report) -> Option<(Option<usize>, How)> {
    let emit = |ty: &GuestType| schema_typed::value(ty, key.schema, None, false).map(|(emit, _)| emit);
    let found = match emit(ty) {
        Ok(emit) => Ok((None, emit)),
        Err(mismatches) => match ty.peeled() {
            (Some(payload), inner) => emit(inner).map(|emit| (Some(payload), emit)),
            (None, _) => Err(mismatches),
        },
    };
    match found {
        Ok((option, emit)) => Some((option, How::Avro { emit, prefix: key.prefix.into() })),
        Err(mismatches) => {
            report.adopt(mismatches);
            None
        }
    }
}
