//! Avro binary to JSON. The bytes may be anything: every length, count and index is checked against what is there.

use serde_json::{Map, Number, Value};

use super::{JsonError, MAX_DEPTH, Problem, only_branch, tag};
use crate::schema::{Kind, Schema, TypeId};

/// Items without bytes cost nothing to claim, so their number is bounded by itself.
const MAX_WEIGHTLESS: usize = 65_536;

type Decoded<T> = Result<T, JsonError>;

/// Reads one value of the schema's root type from the front of `bytes`, which is left behind it.
pub fn decode_json(schema: &Schema, bytes: &mut &[u8]) -> Result<Value, JsonError> {
    let mut decoder = Decoder { schema, bytes, weightless: MAX_WEIGHTLESS };
    let value = decoder.any(schema.root(), 0)?;
    *bytes = decoder.bytes;
    Ok(value)
}

struct Decoder<'s, 'a> {
    schema: &'s Schema,
    bytes: &'a [u8],
    weightless: usize,
}

impl<'a> Decoder<'_, 'a> {
    fn any(&mut self, id: TypeId, depth: usize) -> Decoded<Value> {
        if depth >= MAX_DEPTH {
            return Err(JsonError::new(Problem::TooDeep));
        }
        let schema = self.schema;
        Ok(match schema.kind(id) {
            Kind::Null => Value::Null,
            Kind::Boolean => match self.take(1, "boolean")? {
                [0] => Value::Bool(false),
                [1] => Value::Bool(true),
                other => return corrupt(format!("a boolean is 0 or 1, not {other:?}")),
            },
            Kind::Int => {
                let n = self.long("int")?;
                match i32::try_from(n) {
                    Ok(n) => Value::from(n),
                    Err(_) => return corrupt(format!("{n} does not fit an int")),
                }
            }
            Kind::Long => Value::from(self.long("long")?),
            Kind::Float => float(widened(f32::from_le_bytes(self.array("float")?))),
            Kind::Double => float(f64::from_le_bytes(self.array("double")?)),
            Kind::Bytes => Value::String(latin1(self.sized("bytes")?)),
            Kind::String => Value::String(self.text()?),
            Kind::Fixed(fixed) => Value::String(latin1(self.take(fixed.size, &fixed.name.0)?)),
            Kind::Enum(symbols) => {
                let index = self.long("enum")?;
                match usize::try_from(index).ok().and_then(|index| symbols.symbols.get(index)) {
                    Some(symbol) => Value::String(symbol.clone()),
                    None => {
                        return corrupt(format!(
                            "{index} is no symbol of enum {}, which has {}",
                            symbols.name.0,
                            symbols.symbols.len()
                        ));
                    }
                }
            }
            Kind::Array(item) => self.items(*item, depth)?,
            Kind::Map(value) => self.entries(*value, depth)?,
            Kind::Union(branches) => self.union(id, branches, depth)?,
            Kind::Record(record) => {
                let mut fields = Map::new();
                for field in &record.fields {
                    let value = self.any(field.ty, depth + 1).map_err(|error| error.under(&field.name))?;
                    fields.insert(field.name.clone(), value);
                }
                Value::Object(fields)
            }
        })
    }

    fn union(&mut self, id: TypeId, branches: &[TypeId], depth: usize) -> Decoded<Value> {
        let index = self.long("union")?;
        let Some(branch) = usize::try_from(index).ok().and_then(|index| branches.get(index)) else {
            return corrupt(format!("{index} is no branch of union {}", self.schema.describe(id)));
        };
        let value = self.any(*branch, depth + 1)?;
        let plain = value.is_null() || only_branch(self.schema, branches).is_some();
        let tag = tag(self.schema, *branch);
        // An object that would itself be read as `{"type": value}` is told apart by its tag.
        let mistakable = value.as_object().is_some_and(|object| object.len() == 1);
        if plain && !mistakable {
            return Ok(value);
        }
        Ok(Value::Object(Map::from_iter([(tag.to_string(), value)])))
    }

    fn items(&mut self, item: TypeId, depth: usize) -> Decoded<Value> {
        let mut items = Vec::new();
        loop {
            let count = self.block()?;
            if count == 0 {
                return Ok(Value::Array(items));
            }
            for _ in 0..count {
                let before = self.bytes.len();
                let value = self.any(item, depth + 1).map_err(|error| error.under(&format!("[{}]", items.len())))?;
                items.push(value);
                if self.bytes.len() == before {
                    let left = self.weightless.checked_sub(1);
                    self.weightless = left.ok_or_else(|| JsonError::new(Problem::TooLarge))?;
                }
            }
        }
    }

    fn entries(&mut self, ty: TypeId, depth: usize) -> Decoded<Value> {
        let mut entries = Map::new();
        loop {
            let count = self.block()?;
            if count == 0 {
                return Ok(Value::Object(entries));
            }
            for _ in 0..count {
                let key = self.text()?;
                let value = self.any(ty, depth + 1).map_err(|error| error.under(&key))?;
                entries.insert(key, value);
            }
        }
    }

    /// How many items the next block holds. A negative count is followed by the block's size, which readers may ignore.
    fn block(&mut self) -> Decoded<u64> {
        let count = self.long("the count of a block")?;
        if count < 0 {
            let size = self.long("the size of a block")?;
            if usize::try_from(size).is_ok_and(|size| size <= self.bytes.len()) {
                return Ok(count.unsigned_abs());
            }
            return corrupt(format!("a block claims {size} bytes, {} are left", self.bytes.len()));
        }
        Ok(count.unsigned_abs())
    }

    fn take(&mut self, count: usize, expected: &str) -> Decoded<&'a [u8]> {
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

    fn array<const N: usize>(&mut self, expected: &str) -> Decoded<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, expected)?);
        Ok(array)
    }

    fn sized(&mut self, expected: &str) -> Decoded<&'a [u8]> {
        let length = self.long("a length")?;
        match usize::try_from(length) {
            Ok(length) => self.take(length, expected),
            Err(_) => corrupt(format!("{length} is no length of {expected}")),
        }
    }

    fn text(&mut self) -> Decoded<String> {
        let bytes = self.sized("string")?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_string()),
            Err(error) => corrupt(format!("a string is not UTF-8 at its byte {}", error.valid_up_to())),
        }
    }

    fn long(&mut self, expected: &str) -> Decoded<i64> {
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

fn corrupt<T>(message: String) -> Decoded<T> {
    Err(JsonError::new(Problem::Corrupt(message)))
}

/// The double that is written with the float's few digits, not the one that is equal to it.
fn widened(n: f32) -> f64 {
    n.to_string().parse().unwrap_or(f64::from(n))
}

fn float(n: f64) -> Value {
    match Number::from_f64(n) {
        Some(number) => Value::Number(number),
        None if n.is_nan() => Value::String("NaN".into()),
        None => Value::String(if n > 0.0 { "Infinity" } else { "-Infinity" }.into()),
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
