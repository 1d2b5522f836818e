//! Runs a plan over one value.

use super::cursor::{Base, Cursor};
use super::error::{Failure, Fault};
use super::image::{From, Image};
use super::plan::{Action, DecodePlan, Op, Payload, Step};
use super::skip::skip;

impl DecodePlan {
    /// Decodes the value at `base` of the batch's bytes as the image's next record.
    ///
    /// The value must end where `value` ends. On failure the image is as before.
    pub fn decode(&self, value: &[u8], base: u32, image: &mut Image) -> Result<(), Failure> {
        image.add(|image, at| self.put(Cursor::new(value, base), image, at))
    }

    /// Decodes all that the cursor has at an offset of the image.
    pub(super) fn put(&self, mut cursor: Cursor<'_>, image: &mut Image, at: usize) -> Result<(), Failure> {
        run(&self.root, &mut cursor, image, at)?;
        match cursor.left() {
            0 => Ok(()),
            left => Err(cursor.fail(Fault::Trailing(left))),
        }
    }
}

fn run(op: &Op, cursor: &mut Cursor<'_>, image: &mut Image, at: usize) -> Result<(), Failure> {
    match op {
        Op::Record(steps) => steps.iter().try_for_each(|step| run_step(step, cursor, image, at))?,
        Op::Text => {
            let text = cursor.string()?;
            put_bytes(text, cursor, image, at)?;
        }
        Op::Long { narrow: false } => image.put(at, cursor.long()?.to_le_bytes()),
        Op::Int => image.put(at, cursor.int()?.to_le_bytes()),
        Op::Bool => image.put(at, [cursor.boolean()?.into()]),
        Op::F64 => image.put(at, cursor.array::<8>()?),
        Op::F32 => image.put(at, cursor.array::<4>()?),
        Op::Enum { cases, size } => {
            let index = cursor.index(cases.len(), Fault::EnumIndex)?;
            match &cases[index] {
                Ok(case) => image.put_discriminant(at, *size, *case),
                Err(symbol) => return Err(cursor.fail(Fault::Symbol(symbol.clone()))),
            }
        }
        Op::Branches(branches) => {
            let index = cursor.index(branches.len(), Fault::UnionIndex)?;
            match &branches[index] {
                Ok(branch) => run(branch, cursor, image, at)?,
                Err(no) => {
                    let fault = Fault::Branch { writer: no.writer.clone(), reader: no.reader.clone() };
                    return Err(cursor.fail(fault));
                }
            }
        }
        Op::None => image.put(at, [0]),
        Op::Some { payload, inner } => {
            image.put(at, [1]);
            run(inner, cursor, image, at + payload)?;
        }
        Op::Case { case, size, payload, inner } => {
            image.put_discriminant(at, *size, *case);
            match inner {
                Payload::Value(inner) => run(inner, cursor, image, at + payload)?,
                Payload::Skip(inner) => skip(inner, cursor)?,
            }
        }
        Op::List { .. } | Op::Map { .. } => run_list(op, cursor, image, at)?,
        Op::Generic(plan) => plan.run(cursor, image, at)?,
        Op::Bytes => {
            let bytes = cursor.bytes()?;
            put_bytes(bytes, cursor, image, at)?;
        }
        Op::Fixed(size) => {
            let bytes = cursor.take(*size)?;
            put_bytes(bytes, cursor, image, at)?;
        }
        Op::Raw(size) => {
            let bytes = cursor.take(usize::from(*size))?;
            image.put_slice(at, bytes);
        }
        Op::Rest { text } => {
            let bytes = cursor.take(cursor.left())?;
            if *text && std::str::from_utf8(bytes).is_err() {
                return Err(cursor.fail(Fault::Utf8));
            }
            put_bytes(bytes, cursor, image, at)?;
        }
        Op::Long { narrow: true } | Op::IntegerToF32 { .. } | Op::IntegerToF64 { .. } | Op::F32ToF64 => {
            promote(op, cursor, image, at)?;
        }
    }
    Ok(())
}

