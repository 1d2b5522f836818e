//! Runs a plan over one value in the guest's memory. Every byte of it is hostile until checked.

use std::cell::Cell;

use super::error::{Breach, Stop};
use super::generic;
use super::plan::{Emit, Part};
use crate::decode::{Carried, Checker};

const NOTHING_CARRIED: &str =
    "a field would come from the input by `passthrough`, but the record had no value (a tombstone)";

/// What the values of one call share.
#[derive(Clone, Copy)]
pub(super) struct Within<'a> {
    pub(super) memory: &'a [u8],
    pub(super) carried: &'a Carried,
    pub(super) work: &'a Cell<usize>,
}

/// One value under way.
pub(super) struct Run<'a> {
    pub(super) memory: &'a [u8],
    carried: &'a Carried,
    /// Whose carried fields.
    row: usize,
    /// Where in the output this value must have ended, and how many bytes that gives it.
    end: usize,
    pub(super) limit: usize,
    /// List items that may still come. Most take a byte of output at least, but not all of them do, and lists of lists
    /// may all lie in the same memory.
    items: Cell<usize>,
    /// As above, over all values of the call: it is work of the host, which no time limit ends.
    work: &'a Cell<usize>,
}

impl<'a> Run<'a> {
    /// A value that may take `limit` bytes from `start`.
    pub(super) fn new(call: Within<'a>, row: usize, start: usize, limit: usize) -> Self {
        let Within { memory, carried, work } = call;
        Run { memory, carried, row, end: start.saturating_add(limit), limit, items: Cell::new(limit), work }
    }

    /// Takes from what a call may cost the host.
    pub(super) fn spend(&self, work: usize) -> Result<(), Stop> {
        let left = self.work.get().checked_sub(work).ok_or(Breach::TooMuchWork)?;
        self.work.set(left);
        Ok(())
    }

    pub(super) fn emit(&self, emit: &Emit, at: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
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
            Emit::Generic(plan) => generic::emit(self, plan, at, out)?,
            Emit::Bytes => {
                let (pointer, count) = pair(at)?;
                self.put(list(self.memory, pointer, count, 1, 1)?, out)?;
            }
            Emit::Fixed(size) => self.fixed(*size, at, out)?,
            Emit::Raw(size) => out.extend_from_slice(at.get(..usize::from(*size)).ok_or(Breach::Outside)?),
            Emit::Char => {
                let code = u32::from_le_bytes(read(at)?);
                let known = char::from_u32(code).ok_or(Breach::Char(code))?;
                out.extend_from_slice(&u32::from(known).to_le_bytes());
            }
            Emit::Rest { text, check } => self.rest(*text, check.as_deref(), at, out)?,
        }
        Ok(())
    }

    fn fixed(&self, size: usize, at: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        let (pointer, count) = pair(at)?;
        let bytes = list(self.memory, pointer, count, 1, 1)?;
        if bytes.len() != size {
            return Err(Stop::invalid(format!("{} bytes for a fixed of {size}", bytes.len())));
        }
        self.room(bytes.len(), out)?;
        out.extend_from_slice(bytes);
        Ok(())
    }

    /// A value that is its bytes: no length stands before them.
    fn rest(&self, is_text: bool, check: Option<&Checker>, at: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        let (pointer, count) = pair(at)?;
        let bytes = list(self.memory, pointer, count, 1, 1)?;
        self.room(bytes.len(), out)?;
        if is_text {
            text(self.memory, at)?;
        }
        if let Some(check) = check {
            let why = |failure| format!("the guest's bytes are no Avro value of the output's schema: {failure}");
            check.check(bytes).map_err(|failure| Stop::invalid(why(failure)))?;
        }
        out.extend_from_slice(bytes);
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
                let bytes = self.carried.get(self.row, usize::from(*field));
                let bytes = bytes.ok_or_else(|| Stop::invalid(NOTHING_CARRIED.to_owned()))?;
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
            // Its size first, as for any text.
            let (pointer, count) = pair(entry)?;
            self.room(list(self.memory, pointer, count, 1, 1)?.len(), out)?;
            self.put(text(self.memory, entry)?, out)?;
            self.emit(value, entry.get(*offset..).ok_or(Breach::Outside)?, out)?;
            self.room(0, out)?;
        }
        self.end_block(out)
    }

    /// Length and bytes.
    #[inline]
    pub(super) fn put(&self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        self.room(bytes.len(), out)?;
        put_long(out, bytes.len() as i64);
        out.extend_from_slice(bytes);
        Ok(())
    }

    #[inline]
    pub(super) fn block(&self, count: u32, out: &mut Vec<u8>) -> Result<(), Stop> {
        // A list too long for the record is refused before it is walked.
        self.room(0, out)?;
        let left = self.items.get().checked_sub(count as usize).ok_or_else(|| self.too_large())?;
        self.items.set(left);
        self.spend(count as usize)?;
        if count > 0 {
            put_long(out, i64::from(count));
        }
        Ok(())
    }

    #[inline]
    pub(super) fn end_block(&self, out: &mut Vec<u8>) -> Result<(), Stop> {
        out.push(0);
        self.room(0, out)
    }

    #[inline]
    pub(super) fn room(&self, more: usize, out: &[u8]) -> Result<(), Stop> {
        if out.len() + more > self.end { Err(self.too_large()) } else { Ok(()) }
    }

    #[cold]
    fn too_large(&self) -> Stop {
        Stop::invalid(format!("the output is larger than the limit of a record ({} bytes)", self.limit))
    }
}

#[inline]
pub(super) fn read<const N: usize>(at: &[u8]) -> Result<[u8; N], Breach> {
    at.first_chunk().copied().ok_or(Breach::Outside)
}

#[inline]
pub(super) fn discriminant(at: &[u8], size: u8) -> Result<u32, Breach> {
    Ok(match size {
        1 => read::<1>(at)?[0].into(),
        2 => u16::from_le_bytes(read(at)?).into(),
        _ => u32::from_le_bytes(read(at)?),
    })
}

#[inline]
pub(super) fn pair(at: &[u8]) -> Result<(u32, u32), Breach> {
    let [a, b, c, d, e, f, g, h] = read(at)?;
    Ok((u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])))
}

/// The bytes of a guest's list: aligned, and within its memory.
#[inline]
pub(super) fn list(memory: &[u8], pointer: u32, count: u32, size: usize, align: usize) -> Result<&[u8], Breach> {
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
pub(super) fn text<'m>(memory: &'m [u8], at: &[u8]) -> Result<&'m [u8], Breach> {
    let (pointer, count) = pair(at)?;
    let bytes = list(memory, pointer, count, 1, 1)?;
    // `is_ascii` is several times faster than the full check, and most text is ASCII.
    if bytes.is_ascii() || std::str::from_utf8(bytes).is_ok() { Ok(bytes) } else { Err(Breach::Utf8) }
}

#[inline]
pub(super) fn put_long(out: &mut Vec<u8>, value: i64) {
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
