//! What a guest sets around an output.

use super::super::error::{Breach, Stop};
use super::super::plan::Emit;
use super::super::run::{Run, Within, discriminant, list, pair, text};
use crate::contract::header::HeaderShape;
use crate::contract::shape::Part;
use crate::record::Envelope;

/// Longest name of a header, in bytes: a Kafka protocol string has a signed 16-bit length, and clients rely on it.
const HEADER_NAME: usize = i16::MAX as usize;

/// One field of an output's envelope.
#[derive(Debug, Clone)]
pub(super) struct PartPlan {
    pub(super) part: Part,
    pub(super) at: usize,
    /// It is in an `option`: where the payload stands.
    pub(super) option: Option<usize>,
    pub(super) how: How,
}

/// How a part is read.
#[derive(Debug, Clone)]
pub(super) enum How {
    /// `list<u8>`
    Bytes,
    /// `string`
    Text,
    /// A little-endian integer of so many bytes.
    Integer {
        size: u8,
        signed: bool,
    },
    /// A key of a schema, and what stands before it.
    Avro {
        emit: Emit,
        prefix: Box<[u8]>,
    },
    Headers(HeaderShape),
}

/// Reads the envelope of the output at `at`, of which all parts together may take `limit` bytes. It will take about as
/// many as the one before, `likely`.
pub(super) fn read_envelope(
    parts: &[PartPlan],
    call: Within<'_>,
    at: &[u8],
    limit: usize,
    likely: usize,
) -> Result<Envelope, Stop> {
    let mut envelope = Envelope::with_room(likely);
    for plan in parts {
        let room = limit.saturating_sub(envelope.byte_len());
        plan.read(call, at, room, &mut envelope).map_err(|stop| stop.within(plan.part.as_str()))?;
    }
    Ok(envelope)
}

impl PartPlan {
    fn read(&self, call: Within<'_>, output: &[u8], room: usize, envelope: &mut Envelope) -> Result<(), Stop> {
        let mut at = output.get(self.at..).ok_or(Breach::Outside)?;
        if let Some(payload) = self.option {
            match discriminant(at, 1)? {
                0 => {
                    match self.part {
                        Part::Key => envelope.set_key(None),
                        Part::Topic => envelope.set_topic(None),
                        Part::Partition => envelope.set_partition(None),
                        Part::Timestamp => envelope.set_timestamp(None),
                        // No list of headers says nothing of them: an empty one would say that there are none.
                        Part::Headers | Part::Offset | Part::TimestampType => {}
                    }
                    return Ok(());
                }
                1 => at = at.get(payload..).ok_or(Breach::Outside)?,
                other => return Err(Breach::Discriminant(other, 2).into()),
            }
        }
        self.read_given(call, at, room, envelope)
    }

    fn read_given(&self, call: Within<'_>, at: &[u8], room: usize, envelope: &mut Envelope) -> Result<(), Stop> {
        let memory = call.memory;
        match (self.part, &self.how) {
            (Part::Key, How::Integer { size, .. }) => {
                let mut bytes = integer_bytes(at, *size)?;
                bytes.reverse();
                envelope.set_key(Some(&bytes[8 - usize::from(*size)..]));
            }
            (Part::Key, How::Avro { emit, prefix }) => {
                envelope.set_key_with(|out| {
                    out.extend_from_slice(prefix);
                    let run = Run::new(call, 0, out.len(), room);
                    run.emit(emit, at, out)
                })?;
            }
            (Part::Key, _) => envelope.set_key(Some(self.bytes(memory, at, room)?)),
            (Part::Topic, _) => {
                let topic = self.bytes(memory, at, room)?;
                let topic = std::str::from_utf8(topic).map_err(|_| Breach::Utf8)?;
                envelope.set_topic(Some(topic));
            }
            (Part::Headers, How::Headers(shape)) => headers(shape, memory, at, room, envelope)?,
            (Part::Partition, _) => {
                let number = self.integer(at)?;
                let partition = i32::try_from(number).ok().filter(|partition| *partition >= 0);
                let why = || Stop::invalid(format!("{number} is not a partition's number"));
                envelope.set_partition(Some(partition.ok_or_else(why)?));
            }
            (Part::Timestamp, _) => {
                let number = self.integer(at)?;
                let millis = i64::try_from(number).ok().filter(|millis| *millis > 0);
                let why = || Stop::invalid(format!("{number} is not a time in milliseconds since the epoch"));
                envelope.set_timestamp(Some(millis.ok_or_else(why)?));
            }
            // Refused at load.
            (Part::Offset | Part::TimestampType | Part::Headers, _) => {}
        }
        Ok(())
    }

