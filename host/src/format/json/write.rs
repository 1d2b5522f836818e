//! Avro bytes to JSON text, without a value in between. The bytes may be anything: every length, count and index is
//! checked against what is there.

use std::sync::Arc;

use serde::Serialize;

use super::plan::{Names, Node, Plan, Record, Union};
use super::{JsonError, MAX_GROWTH, Problem};
use crate::schema::json::MAX_DEPTH;
use crate::schema::{Schema, TypeId};

/// Values without bytes cost nothing to claim, so their number is bounded by itself.
const MAX_WEIGHTLESS: usize = 1_000_000;

/// How the value of a union is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// The value itself. Where several branches look alike in JSON, readers cannot tell which it was.
    #[default]
    Plain,
    /// As Avro specifies JSON: `{"type": value}`, or null.
    Avro,
}

/// How JSON is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteOptions {
    /// How the value of a union is written.
    pub encoding: Encoding,
    /// Whether a record's fields are written that are null. Avro's encoding always writes them.
    pub include_nulls: bool,
    /// On several lines, indented by two spaces.
    pub pretty: bool,
}

impl Default for WriteOptions {
    fn default() -> Self {
        WriteOptions { encoding: Encoding::Plain, include_nulls: true, pretty: false }
    }
}

/// Makes JSON texts of Avro bytes. The same bytes make the same text; entries of maps keep their order.
#[derive(Debug, Clone)]
pub struct Writer {
    plan: Arc<Plan>,
    options: WriteOptions,
    /// Bytes of one text.
    most: usize,
}

impl Writer {
    /// Prepares for values of the schema's root type.
    pub fn new(schema: Arc<Schema>, options: WriteOptions) -> Self {
        Writer { plan: Arc::new(Plan::new(schema)), options, most: usize::MAX }
    }

    /// Texts of more than so many bytes are refused.
    pub fn at_most(mut self, bytes: usize) -> Self {
        self.most = bytes;
        self
    }

    /// Appends the JSON of the one value in `avro` to `out`. After an error, `out` is as it was.
    pub fn write(&mut self, avro: &[u8], out: &mut Vec<u8>) -> Result<(), JsonError> {
        let before = out.len();
        let options = self.options;
        let include_nulls = options.include_nulls || options.encoding == Encoding::Avro;
        let options = WriteOptions { include_nulls, ..options };
        let grown = avro.len().saturating_mul(MOST_PER_BYTE).saturating_add(MAX_GROWTH);
        let most = before.saturating_add(grown.min(self.most));
        let mut run = Run { plan: &self.plan, options, bytes: avro, out, most, weightless: MAX_WEIGHTLESS, indent: 0 };
        let written = run.any(self.plan.schema.root(), 0).and_then(|_| match run.bytes.len() {
            0 => Ok(()),
            left => corrupt(format!("{left} bytes are left behind the value")),
        });
        written.inspect_err(|_| out.truncate(before))
    }
}

/// An escaped control character: what a byte of text can become.
const MOST_PER_BYTE: usize = 6;

type Written<T> = Result<T, JsonError>;

/// What a value was, as far as its place must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Was {
    Null,
    Something,
}

struct Run<'s, 'a> {
    plan: &'s Plan,
    options: WriteOptions,
    bytes: &'a [u8],
    out: &'a mut Vec<u8>,
    /// How long `out` may become.
    most: usize,
    weightless: usize,
    indent: usize,
}

impl<'s, 'a> Run<'s, 'a> {
    fn any(&mut self, id: TypeId, depth: usize) -> Written<Was> {
        if depth >= MAX_DEPTH {
            return Err(JsonError::new(Problem::TooDeep));
        }
        match self.plan.node(id) {
            Node::Null => {
                self.out.extend_from_slice(b"null");
                return Ok(Was::Null);
            }
            Node::Boolean => match self.take(1, "boolean")? {
                [0] => self.out.extend_from_slice(b"false"),
                [1] => self.out.extend_from_slice(b"true"),
                other => return corrupt(format!("a boolean is 0 or 1, not {other:?}")),
            },
            Node::Int => match self.long("int")? {
                n if i32::try_from(n).is_err() => return corrupt(format!("{n} does not fit an int")),
                n => self.json(&n)?,
            },
            Node::Long => {
                let n = self.long("long")?;
                self.json(&n)?;
            }
            Node::Float => match f32::from_le_bytes(self.array("float")?) {
                n if n.is_finite() => self.json(&n)?,
                n => self.special(n.is_nan(), n > 0.0),
            },
            Node::Double => match f64::from_le_bytes(self.array("double")?) {
                n if n.is_finite() => self.json(&n)?,
                n => self.special(n.is_nan(), n > 0.0),
            },
            Node::Bytes => {
                let bytes = self.sized("bytes")?;
                self.latin1(bytes);
            }
            Node::String => {
                let bytes = self.sized("string")?;
                self.string(bytes)?;
            }
            Node::Fixed(size) => {
                let bytes = self.take(*size, "fixed")?;
                self.latin1(bytes);
            }
            Node::Enum(symbols) => self.symbol(id, symbols)?,
            Node::Array(item) => self.items(*item, depth)?,
            Node::Map(value) => self.entries(*value, depth)?,
            Node::Union(union) => return self.union(id, union, depth),
            Node::Record(record) => self.record(record, depth)?,
        }
        Ok(Was::Something)
    }

