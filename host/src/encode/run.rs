//! Runs a plan over what a guest answered. Every byte of the guest's memory is hostile until checked.

use super::error::{Breach, Broken, Stop};
use super::plan::{Emit, EncodePlan, FaultKind, FaultPlan, Part};
use super::{Outputs, Verdict};
use crate::decode::Carried;
use std::cell::Cell;

/// What a guest may answer at most, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct OutputLimits {
    /// For one record; a larger one is that record's own fault.
    pub record: usize,
    /// For one batch; more condemns the instance.
    pub batch: usize,
}

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

struct Run<'a> {
    memory: &'a [u8],
    carried: &'a Carried,
    record: usize,
    /// Where in the output this record must have ended, and how many bytes that gives it.
    end: usize,
    limit: usize,
    /// List items that may still come. Most take a byte of output at least, but not all of them do, and lists of lists
    /// may all lie in the same memory.
    items: Cell<usize>,
}

impl EncodePlan {
    /// Encodes the results of a guest that was given `records` records into `out`, one verdict for each of them.
    ///
    /// # Errors
    ///
    /// [`Broken`] where the guest broke the canonical ABI or the batch's limits: nothing it answered can be trusted.
    pub fn encode(
        &self,
        returned: Returned<'_>,
        records: usize,
        carried: &Carried,
        limits: OutputLimits,
        out: &mut Outputs,
    ) -> Result<(), Broken> {
        let Returned { memory, pointer, count } = returned;
        // Before anything else: results beyond the batch would be work and memory without bounds.
        if count as usize != records {
            return Err(Broken::new(Breach::Count(count, records)));
        }
        let results = list(memory, pointer, count, self.stride, self.align).map_err(Broken::new)?;
        for (record, result) in results.chunks_exact(self.stride).enumerate() {
            let start = out.bytes.len();
            if start > limits.batch {
                return Err(Broken::new(Breach::TooMuch(limits.batch)));
            }
            let verdict = match result[0] {
                0 => {
                    out.bytes.extend_from_slice(&self.prefix);
                    let (end, limit) = (start + limits.record, limits.record);
                    let run = Run { memory, carried, record, end, limit, items: Cell::new(limit) };
                    match run.emit(&self.record, &result[self.payload..], &mut out.bytes) {
                        Ok(()) => Verdict::Value(start..out.bytes.len()),
                        Err(Stop::Broken(broken)) => return Err(*broken),
                        Err(Stop::Invalid(why)) => {
                            out.bytes.truncate(start);
                            Verdict::Invalid(why.to_string())
                        }
                    }
                }
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

impl Run<'_> {
    fn emit(&self, emit: &Emit, at: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        match emit {
            Emit::Record(parts) => {
                for part in parts {
                    self.part(part, at, out)?;
                }
            }
            Emit::Text => {
                // Its size first: a text that has no room is not worth looking through.
                let (pointer, count) = pair(at)?;
                self.room(list(self.memory, pointer, count, 1, 1)?.len(), out)?;
                let text = text(self.memory, at)?;
                self.put(text, out)?;
            }
            Emit::Long => put_long(out, i64::from_le_bytes(read(at)?)),
            Emit::Int => put_long(out, i32::from_le_bytes(read(at)?).into()),
            Emit::Bool => out.push((read::<1>(at)? != [0]).into()),
            Emit::F64 => out.extend_from_slice(&read::<8>(at)?),
            Emit::F32 => out.extend_from_slice(&read::<4>(at)?),
            Emit::Enum { symbols, size } => {
                let case = discriminant(at, *size)?;
                let symbol = symbols.get(case as usize).ok_or(Breach::Discriminant(case, symbols.len()))?;
                put_long(out, i64::from(*symbol));
            }
            Emit::Option { none, some, payload, inner } => match discriminant(at, 1)? {
                0 => put_long(out, i64::from(*none)),
                1 => {
                    put_long(out, i64::from(*some));
                    self.emit(inner, at.get(*payload..).ok_or(Breach::Outside)?, out)?;
                }
                other => return Err(Breach::Discriminant(other, 2).into()),
            },
            Emit::Variant { cases, size, payload } => {
                let case = discriminant(at, *size)?;
                let (branch, inner) = cases.get(case as usize).ok_or(Breach::Discriminant(case, cases.len()))?;
                put_long(out, i64::from(*branch));
                if let Some(inner) = inner {
                    self.emit(inner, at.get(*payload..).ok_or(Breach::Outside)?, out)?;
                }
            }
            Emit::List { item, size, align } => {
                let (pointer, count) = pair(at)?;
                let items = list(self.memory, pointer, count, *size, usize::from(*align))?;
                self.block(count, out)?;
                for item_at in items.chunks_exact(*size) {
                    self.emit(item, item_at, out)?;
                    self.room(0, out)?;
                }
                self.end_block(out)?;
            }
            Emit::Map { .. } => self.map(emit, at, out)?,
            Emit::Bytes => {
                let (pointer, count) = pair(at)?;
                self.put(list(self.memory, pointer, count, 1, 1)?, out)?;
            }
            Emit::Fixed(size) => {
                let (pointer, count) = pair(at)?;
                let bytes = list(self.memory, pointer, count, 1, 1)?;
                if bytes.len() != *size {
                    return Err(Stop::invalid(format!("{} bytes for a fixed of {size}", bytes.len())));
                }
                self.room(bytes.len(), out)?;
                out.extend_from_slice(bytes);
            }
        }
        Ok(())
    }

    #[inline]
    fn part(&self, part: &Part, at: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        match part {
            Part::Guest(name, offset, emit) => {
                let at = at.get(*offset..).ok_or(Breach::Outside)?;
                self.emit(emit, at, out).map_err(|stop| stop.within(name))
            }
            Part::Constant(bytes) => {
                out.extend_from_slice(bytes);
                Ok(())
            }
            Part::Carried(field) => {
                let bytes = self.carried.get(self.record, usize::from(*field));
                self.room(bytes.len(), out)?;
                out.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    fn map(&self, emit: &Emit, at: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        let Emit::Map { value, offset, size, align } = emit else { return Ok(()) };
        let (pointer, count) = pair(at)?;
        let entries = list(self.memory, pointer, count, *size, usize::from(*align))?;
        self.block(count, out)?;
        for entry in entries.chunks_exact(*size) {
            self.put(text(self.memory, entry)?, out)?;
            self.emit(value, entry.get(*offset..).ok_or(Breach::Outside)?, out)?;
            self.room(0, out)?;
        }
        self.end_block(out)
    }

    /// Length and bytes.
    #[inline]
    fn put(&self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        self.room(bytes.len(), out)?;
        put_long(out, bytes.len() as i64);
        out.extend_from_slice(bytes);
        Ok(())
    }

    #[inline]
    fn block(&self, count: u32, out: &mut Vec<u8>) -> Result<(), Stop> {
        // A list too long for the record is refused before it is walked.
        self.room(0, out)?;
        let left = self.items.get().checked_sub(count as usize).ok_or_else(|| self.too_large())?;
        self.items.set(left);
        if count > 0 {
            put_long(out, i64::from(count));
        }
        Ok(())
    }

    #[inline]
    fn end_block(&self, out: &mut Vec<u8>) -> Result<(), Stop> {
        out.push(0);
        self.room(0, out)
    }

    #[inline]
    fn room(&self, more: usize, out: &[u8]) -> Result<(), Stop> {
        if out.len() + more > self.end { Err(self.too_large()) } else { Ok(()) }
    }

    #[cold]
    fn too_large(&self) -> Stop {
        Stop::invalid(format!("the output is larger than the limit of a record ({} bytes)", self.limit))
    }
}

#[inline]
fn read<const N: usize>(at: &[u8]) -> Result<[u8; N], Breach> {
    at.first_chunk().copied().ok_or(Breach::Outside)
}

#[inline]
fn discriminant(at: &[u8], size: u8) -> Result<u32, Breach> {
    Ok(match size {
        1 => read::<1>(at)?[0].into(),
        2 => u16::from_le_bytes(read(at)?).into(),
        _ => u32::from_le_bytes(read(at)?),
    })
}

#[inline]
fn pair(at: &[u8]) -> Result<(u32, u32), Breach> {
    let [a, b, c, d, e, f, g, h] = read(at)?;
    Ok((u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])))
}

/// The bytes of a guest's list: aligned, and within its memory.
#[inline]
fn list(memory: &[u8], pointer: u32, count: u32, size: usize, align: usize) -> Result<&[u8], Breach> {
    let start = pointer as usize;
    if !start.is_multiple_of(align) {
        return Err(Breach::Alignment(pointer, align));
    }
    let end = (count as usize).checked_mul(size).and_then(|len| start.checked_add(len));
    let bytes = end.and_then(|end| memory.get(start..end));
    bytes.ok_or(Breach::List { pointer, count, size, memory: memory.len() })
}

/// The bytes of a guest's string, which are UTF-8.
#[inline]
fn text<'m>(memory: &'m [u8], at: &[u8]) -> Result<&'m [u8], Breach> {
    let (pointer, count) = pair(at)?;
    let bytes = list(memory, pointer, count, 1, 1)?;
    // `is_ascii` is several times faster than the full check, and most text is ASCII.
    if bytes.is_ascii() || std::str::from_utf8(bytes).is_ok() { Ok(bytes) } else { Err(Breach::Utf8) }
}

#[inline]
fn put_long(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    if rest < 0x80 {
        return out.push(rest as u8);
    }
    let mut bytes = [0; 10];
    let mut len = 0;
    for byte in &mut bytes {
        len += 1;
        if rest < 0x80 {
            *byte = rest as u8;
            break;
        }
        *byte = rest as u8 | 0x80;
        rest >>= 7;
    }
    // All ten, then fewer: a copy of constant size costs less than one of the right size.
    let end = out.len() + len;
    out.extend_from_slice(&bytes);
    out.truncate(end);
}
