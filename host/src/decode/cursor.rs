//! Reads Avro's primitive encodings from untrusted bytes.
//!
//! Encodings: <https://avro.apache.org/docs/1.12.0/specification/#binary-encoding>.

use super::error::{DecodeError, Failure, Fault};

/// A position in a record's value. Every read is checked against what is left.
#[derive(Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    base: Base,
}

/// Where bytes stand that a pointer may be set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// From here in the call's source.
    Source(u32),
    /// From here in the image.
    Image(u32),
    /// In neither: a schema's default.
    Nowhere,
}

impl<'a> Cursor<'a> {
    /// Starts at the first byte of a value that stands at `base` in its batch's bytes.
    #[inline]
    pub fn new(bytes: &'a [u8], base: u32) -> Self {
        Cursor { bytes, at: 0, base: Base::Source(base) }
    }

    /// Reads bytes that are no part of a batch: a schema's default.
    pub fn of_constant(bytes: &'a [u8]) -> Self {
        Cursor { bytes, at: 0, base: Base::Nowhere }
    }

    /// Reads bytes that stand at `start` of the image.
    pub(super) fn in_image(bytes: &'a [u8], start: u32) -> Self {
        Cursor { bytes, at: 0, base: Base::Image(start) }
    }

    /// Where the `len` bytes just read start.
    #[inline]
    pub(super) fn place_of(&self, len: usize) -> Base {
        let before = (self.at - len) as u32;
        match self.base {
            Base::Source(base) => Base::Source(base + before),
            Base::Image(base) => Base::Image(base + before),
            Base::Nowhere => Base::Nowhere,
        }
    }

    /// Bytes read so far.
    #[inline]
    pub fn position(&self) -> usize {
        self.at
    }

    /// Bytes not yet read.
    #[inline]
    pub fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// What stands between two positions already passed.
    #[inline]
    pub fn between(&self, start: usize, end: usize) -> &'a [u8] {
        &self.bytes[start..end]
    }

    /// A failure at the present position.
    #[cold]
    pub fn fail(&self, fault: Fault) -> Failure {
        Box::new(DecodeError { fault, at: self.at, path: Vec::new() })
    }

    /// The next `n` bytes.
    #[inline]
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Failure> {
        match self.bytes[self.at..].get(..n) {
            Some(taken) => {
                self.at += n;
                Ok(taken)
            }
            None => Err(self.fail(Fault::Truncated { wanted: n as u64, left: self.left() })),
        }
    }

    /// The next `N` bytes as an array.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        match self.bytes[self.at..].first_chunk::<N>() {
            Some(taken) => {
                self.at += N;
                Ok(*taken)
            }
            None => Err(self.fail(Fault::Truncated { wanted: N as u64, left: self.left() })),
        }
    }

    /// A zig-zag varint of up to 64 bits.
    #[inline]
    pub fn long(&mut self) -> Result<i64, Failure> {
        match self.bytes.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(unzigzag(u64::from(byte)))
            }
            _ => self.long_of_many(),
        }
    }

    fn long_of_many(&mut self) -> Result<i64, Failure> {
        let mut value = 0u64;
        for (index, &byte) in self.bytes[self.at..].iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                if index == 9 && byte > 1 {
                    break;
                }
                self.at += index + 1;
                return Ok(unzigzag(value));
            }
        }
        match self.left() {
            0..10 => Err(self.fail(Fault::Truncated { wanted: self.left() as u64 + 1, left: self.left() })),
            _ => Err(self.fail(Fault::Varint)),
        }
    }

    /// A zig-zag varint that must fit 32 bits.
    #[inline]
    pub fn int(&mut self) -> Result<i32, Failure> {
        let value = self.long()?;
        i32::try_from(value).map_err(|_| self.fail(Fault::IntRange(value)))
    }

    /// A byte that must be 0 or 1.
    #[inline]
    pub fn boolean(&mut self) -> Result<bool, Failure> {
        match self.array::<1>()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(self.fail(Fault::Boolean(other))),
        }
    }

    /// A length, then as many bytes.
    #[inline]
    pub fn bytes(&mut self) -> Result<&'a [u8], Failure> {
        let length = self.long()?;
        match usize::try_from(length) {
            Ok(length) if length <= self.left() => self.take(length),
            Ok(_) => Err(self.fail(Fault::Truncated { wanted: length as u64, left: self.left() })),
            Err(_) => Err(self.fail(Fault::NegativeLength(length))),
        }
    }

    /// A length, then as many bytes of UTF-8.
    #[inline]
    pub fn string(&mut self) -> Result<&'a [u8], Failure> {
        let text = self.bytes()?;
        // `is_ascii` is several times faster than the full check, and most text is ASCII.
        if text.is_ascii() || std::str::from_utf8(text).is_ok() { Ok(text) } else { Err(self.fail(Fault::Utf8)) }
    }

    /// An index below `count`; `fault` names what it indexes.
    #[inline]
    pub fn index(&mut self, count: usize, fault: fn(i64, usize) -> Fault) -> Result<usize, Failure> {
        let value = self.long()?;
        match usize::try_from(value) {
            Ok(index) if index < count => Ok(index),
            _ => Err(self.fail(fault(value, count))),
        }
    }

    /// The header of an array's or map's block: its count, and the block's size in bytes where the writer gave it.
    /// A count of zero ends the collection.
    #[inline]
    pub fn block(&mut self) -> Result<(usize, Option<usize>), Failure> {
        let count = self.long()?;
        if count >= 0 {
            return Ok((count as usize, None));
        }
        let size = self.long()?;
        let items = count.checked_neg().ok_or_else(|| self.fail(Fault::BlockCount(count)))?;
        match usize::try_from(size) {
            Ok(size) if size <= self.left() => Ok((items as usize, Some(size))),
            Ok(_) => Err(self.fail(Fault::Truncated { wanted: size as u64, left: self.left() })),
            Err(_) => Err(self.fail(Fault::NegativeLength(size))),
        }
    }

    /// Fails unless `count` items of at least so many bytes each can still come.
    #[inline]
    pub fn room_for(&self, count: usize, least: usize) -> Result<(), Failure> {
        match count.checked_mul(least) {
            Some(wanted) if wanted <= self.left() => Ok(()),
            wanted => {
                let wanted = wanted.map_or(u64::MAX, |wanted| wanted as u64);
                Err(self.fail(Fault::Truncated { wanted, left: self.left() }))
            }
        }
    }

    /// Fails if the block that began at `start` has another size than it says.
    #[inline]
    pub fn check_block(&self, start: usize, promised: Option<usize>) -> Result<(), Failure> {
        let found = self.at - start;
        match promised {
            Some(promised) if promised != found => Err(self.fail(Fault::BlockSize { promised, found })),
            _ => Ok(()),
        }
    }
}

#[inline]
fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}