    fn bytes<'m>(&self, memory: &'m [u8], at: &[u8], room: usize) -> Result<&'m [u8], Stop> {
        let (pointer, count) = pair(at)?;
        let bytes = list(memory, pointer, count, 1, 1)?;
        if bytes.len() > room {
            return Err(too_large(bytes.len()));
        }
        if matches!(self.how, How::Text) {
            text(memory, at)?;
        }
        Ok(bytes)
    }

    fn integer(&self, at: &[u8]) -> Result<i128, Stop> {
        let How::Integer { size, signed } = self.how else { return Err(Breach::Outside.into()) };
        let bytes = integer_bytes(at, size)?;
        let wide = u64::from_le_bytes(bytes);
        Ok(match (signed, size) {
            (true, 4) => i128::from(wide as u32 as i32),
            (true, _) => i128::from(wide as i64),
            (false, _) => i128::from(wide),
        })
    }
}

fn integer_bytes(at: &[u8], size: u8) -> Result<[u8; 8], Stop> {
    let mut bytes = [0; 8];
    let given = at.get(..usize::from(size)).ok_or(Breach::Outside)?;
    bytes[..given.len()].copy_from_slice(given);
    Ok(bytes)
}

#[cold]
fn too_large(len: usize) -> Stop {
    Stop::invalid(format!("{len} bytes are more than the limit of a record leaves"))
}

fn headers(shape: &HeaderShape, memory: &[u8], at: &[u8], room: usize, envelope: &mut Envelope) -> Result<(), Stop> {
    let (pointer, count) = pair(at)?;
    let entries = list(memory, pointer, count, shape.size, shape.align)?;
    // Even an empty header takes bytes on its way; this bounds their count as well.
    let mut left = room;
    envelope.try_set_headers(entries.chunks_exact(shape.size).map(|entry| {
        let (name, value) = header(shape, memory, entry, left)?;
        if name.len() > HEADER_NAME {
            let (name, most) = (name.len(), HEADER_NAME);
            return Err(Stop::invalid(format!("a header's name has {name} bytes, {most} are allowed")));
        }
        let size = 2 * size_of::<u32>() + name.len() + value.map_or(0, <[u8]>::len);
        left = left.checked_sub(size).ok_or_else(|| too_large(room - left + size))?;
        Ok((name, value))
    }))
}

/// A name, and a value or none.
type Header<'m> = (&'m [u8], Option<&'m [u8]>);

fn header<'m>(shape: &HeaderShape, memory: &'m [u8], entry: &[u8], room: usize) -> Result<Header<'m>, Stop> {
    let at = |offset: usize| entry.get(offset..).ok_or(Breach::Outside);
    let name = at(shape.name)?;
    // Its size first: a name that is too long is not worth looking through.
    let (_, len) = pair(name)?;
    let name = match len as usize > HEADER_NAME {
        true => {
            let (pointer, count) = pair(name)?;
            list(memory, pointer, count, 1, 1)?
        }
        false => text(memory, name)?,
    };
    let mut value = at(shape.value)?;
    if let Some(payload) = shape.option {
        match discriminant(value, 1)? {
            0 => return Ok((name, None)),
            1 => value = value.get(payload..).ok_or(Breach::Outside)?,
            other => return Err(Breach::Discriminant(other, 2).into()),
        }
    }
    let (pointer, count) = pair(value)?;
    let bytes = list(memory, pointer, count, 1, 1)?;
    if bytes.len() > room {
        return Err(too_large(bytes.len()));
    }
    if shape.text {
        text(memory, value)?;
    }
    Ok((name, Some(bytes)))
}