/// The numeric promotions of the specification's schema resolution.
fn promote(op: &Op, cursor: &mut Cursor<'_>, image: &mut Image, at: usize) -> Result<(), Failure> {
    let integer = |cursor: &mut Cursor<'_>, narrow: bool| match narrow {
        true => cursor.int().map(i64::from),
        false => cursor.long(),
    };
    match op {
        Op::Long { narrow } => image.put(at, integer(cursor, *narrow)?.to_le_bytes()),
        Op::IntegerToF32 { narrow } => image.put(at, (integer(cursor, *narrow)? as f32).to_le_bytes()),
        Op::IntegerToF64 { narrow } => image.put(at, (integer(cursor, *narrow)? as f64).to_le_bytes()),
        _ => image.put(at, f64::from(f32::from_le_bytes(cursor.array()?)).to_le_bytes()),
    }
    Ok(())
}

fn run_step(step: &Step, cursor: &mut Cursor<'_>, image: &mut Image, at: usize) -> Result<(), Failure> {
    let start = cursor.position();
    let done = match &step.action {
        Action::Put(offset, op) => run(op, cursor, image, at + offset),
        Action::Skip(inner) => skip(inner, cursor),
        Action::Default(offset, bytes, op) => run(op, &mut Cursor::of_constant(bytes), image, at + offset),
        Action::CarryDefault(_) => Ok(()),
    };
    if let Err(mut failure) = done {
        failure.path.push(step.name.clone());
        return Err(failure);
    }
    if let Some(field) = step.carry {
        match &step.action {
            Action::Default(_, bytes, _) | Action::CarryDefault(bytes) => image.carry(field, bytes),
            Action::Put(..) | Action::Skip(_) => image.carry(field, cursor.between(start, cursor.position())),
        }
    }
    Ok(())
}

/// Writes a string or byte list of bytes just read.
#[inline]
fn put_bytes(bytes: &[u8], cursor: &Cursor<'_>, image: &mut Image, at: usize) -> Result<(), Failure> {
    let len = bytes.len() as u32;
    if len == 0 {
        image.put_empty(at, 1);
        return Ok(());
    }
    let (start, from) = match cursor.place_of(bytes.len()) {
        Base::Source(start) => (start, From::Source),
        Base::Image(start) => (start, From::Image(1)),
        Base::Nowhere => (image.append(bytes, cursor)?, From::Image(1)),
    };
    image.put_later(at, len, start, len, from);
    Ok(())
}

fn run_list(op: &Op, cursor: &mut Cursor<'_>, image: &mut Image, at: usize) -> Result<(), Failure> {
    // A map's key takes a byte at least.
    let (inner, least, offset, size, align) = match op {
        Op::Map { value, least, offset, size, align } => (value, least.saturating_add(1), Some(*offset), *size, *align),
        Op::List { item, least, size, align } => (item, *least, None, *size, *align),
        _ => return Ok(()),
    };
    let mut room = image.no_room();
    let mut total = 0usize;
    loop {
        let (count, bytes) = cursor.block()?;
        if count == 0 {
            break;
        }
        let start = cursor.position();
        // Memory is taken for items that can be there, not for as many as a broken count promises.
        cursor.room_for(count, least)?;
        // An item may take no byte of input (a record of defaults), so the image's limit is what bounds the count.
        let need = total.checked_add(count).and_then(|n| n.checked_mul(size));
        room = image.grow(room, need, cursor)?;
        for index in total..total + count {
            let item = room.start + index * size;
            match offset {
                None => run(inner, cursor, image, item)?,
                Some(offset) => {
                    let key = cursor.string()?;
                    put_bytes(key, cursor, image, item)?;
                    run(inner, cursor, image, item + offset)?;
                }
            }
        }
        total += count;
        cursor.check_block(start, bytes)?;
    }
    match total {
        0 => image.put_empty(at, align),
        _ => image.put_later(at, total as u32, room.start as u32, (total * size) as u32, From::Image(align)),
    }
    Ok(())
}
