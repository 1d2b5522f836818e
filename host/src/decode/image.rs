//! The memory image of a batch: what will stand in the guest's memory, before the guest has given any memory for it.
//!
//! Records are decoded here first and copied over only when whole. A record that turns out to be broken is rolled
//! back and costs the guest nothing, and decoding needs neither a guest nor `unsafe`.

use super::cursor::Cursor;
use super::error::{Failure, Fault};
use crate::contract::generic::NODE_SIZE;

/// A pointer in the image that gets its value when the guest has given the memory it points to.
#[derive(Debug, Clone, Copy)]
pub struct Fixup {
    /// Where in the image the 32-bit pointer stands.
    pub slot: u32,
    /// Where the bytes that it points to start, in `from`.
    pub start: u32,
    /// How many bytes; 0 where the list is empty.
    pub len: u32,
    /// Whose bytes.
    pub from: From,
}

/// Where a fixup's bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The batch's own bytes (text and byte strings): copied once, from Kafka's bytes to the guest's.
    Source,
    /// The image itself, with this alignment: the items of a list.
    Image(u8),
}

/// Fields carried from input to output past the guest, as Avro bytes.
#[derive(Debug, Default)]
pub struct Carried {
    bytes: Vec<u8>,
    /// Start and end of each field's bytes, `width` for each record.
    spans: Vec<(u32, u32)>,
    width: usize,
}

impl Carried {
    /// The bytes of field `field` of row `row`, both counted from 0 in the order of the plan and the records; `None` for a
    /// record that had no value.
    pub fn get(&self, row: usize, field: usize) -> Option<&[u8]> {
        let (start, end) = *self.spans.get(row.checked_mul(self.width)?.checked_add(field)?)?;
        self.bytes.get(start as usize..end as usize)
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.spans.len().checked_div(self.width).unwrap_or(0)
    }

    /// Takes the rows of another over, behind its own. Answers `false` where they would pass 4 GiB.
    #[must_use]
    pub fn append(&mut self, other: &Carried) -> bool {
        let base = self.bytes.len();
        if base + other.bytes.len() >= UNSET.0 as usize {
            return false;
        }
        self.width = other.width;
        self.bytes.extend_from_slice(&other.bytes);
        let moved = |span: &(u32, u32)| match *span {
            UNSET => UNSET,
            (start, end) => (start + base as u32, end + base as u32),
        };
        self.spans.extend(other.spans.iter().map(moved));
        true
    }

    fn set(&mut self, record: usize, field: usize, bytes: &[u8]) {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        self.spans[record * self.width + field] = (start, self.bytes.len() as u32);
    }

    /// Empties it, for rows of `width` fields.
    pub fn clear(&mut self, width: usize) {
        self.bytes.clear();
        self.spans.clear();
        self.width = width;
    }
}

/// The span of a field that was not there to be carried.
const UNSET: (u32, u32) = (u32::MAX, u32::MAX);

/// The image of a batch under construction. Reused from batch to batch.
#[derive(Debug, Default)]
pub struct Image {
    pub(super) bytes: Vec<u8>,
    pub(super) fixups: Vec<Fixup>,
    carried: Carried,
    handles: Vec<(u32, u32)>,
    stride: usize,
    count: usize,
    limit: usize,
    pub(super) scratch: Scratch,
    /// Where the constants of plans stand that have been copied into this batch, by the plans' keys.
    constants: Vec<(u64, u32)>,
}

/// Where the fields of a generic record are put into their order.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Nodes on their way.
    pub(super) nodes: Vec<u8>,
    /// For each field of the records that are open: where in the image its nodes begin, and its first fixup.
    pub(super) fields: Vec<(usize, usize)>,
}

struct Mark {
    bytes: usize,
    fixups: usize,
    carried: usize,
    spans: usize,
    handles: usize,
}

impl Image {
    /// Empties the image and makes room for up to `capacity` records of `stride` bytes with `carried` fields each
    /// carried past the guest. A record with which the image would pass `limit` bytes fails with
    /// [`Fault::TooLarge`].
    pub fn begin(&mut self, stride: usize, capacity: usize, carried: usize, limit: usize) {
        self.bytes.clear();
        self.bytes.resize(stride * capacity, 0);
        self.fixups.clear();
        self.constants.clear();
        self.carried.clear(carried);
        self.handles.clear();
        (self.stride, self.count, self.limit) = (stride, 0, limit.min(u32::MAX as usize));
    }

