//! What travels: records copied out of the Kafka client once, many to an allocation.
//!
//! A [`Batch`] owns the bytes of all its records in one buffer, so that nothing of the client's memory is pinned
//! while a guest works, byte budgets are exact, and moving a batch to another thread moves three pointers.

mod envelope;

pub use envelope::Envelope;

/// Names one assignment of one partition to this process. A partition that leaves and comes back gets a new slot,
/// so work that belongs to an earlier assignment can never be mistaken for work of the present one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u16);

/// Follows one input record to its end: the slot and the record's number in that slot's ledger.
///
/// Packed into one word so that it can travel through the producer as an opaque value, without an allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

impl Ticket {
    /// `sequence` counts the records of one assignment; 48 bits hold 8,900 years at a million a second.
    pub fn new(slot: Slot, sequence: u64) -> Self {
        debug_assert!(sequence < 1 << 48);
        Ticket(u64::from(slot.0) << 48 | sequence & 0xffff_ffff_ffff)
    }

    /// The ticket as one word, for the producer's opaque value.
    pub fn to_word(self) -> u64 {
        self.0
    }

    /// The reverse of [`Ticket::to_word`].
    pub fn from_word(word: u64) -> Self {
        Ticket(word)
    }

    /// The assignment that the record belongs to.
    pub fn slot(self) -> Slot {
        Slot((self.0 >> 48) as u16)
    }

    /// The record's number in its slot's ledger.
    pub fn sequence(self) -> u64 {
        self.0 & 0xffff_ffff_ffff
    }
}

/// A range of a batch's bytes.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    len: u32,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    slot: Slot,
    offset: i64,
    timestamp: i64,
    log_append: bool,
    key: Option<Span>,
    value: Option<Span>,
    headers: Span,
}

/// Records in the order in which they were polled.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

/// The parts of a record that a source hands over.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// The assignment it was polled under.
    pub slot: Slot,
    /// Its offset in the partition.
    pub offset: i64,
    /// Milliseconds since the epoch, or -1 where the broker gave none.
    pub timestamp: i64,
    /// The broker gave the timestamp when it appended the record; else its producer did.
    pub log_append: bool,
    /// `None` is a record without a key, which is not the same as an empty key.
    pub key: Option<&'a [u8]>,
    /// `None` is a tombstone, which is not the same as an empty value.
    pub value: Option<&'a [u8]>,
}

/// Set in a header's length word where the header has no value (null), which is not the same as an empty one.
const NULL_VALUE: u32 = u32::MAX;

impl Batch {
    /// Appends a record; `headers` are (name, value) pairs in order, names as bytes since nothing says they are UTF-8.
    ///
    /// Answers `false` and leaves the batch as it was if the batch would pass 4 GiB.
    pub fn push<'h>(&mut self, parts: Parts<'_>, headers: impl Iterator<Item = (&'h [u8], Option<&'h [u8]>)>) -> bool {
        let start = self.bytes.len();
        let key = parts.key.map(|k| self.append(k));
        let value = parts.value.map(|v| self.append(v));
        let headers_start = self.bytes.len();
        headers.for_each(|(name, value)| put_header(&mut self.bytes, name, value));
        if self.bytes.len() > u32::MAX as usize {
            self.bytes.truncate(start);
            return false;
        }
        let headers = Span { start: headers_start as u32, len: (self.bytes.len() - headers_start) as u32 };
        self.entries.push(Entry {
            slot: parts.slot,
            offset: parts.offset,
            timestamp: parts.timestamp,
            log_append: parts.log_append,
            key,
            value,
            headers,
        });
        true
    }

    fn append(&mut self, bytes: &[u8]) -> Span {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        Span { start, len: bytes.len() as u32 }
    }

    /// Forgets all records and keeps their memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    /// Bytes that it can hold without growing.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// How many records it holds.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds no record.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of keys, values and headers: what budgets count.
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// The record at `index`, in polled order; panics past the end like a slice.
    pub fn get(&self, index: usize) -> Record<'_> {
        Record { batch: self, entry: &self.entries[index] }
    }

    /// All records in polled order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Record<'_>> {
        self.entries.iter().map(|entry| Record { batch: self, entry })
    }

    /// All records' bytes, which [`Record::value_start`] points into.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn slice(&self, span: Span) -> &[u8] {
        &self.bytes[span.start as usize..][..span.len as usize]
    }
}

