//! What a function answers: a result for each record, with one output, none or several, each a value and what the guest
//! set around it.

mod compile;
mod envelope;

use std::cell::Cell;

pub use compile::{KeyTarget, Target, compile, compile_answer};

use super::error::{Breach, Broken, Stop};
use super::plan::Emit;
use super::run::{Run, Within, discriminant, list, pair, read};
use super::{Output, Outputs, Value, Verdict};
use crate::contract::shape::Many;
use crate::decode::Carried;
use envelope::PartPlan;

/// The plan for what a guest answers: `list<result<OUT, fault>>`.
#[derive(Debug, Clone)]
pub struct EncodePlan {
    many: Many,
    value: ValueForm,
    /// Where the value stands in an output, and where its payload stands in an `option` whose none is a tombstone.
    value_at: usize,
    tombstone: Option<usize>,
    parts: Box<[PartPlan]>,
    /// Values go to the next function, not to Kafka: its limit of a record is not theirs.
    hands_on: bool,
    fault: FaultPlan,
    /// Bytes from result to result, and where their payloads start.
    stride: usize,
    payload: usize,
    align: usize,
    /// Stands before each value: the framing, or nothing.
    prefix: Box<[u8]>,
    /// Names of the output's fields that come from the input, in the order of their numbers.
    carried: Box<[Box<str>]>,
}

/// What a value becomes.
#[derive(Debug, Clone)]
enum ValueForm {
    /// Bytes.
    Emit(Emit),
    /// It stays in the guest.
    Handle,
}

/// How the guest says no.
#[derive(Debug, Clone)]
enum FaultPlan {
    /// A plain string: reject.
    Text,
    /// The variant of `millstream:pipeline/types`: what each case means, and where its text stands.
    Variant { cases: Box<[FaultKind]>, size: u8, payload: usize },
}

/// What a guest wants to become of a record that it has no output for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// This record can never succeed.
    Reject,
    /// Try again later.
    Retry,
    /// Stop the pipeline.
    Halt,
}

/// What a guest may answer at most.
#[derive(Debug, Clone, Copy)]
pub struct OutputLimits {
    /// Bytes of one output; a larger one is that record's own fault.
    pub record: usize,
    /// Bytes of one call; more condemns the instance.
    pub batch: usize,
    /// Outputs of one record; more are that record's own fault.
    pub outputs: usize,
}

/// List items and nodes that a call may make the host look at, for each byte that it may answer.
const WORK_PER_BYTE: usize = 4;
/// Envelopes are given room in such steps of bytes, and no more than so much before it is known what they hold.
const ENVELOPE_STEP: usize = 32;
const LIKELY: usize = 1024;

/// Longest text of a fault that is kept.
const FAULT_TEXT: usize = 4096;

/// A guest's list of results, as it returned it.
#[derive(Debug, Clone, Copy)]
pub struct Returned<'a> {
    /// All of the guest's memory.
    pub memory: &'a [u8],
    /// Where the list starts.
    pub pointer: u32,
    /// How many results.
    pub count: u32,
}

/// Fields that went past the guest, and whose they are.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The fields.
    pub carried: &'a Carried,
    /// For each record of the call its row among them; empty where they are the same.
    pub rows: &'a [u32],
}

impl EncodePlan {
    /// Names of the fields that must be carried from the input past the guest.
    pub fn carried(&self) -> &[Box<str>] {
        &self.carried
    }

    /// Appends the results of a guest that was given `records` records to `out`: a verdict for each of them, and their
    /// outputs.
    ///
    /// # Errors
    ///
    /// [`Broken`] where the guest broke the canonical ABI or the call's limits: nothing it answered can be trusted.
    pub fn encode(
        &self,
        returned: Returned<'_>,
        records: usize,
        rows: Rows<'_>,
        limits: OutputLimits,
        out: &mut Outputs,
    ) -> Result<(), Broken> {
        let Returned { memory, pointer, count } = returned;
        // Before anything else: results beyond the batch would be work and memory without bounds.
        if count as usize != records {
            return Err(Broken::new(Breach::Count(count, records)));
        }
        let results = list(memory, pointer, count, self.stride, self.align).map_err(Broken::new)?;
        let work = Cell::new(limits.batch.saturating_mul(WORK_PER_BYTE));
        let within = Within { memory, carried: rows.carried, work: &work };
        let mut call =
            Call { plan: self, within, rows: rows.rows, limits, start: out.bytes.len(), around: 0, likely: 0 };
        for (record, result) in results.chunks_exact(self.stride).enumerate() {
            let verdict = match result[0] {
                0 => call.outputs(record, &result[self.payload..], out)?,
                1 => self.fault(memory, &result[self.payload..]).map_err(Broken::new)?,
                other => return Err(Broken::new(Breach::Discriminant(other.into(), 2))),
            };
            out.verdicts.push(verdict);
        }
        Ok(())
    }

    fn fault(&self, memory: &[u8], at: &[u8]) -> Result<Verdict, Breach> {
        let (kind, payload) = match &self.fault {
            FaultPlan::Text => (FaultKind::Reject, 0),
            FaultPlan::Variant { cases, size, payload } => {
                let case = discriminant(at, *size)?;
                let kind = cases.get(case as usize).ok_or(Breach::Discriminant(case, cases.len()))?;
                (*kind, *payload)
            }
        };
        let (pointer, count) = pair(at.get(payload..).ok_or(Breach::Outside)?)?;
        let text = list(memory, pointer, count, 1, 1)?;
        let text = match text.get(..FAULT_TEXT) {
            // Only what is kept is looked at: a guest may give the same long text for every record.
            Some(kept) => kept.utf8_chunks().next().map_or("", |chunk| chunk.valid()),
            None => std::str::from_utf8(text).map_err(|_| Breach::Utf8)?,
        };
        Ok(Verdict::Fault(kind, text.to_owned()))
    }
}