    /// Adds a record by `decode`, which writes at the offset it is given. On failure the image is as before.
    #[inline]
    pub fn add<E>(&mut self, decode: impl FnOnce(&mut Image, usize) -> Result<(), E>) -> Result<(), E> {
        let mark = Mark {
            bytes: self.bytes.len(),
            fixups: self.fixups.len(),
            carried: self.carried.bytes.len(),
            spans: self.carried.spans.len(),
            handles: self.handles.len(),
        };
        self.carried.spans.resize(mark.spans + self.carried.width, UNSET);
        let at = self.stride * self.count;
        match decode(self, at) {
            Ok(()) => {
                self.count += 1;
                Ok(())
            }
            Err(failure) => {
                self.bytes.truncate(mark.bytes);
                self.fixups.truncate(mark.fixups);
                self.constants.retain(|(_, start)| (*start as usize) < mark.bytes);
                self.carried.bytes.truncate(mark.carried);
                self.carried.spans.truncate(mark.spans);
                self.handles.truncate(mark.handles);
                self.bytes[at..at + self.stride].fill(0);
                Err(failure)
            }
        }
    }

    /// Records added so far.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The records' own bytes, `count` times `stride`; their pointers are unset until the fixups are done.
    pub fn records(&self) -> &[u8] {
        &self.bytes[..self.stride * self.count]
    }

    /// Records whose value is a handle, each with the instance's number of it.
    pub fn handles(&self) -> &[(u32, u32)] {
        &self.handles
    }

    /// Pointers to set, items before the lists that hold them.
    pub fn fixups(&self) -> &[Fixup] {
        &self.fixups
    }

    /// Bytes of the image from `start`.
    #[inline]
    pub fn slice(&self, start: usize, len: usize) -> &[u8] {
        &self.bytes[start..start + len]
    }

    /// Sets the pointer of fixup `index`.
    #[inline]
    pub fn set_pointer(&mut self, index: usize, pointer: u32) {
        let slot = self.fixups[index].slot as usize;
        self.bytes[slot..slot + 4].copy_from_slice(&pointer.to_le_bytes());
    }

    /// The pointer that [`Image::set_pointer`] gave the fixup.
    #[inline]
    pub fn pointer(&self, fixup: &Fixup) -> usize {
        let mut pointer = [0; 4];
        pointer.copy_from_slice(self.slice(fixup.slot as usize, 4));
        u32::from_le_bytes(pointer) as usize
    }

    /// Hands out the carried fields of this image for others, whose memory is used again.
    pub fn swap_carried(&mut self, other: &mut Carried) {
        std::mem::swap(&mut self.carried, other);
    }

    /// Fields carried so far: those of the records of this image.
    pub fn carried(&self) -> &Carried {
        &self.carried
    }

    /// Keeps a field of the record under construction for the output.
    pub(super) fn carry(&mut self, field: u16, bytes: &[u8]) {
        self.carried.set(self.count, usize::from(field), bytes);
    }

    /// The record under construction is a handle to a value that the guest keeps.
    pub(super) fn put_handle(&mut self, handle: u32) {
        self.handles.push((self.count as u32, handle));
    }

    #[inline]
    pub(super) fn put<const N: usize>(&mut self, at: usize, value: [u8; N]) {
        self.bytes[at..at + N].copy_from_slice(&value);
    }