/// One record of a [`Batch`].
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    batch: &'a Batch,
    entry: &'a Entry,
}

impl<'a> Record<'a> {
    /// The assignment it was polled under.
    pub fn slot(&self) -> Slot {
        self.entry.slot
    }

    /// Its offset in the partition.
    pub fn offset(&self) -> i64 {
        self.entry.offset
    }

    /// Milliseconds since the epoch, or -1 where the broker gave none.
    pub fn timestamp(&self) -> i64 {
        self.entry.timestamp
    }

    /// Whether the broker gave the timestamp when it appended the record.
    pub fn log_append(&self) -> bool {
        self.entry.log_append
    }

    /// The key's bytes; `None` where the record has no key.
    pub fn key(&self) -> Option<&'a [u8]> {
        self.entry.key.map(|span| self.batch.slice(span))
    }

    /// The value's bytes; `None` is a tombstone.
    pub fn value(&self) -> Option<&'a [u8]> {
        self.entry.value.map(|span| self.batch.slice(span))
    }

    /// Where the value starts in [`Batch::bytes`]; 0 for a tombstone.
    pub fn value_start(&self) -> u32 {
        self.entry.value.map_or(0, |span| span.start)
    }

    /// The record's headers, in order.
    pub fn headers(&self) -> Headers<'a> {
        Headers { rest: self.batch.slice(self.entry.headers) }
    }
}

/// Appends a header as [`Headers`] reads it.
fn put_header(out: &mut Vec<u8>, name: &[u8], value: Option<&[u8]>) {
    out.extend_from_slice(&(name.len() as u32).to_le_bytes());
    let length = value.map_or(NULL_VALUE, |v| v.len() as u32);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(name);
    out.extend_from_slice(value.unwrap_or_default());
}

/// Iterates over a record's headers: name bytes, and the value or `None` for null.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'a> {
    rest: &'a [u8],
}

impl Headers<'_> {
    /// No headers.
    pub const NONE: Headers<'static> = Headers { rest: &[] };

    /// Whether there is no header left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name_len, rest) = self.rest.split_first_chunk()?;
        let (value_len, rest) = rest.split_first_chunk()?;
        let (name, rest) = rest.split_at_checked(u32::from_le_bytes(*name_len) as usize)?;
        let value_len = u32::from_le_bytes(*value_len);
        let (value, rest) = match value_len {
            NULL_VALUE => (None, rest),
            len => rest.split_at_checked(len as usize).map(|(value, rest)| (Some(value), rest))?,
        };
        self.rest = rest;
        Some((name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts<'a>(key: Option<&'a [u8]>, value: Option<&'a [u8]>) -> Parts<'a> {
        Parts { slot: Slot(3), offset: 7, timestamp: 9, log_append: false, key, value }
    }

    #[test]
    fn null_and_empty_are_kept_apart() {
        let mut batch = Batch::default();
        assert!(batch.push(parts(None, Some(b"")), [(&b"a"[..], None), (b"", Some(&b""[..]))].into_iter()));
        assert!(batch.push(parts(Some(b""), None), std::iter::empty()));
        assert_eq!((batch.get(0).key(), batch.get(0).value()), (None, Some(&b""[..])));
        assert_eq!((batch.get(1).key(), batch.get(1).value()), (Some(&b""[..]), None));
        let headers: Vec<_> = batch.get(0).headers().collect();
        assert_eq!(headers, [(&b"a"[..], None), (b"", Some(&b""[..]))]);
        assert!(batch.get(1).headers().is_empty());
    }

    #[test]
    fn header_names_need_not_be_utf8() {
        let mut batch = Batch::default();
        batch.push(parts(None, None), [(&[0xff, 0x00][..], Some(&b"v"[..]))].into_iter());
        assert_eq!(batch.get(0).headers().next(), Some((&[0xff, 0x00][..], Some(&b"v"[..]))));
    }

    #[test]
    fn a_ticket_survives_the_trip_through_a_word() {
        let ticket = Ticket::new(Slot(u16::MAX), (1 << 48) - 1);
        let back = Ticket::from_word(ticket.to_word());
        assert_eq!((back.slot(), back.sequence()), (Slot(u16::MAX), (1 << 48) - 1));
    }
}