    /// A string. Most have nothing to be escaped, and then their bytes are all that there is to write.
    fn string(&mut self, bytes: &[u8]) -> Written<()> {
        let plain = |byte: &u8| matches!(byte, 0x20..0x80) & (*byte != b'"') & (*byte != b'\\');
        // Without a way out early, which would keep the compiler from looking at many bytes at once.
        if bytes.iter().fold(true, |all, byte| all & plain(byte)) {
            self.out.push(b'"');
            self.out.extend_from_slice(bytes);
            self.out.push(b'"');
            return Ok(());
        }
        self.json(utf8(bytes)?)
    }

    /// A string or a number, as the JSON library writes it.
    fn json<T: Serialize + ?Sized>(&mut self, value: &T) -> Written<()> {
        let written = serde_json::to_writer(&mut *self.out, value);
        written.map_err(|error| JsonError::new(Problem::Corrupt(error.to_string())))
    }

    fn special(&mut self, nan: bool, positive: bool) {
        let text = match (nan, positive) {
            (true, _) => "\"NaN\"",
            (_, true) => "\"Infinity\"",
            _ => "\"-Infinity\"",
        };
        self.out.extend_from_slice(text.as_bytes());
    }

    fn latin1(&mut self, bytes: &[u8]) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        self.out.push(b'"');
        for byte in bytes {
            match byte {
                b'"' | b'\\' => self.out.extend_from_slice(&[b'\\', *byte]),
                0x08 => self.out.extend_from_slice(b"\\b"),
                0x09 => self.out.extend_from_slice(b"\\t"),
                0x0A => self.out.extend_from_slice(b"\\n"),
                0x0C => self.out.extend_from_slice(b"\\f"),
                0x0D => self.out.extend_from_slice(b"\\r"),
                0x00..0x20 => {
                    let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
                    self.out.extend_from_slice(b"\\u00");
                    self.out.extend_from_slice(&digits);
                }
                0x20..0x80 => self.out.push(*byte),
                _ => self.out.extend_from_slice(&[0xC0 | byte >> 6, 0x80 | byte & 0x3F]),
            }
        }
        self.out.push(b'"');
    }

    fn symbol(&mut self, id: TypeId, symbols: &Names) -> Written<()> {
        let index = self.long("enum")?;
        match usize::try_from(index).ok().and_then(|index| symbols.get(index)) {
            Some(symbol) => {
                self.name(symbol);
                Ok(())
            }
            None => {
                let name = self.plan.schema.describe(id);
                corrupt(format!("{index} is no symbol of {name}, which has {}", symbols.len()))
            }
        }
    }

    /// A name of Avro's, which has nothing to be escaped.
    fn name(&mut self, name: &str) {
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'"');
    }

    fn union(&mut self, id: TypeId, union: &Union, depth: usize) -> Written<Was> {
        let index = self.long("union")?;
        let branch = usize::try_from(index).ok().and_then(|i| union.branches.get(i).zip(union.tags.get(i)));
        let Some((branch, tag)) = branch else {
            return corrupt(format!("{index} is no branch of union {}", self.plan.schema.describe(id)));
        };
        if self.options.encoding == Encoding::Plain || matches!(self.plan.node(*branch), Node::Null) {
            return self.any(*branch, depth + 1);
        }
        self.open(b'{');
        self.next(true);
        self.key(tag);
        self.any(*branch, depth + 1)?;
        self.close(b'}', false);
        Ok(Was::Something)
    }

    fn record(&mut self, record: &'s Record, depth: usize) -> Written<()> {
        self.open(b'{');
        let mut first = true;
        for (place, field) in record.fields.iter().enumerate() {
            let name = record.names.get(place).unwrap_or_default();
            let (before, left) = (self.out.len(), self.bytes.len());
            self.next(first);
            self.key(name);
            let was = self.any(field.ty, depth + 1).map_err(|error| error.under(name))?;
            self.charge(left)?;
            if was == Was::Null && !self.options.include_nulls {
                self.out.truncate(before);
            } else {
                first = false;
            }
        }
        self.close(b'}', first);
        Ok(())
    }

    fn items(&mut self, item: TypeId, depth: usize) -> Written<()> {
        self.open(b'[');
        let mut index = 0usize;
        loop {
            let count = self.block()?;
            if count == 0 {
                self.close(b']', index == 0);
                return Ok(());
            }
            for _ in 0..count {
                let left = self.bytes.len();
                self.next(index == 0);
                self.any(item, depth + 1).map_err(|error| error.under(&format!("[{index}]")))?;
                self.charge(left)?;
                index += 1;
            }
        }
    }

    fn entries(&mut self, ty: TypeId, depth: usize) -> Written<()> {
        self.open(b'{');
        let mut first = true;
        loop {
            let count = self.block()?;
            if count == 0 {
                self.close(b'}', first);
                return Ok(());
            }
            for _ in 0..count {
                let left = self.bytes.len();
                let key = self.text()?;
                self.next(first);
                self.json(key)?;
                self.colon();
                self.any(ty, depth + 1).map_err(|error| error.under(key))?;
                self.charge(left)?;
                first = false;
            }
        }
    }

    fn open(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.indent += 1;
    }

    fn close(&mut self, bracket: u8, empty: bool) {
        self.indent -= 1;
        if !empty {
            self.line();
        }
        self.out.push(bracket);
    }

    /// What stands in front of an item, an entry or a field.
    fn next(&mut self, first: bool) {
        if !first {
            self.out.push(b',');
        }
        self.line();
    }

    fn line(&mut self) {
        if self.options.pretty {
            self.out.push(b'\n');
            self.out.resize(self.out.len() + 2 * self.indent, b' ');
        }
    }

    fn key(&mut self, name: &str) {
        self.name(name);
        self.colon();
    }

    fn colon(&mut self) {
        self.out.extend_from_slice(if self.options.pretty { b": " } else { b":" });
    }

    /// Bounds what few bytes can become; `left` is how many there were before the value just written.
    fn charge(&mut self, left: usize) -> Written<()> {
        if self.bytes.len() == left {
            self.weightless = match self.weightless.checked_sub(1) {
                Some(weightless) => weightless,
                None => return Err(JsonError::new(Problem::TooLarge)),
            };
        }
        if self.out.len() > self.most { Err(JsonError::new(Problem::TooLarge)) } else { Ok(()) }
    }

    /// How many items the next block holds. A negative count is followed by the block's size, which readers may ignore.
    fn block(&mut self) -> Written<u64> {
        let count = self.long("the count of a block")?;
        if count < 0 {
            let size = self.long("the size of a block")?;
            if !usize::try_from(size).is_ok_and(|size| size <= self.bytes.len()) {
                return corrupt(format!("a block claims {size} bytes, {} are left", self.bytes.len()));
            }
        }
        Ok(count.unsigned_abs())
    }

    fn take(&mut self, count: usize, expected: &str) -> Written<&'a [u8]> {
        match self.bytes.split_at_checked(count) {
            Some((taken, rest)) => {
                self.bytes = rest;
                Ok(taken)
            }
            None => Err(JsonError::new(Problem::Truncated {
                expected: format!("{count} bytes of {expected}"),
                left: self.bytes.len(),
            })),
        }
    }

    fn array<const N: usize>(&mut self, expected: &str) -> Written<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, expected)?);
        Ok(array)
    }

    fn sized(&mut self, expected: &str) -> Written<&'a [u8]> {
        let length = self.long("a length")?;
        match usize::try_from(length) {
            Ok(length) => self.take(length, expected),
            Err(_) => corrupt(format!("{length} is no length of {expected}")),
        }
    }

    fn text(&mut self) -> Written<&'a str> {
        utf8(self.sized("string")?)
    }

    fn long(&mut self, expected: &str) -> Written<i64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let Some((byte, rest)) = self.bytes.split_first() else {
                return Err(JsonError::new(Problem::Truncated { expected: expected.to_string(), left: 0 }));
            };
            self.bytes = rest;
            // The tenth byte has room for one bit.
            if shift == 63 && *byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        corrupt("a number is longer than 64 bits".into())
    }
}

fn utf8(bytes: &[u8]) -> Written<&str> {
    std::str::from_utf8(bytes)
        .or_else(|error| corrupt(format!("a string is not UTF-8 at its byte {}", error.valid_up_to())))
}

fn corrupt<T>(message: String) -> Written<T> {
    Err(JsonError::new(Problem::Corrupt(message)))
}