    #[inline]
    pub(super) fn put_slice(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Writes a discriminant of 1, 2 or 4 bytes.
    #[inline]
    pub(super) fn put_discriminant(&mut self, at: usize, size: u8, value: u32) {
        let size = usize::from(size);
        self.bytes[at..at + size].copy_from_slice(&value.to_le_bytes()[..size]);
    }

    /// Writes pointer and length of a list or string that is not empty; the pointer comes later.
    #[inline]
    pub(super) fn put_later(&mut self, at: usize, count: u32, start: u32, len: u32, from: From) {
        self.put(at + 4, count.to_le_bytes());
        self.fixups.push(Fixup { slot: at as u32, start, len, from });
    }

    /// Writes an empty list. An aligned pointer does for most guests, but some give back what is empty too, to an
    /// allocator that has to know it: so it is a fixup of no bytes.
    #[inline]
    pub(super) fn put_empty(&mut self, at: usize, align: u8) {
        self.put(at, u32::from(align).to_le_bytes());
        self.put(at + 4, 0u32.to_le_bytes());
        self.fixups.push(Fixup { slot: at as u32, start: 0, len: 0, from: From::Image(align) });
    }

    /// Room for a list's items: the old `room` where it suffices, else a new one of at least twice the size to which
    /// the old items move. `first_fixup` is the list's first fixup; pointers within moved items move with them.
    pub(super) fn grow(&mut self, room: Room, need: Option<usize>, cursor: &Cursor<'_>) -> Result<Room, Failure> {
        let too_large = || cursor.fail(Fault::TooLarge(self.limit));
        let need = need.ok_or_else(too_large)?;
        if need <= room.capacity {
            return Ok(room);
        }
        let start = self.bytes.len().next_multiple_of(8);
        let capacity = if room.capacity == 0 { need } else { need.max(2 * room.capacity) };
        let end = start.checked_add(capacity).filter(|end| *end <= self.limit).ok_or_else(too_large)?;
        self.bytes.resize(end, 0);
        self.bytes.copy_within(room.start..room.start + room.capacity, start);
        let moved = room.start..room.start + room.capacity;
        for fixup in &mut self.fixups[room.first_fixup..] {
            if moved.contains(&(fixup.slot as usize)) {
                fixup.slot = (fixup.slot as usize - room.start + start) as u32;
            }
        }
        Ok(Room { start, capacity, ..room })
    }

    /// A list's room before its first item.
    #[inline]
    pub(super) fn no_room(&self) -> Room {
        Room { start: 0, capacity: 0, first_fixup: self.fixups.len() }
    }

    /// Writes a string or byte list whose bytes are not in the call's source.
    pub(super) fn put_copy(&mut self, at: usize, bytes: &[u8]) -> Result<(), String> {
        if bytes.is_empty() {
            self.put_empty(at, 1);
            return Ok(());
        }
        let start = self.bytes.len();
        if start + bytes.len() > self.limit {
            return Err(self.full());
        }
        self.bytes.extend_from_slice(bytes);
        self.put_later(at, bytes.len() as u32, start as u32, bytes.len() as u32, From::Image(1));
        Ok(())
    }

    /// Room for a list of `len` bytes, whose items are written before [`Image::put_list`].
    pub(super) fn reserve(&mut self, len: usize) -> Result<usize, String> {
        let start = self.bytes.len().next_multiple_of(8);
        if start + len > self.limit {
            return Err(self.full());
        }
        self.bytes.resize(start + len, 0);
        Ok(start)
    }

    /// Writes pointer and length of a list whose items are in the image.
    pub(super) fn put_list(&mut self, at: usize, count: u32, start: usize, len: usize, align: u8) {
        self.put_later(at, count, start as u32, len as u32, From::Image(align));
    }

    fn full(&self) -> String {
        Fault::TooLarge(self.limit).to_string()
    }

    /// Where a plan's constants stand in the image; they are copied into it once for each batch.
    pub(super) fn constants(&mut self, key: u64, bytes: &[u8], cursor: &Cursor<'_>) -> Result<u32, Failure> {
        if let Some((_, start)) = self.constants.iter().find(|(known, _)| *known == key) {
            return Ok(*start);
        }
        let start = self.append(bytes, cursor)?;
        self.constants.push((key, start));
        Ok(start)
    }

    /// Adds a node at the end, where those of the generic record under construction are.
    #[inline]
    pub(super) fn push_node(&mut self, node: [u8; NODE_SIZE], cursor: &Cursor<'_>) -> Result<(), Failure> {
        if self.bytes.len() + NODE_SIZE > self.limit {
            return Err(cursor.fail(Fault::TooLarge(self.limit)));
        }
        self.bytes.extend_from_slice(&node);
        Ok(())
    }

    /// Puts the nodes at the end into another order. The scratch's fields from `first` on say where those of each field
    /// begin, `order` which field comes first, second, and so on.
    pub(super) fn reorder(&mut self, first: usize, order: &[usize]) {
        let Scratch { nodes, fields } = &mut self.scratch;
        let end = (self.bytes.len(), self.fixups.len());
        fields.push(end);
        let places = &fields[first..];
        let Some((start, _)) = places.first().copied() else { return };
        nodes.clear();
        nodes.extend_from_slice(&self.bytes[start..]);
        let mut to = start;
        for field in order {
            let [(from, fixup), (until, last)] = [places[*field], places[*field + 1]];
            self.bytes[to..to + until - from].copy_from_slice(&nodes[from - start..until - start]);
            for fixup in &mut self.fixups[fixup..last] {
                fixup.slot = (fixup.slot as usize - from + to) as u32;
            }
            to += until - from;
        }
        fields.truncate(first);
    }

    /// Bytes of a constant (a default), copied into the image since they are not in the batch.
    pub(super) fn append(&mut self, bytes: &[u8], cursor: &Cursor<'_>) -> Result<u32, Failure> {
        let start = self.bytes.len();
        if start + bytes.len() > self.limit {
            return Err(cursor.fail(Fault::TooLarge(self.limit)));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(start as u32)
    }
}

/// Where a list's items are built.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) start: usize,
    pub(super) capacity: usize,
    first_fixup: usize,
}