/// One call's answer under way.
struct Call<'a> {
    plan: &'a EncodePlan,
    within: Within<'a>,
    rows: &'a [u32],
    limits: OutputLimits,
    /// Where the call's bytes start.
    start: usize,
    /// Bytes of all envelopes so far, and room for the next one.
    around: usize,
    likely: usize,
}

impl Call<'_> {
    /// The outputs of one record: all of them, or none and why not.
    fn outputs(&mut self, record: usize, at: &[u8], out: &mut Outputs) -> Result<Verdict, Broken> {
        let (bytes, values, around) = (out.bytes.len(), out.values.len(), self.around);
        let handles = out.handles.len();
        let row = self.rows.get(record).map_or(record, |row| *row as usize);
        match self.each(row, at, out) {
            Ok(count) => Ok(Verdict::Outputs(count)),
            Err(Stop::Broken(broken)) => Err(*broken),
            Err(Stop::Invalid(why)) => {
                out.bytes.truncate(bytes);
                out.values.truncate(values);
                out.handles.truncate(handles);
                // They are the host's now, and are given back with all others.
                self.each_handle(at, &mut out.handles).map_err(Broken::new)?;
                self.around = around;
                Ok(Verdict::Invalid(why.to_string()))
            }
        }
    }

    #[inline]
    fn each(&mut self, row: usize, at: &[u8], out: &mut Outputs) -> Result<u32, Stop> {
        match self.plan.many {
            Many::One => self.one(row, at, out).map(|()| 1),
            Many::Option { payload } => match discriminant(at, 1)? {
                0 => Ok(0),
                1 => self.one(row, at.get(payload..).ok_or(Breach::Outside)?, out).map(|()| 1),
                other => Err(Breach::Discriminant(other, 2).into()),
            },
            Many::List { size, align } => {
                let (pointer, count) = pair(at)?;
                let limit = self.limits.outputs;
                if count as usize > limit {
                    let why = format!("{count} outputs for one record, `limits.outputs` allows {limit}");
                    return Err(Stop::invalid(why));
                }
                let outputs = list(self.within.memory, pointer, count, size, align)?;
                for output in outputs.chunks_exact(size) {
                    self.one(row, output, out)?;
                }
                Ok(count)
            }
        }
    }

    /// All handles of a record's outputs.
    fn each_handle(&self, at: &[u8], handles: &mut Vec<u32>) -> Result<(), Breach> {
        if !matches!(self.plan.value, ValueForm::Handle) {
            return Ok(());
        }
        let outputs = match self.plan.many {
            Many::One => vec![at],
            Many::Option { payload } => vec![at.get(payload..).ok_or(Breach::Outside)?],
            Many::List { size, align } => {
                let (pointer, count) = pair(at)?;
                list(self.within.memory, pointer, count, size, align)?.chunks_exact(size).collect()
            }
        };
        for output in outputs {
            let value = output.get(self.plan.value_at..).ok_or(Breach::Outside)?;
            let value = match self.plan.tombstone {
                None => value,
                Some(payload) if value.first() == Some(&1) => value.get(payload..).ok_or(Breach::Outside)?,
                Some(_) => continue,
            };
            handles.push(u32::from_le_bytes(read(value)?));
        }
        Ok(())
    }

    #[inline]
    fn one(&mut self, row: usize, at: &[u8], out: &mut Outputs) -> Result<(), Stop> {
        let plan = self.plan;
        let start = out.bytes.len();
        if start - self.start + self.around > self.limits.batch {
            return Err(Breach::TooMuch(self.limits.batch).into());
        }
        let value = at.get(plan.value_at..).ok_or(Breach::Outside)?;
        let value = match plan.tombstone {
            None => Some(value),
            Some(payload) => match discriminant(value, 1)? {
                0 => None,
                1 => Some(value.get(payload..).ok_or(Breach::Outside)?),
                other => return Err(Stop::from(Breach::Discriminant(other, 2)).within("value")),
            },
        };
        let limit = if plan.hands_on { self.limits.batch } else { self.limits.record };
        let run = Run::new(self.within, row, start, limit);
        let value = match (value, &plan.value) {
            (None, _) => Value::Tombstone,
            (Some(at), ValueForm::Emit(emit)) => {
                out.bytes.extend_from_slice(&plan.prefix);
                run.emit(emit, at, &mut out.bytes)?;
                Value::Bytes(start..out.bytes.len())
            }
            (Some(at), ValueForm::Handle) => {
                out.handles.push(u32::from_le_bytes(read(at)?));
                Value::Handle(out.first_handle.wrapping_add(out.handles.len() as u32 - 1))
            }
        };
        let envelope = match plan.parts.is_empty() {
            true => None,
            false => {
                let likely = self.likely.next_multiple_of(ENVELOPE_STEP);
                let envelope = envelope::read_envelope(&plan.parts, self.within, at, self.limits.record, likely)?;
                self.likely = envelope.byte_len().min(LIKELY);
                self.around += envelope.byte_len();
                Some(Box::new(envelope))
            }
        };
        out.values.push(Output { value, envelope });
        Ok(())
    }
}
