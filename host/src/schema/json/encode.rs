//! JSON to Avro binary.

use serde_json::Value;

use super::{JsonError, MAX_DEPTH, Problem, only_branch, tag};
use crate::schema::{Kind, Record, Schema, TypeId};

/// Unions are tried branch by branch and defaults nest, so work is bounded and not only depth.
const MAX_STEPS: usize = 10_000_000;
/// The same for defaults, which come with every schema, wanted or not.
const MAX_DEFAULT_STEPS: usize = 1_000_000;

type Encoded = Result<(), JsonError>;

/// Appends `value`, as plain JSON, to `out` in Avro binary under the schema's root type.
///
/// A missing field takes its default; a key the record does not have is an error. After an error, `out` is as it was.
pub fn encode_json(schema: &Schema, value: &Value, out: &mut Vec<u8>) -> Result<(), JsonError> {
    let mut encoder = Encoder { schema, plain: true, steps: MAX_STEPS };
    encoder.restoring(out, |encoder, out| encoder.any(schema.root(), value, 0, out))
}

/// The Avro binary of a field's default, by the rules for defaults: a union's is of its first branch, or, as newer
/// editions of the specification allow, of any.
pub fn encode_default(schema: &Schema, ty: TypeId, default: &Value) -> Result<Vec<u8>, JsonError> {
    let mut out = Vec::new();
    Encoder { schema, plain: false, steps: MAX_DEFAULT_STEPS }.any(ty, default, 0, &mut out)?;
    Ok(out)
}

/// Tries the defaults of a whole schema under one bound for all of them.
pub(in crate::schema) struct DefaultCheck<'a> {
    encoder: Encoder<'a>,
    scratch: Vec<u8>,
}

impl<'a> DefaultCheck<'a> {
    pub fn new(schema: &'a Schema) -> Self {
        Self { encoder: Encoder { schema, plain: false, steps: MAX_DEFAULT_STEPS }, scratch: Vec::new() }
    }

    pub fn default(&mut self, ty: TypeId, default: &Value) -> Result<(), JsonError> {
        self.scratch.clear();
        self.encoder.any(ty, default, 0, &mut self.scratch)
    }
}

struct Encoder<'a> {
    schema: &'a Schema,
    /// Plain JSON; otherwise a default, which knows no tags and ignores keys it does not need.
    plain: bool,
    steps: usize,
}

impl<'a> Encoder<'a> {
    fn restoring(&mut self, out: &mut Vec<u8>, work: impl FnOnce(&mut Self, &mut Vec<u8>) -> Encoded) -> Encoded {
        let before = out.len();
        work(self, out).inspect_err(|_| out.truncate(before))
    }

    fn any(&mut self, id: TypeId, value: &Value, depth: usize, out: &mut Vec<u8>) -> Encoded {
        let Some(steps) = self.steps.checked_sub(1) else { return Err(JsonError::new(Problem::TooLarge)) };
        self.steps = steps;
        if depth >= MAX_DEPTH {
            return Err(JsonError::new(Problem::TooDeep));
        }
        let schema = self.schema;
        match (schema.kind(id), value) {
            (Kind::Null, Value::Null) => Ok(()),
            (Kind::Boolean, Value::Bool(b)) => {
                out.push(u8::from(*b));
                Ok(())
            }
            (Kind::Int, Value::Number(n)) => match n.as_i64().and_then(|n| i32::try_from(n).ok()) {
                Some(n) => put_long(i64::from(n), out),
                None => self.mismatch(id, value),
            },
            (Kind::Long, Value::Number(n)) => match n.as_i64() {
                Some(n) => put_long(n, out),
                None => self.mismatch(id, value),
            },
            (Kind::Float, _) => match number(value).map(|n| (n, n as f32)) {
                Some((n, f)) if n.is_infinite() || !f.is_infinite() => put(&f.to_le_bytes(), out),
                _ => self.mismatch(id, value),
            },
            (Kind::Double, _) => match number(value) {
                Some(n) => put(&n.to_le_bytes(), out),
                None => self.mismatch(id, value),
            },
            (Kind::String, Value::String(s)) => put_sized(s.as_bytes(), out),
            (Kind::Bytes, Value::String(s)) => match latin1(s) {
                Some(bytes) => put_sized(&bytes, out),
                None => self.mismatch(id, value),
            },
            (Kind::Fixed(fixed), Value::String(s)) => match latin1(s).filter(|bytes| bytes.len() == fixed.size) {
                Some(bytes) => put(&bytes, out),
                None => self.mismatch(id, value),
            },
            (Kind::Enum(symbols), Value::String(s)) => match symbols.symbols.iter().position(|symbol| symbol == s) {
                Some(index) => put_long(index as i64, out),
                None => self.mismatch(id, value),
            },
            (Kind::Array(item), Value::Array(items)) => self.array(*item, items, depth, out),
            (Kind::Map(ty), Value::Object(entries)) => {
                if !entries.is_empty() {
                    put_long(entries.len() as i64, out)?;
                }
                for (key, value) in entries {
                    put_sized(key.as_bytes(), out)?;
                    self.any(*ty, value, depth + 1, out).map_err(|error| error.under(key))?;
                }
                put_long(0, out)
            }
            (Kind::Record(record), Value::Object(fields)) => self.record(record, fields, depth, out),
            (Kind::Union(branches), _) => self.union(id, branches, value, depth, out),
            _ => self.mismatch(id, value),
        }
    }

    fn array(&mut self, item: TypeId, items: &[Value], depth: usize, out: &mut Vec<u8>) -> Encoded {
        if !items.is_empty() {
            put_long(items.len() as i64, out)?;
        }
        for (i, value) in items.iter().enumerate() {
            self.any(item, value, depth + 1, out).map_err(|error| error.under(&format!("[{i}]")))?;
        }
        put_long(0, out)
    }

    fn record(
        &mut self,
        record: &Record,
        values: &serde_json::Map<String, Value>,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Encoded {
        let mut used = 0;
        for field in &record.fields {
            let encoded = match (values.get(&field.name), &field.default) {
                (Some(value), _) => {
                    used += 1;
                    self.any(field.ty, value, depth + 1, out)
                }
                (None, Some(default)) => {
                    let plain = std::mem::replace(&mut self.plain, false);
                    let encoded = self.any(field.ty, default, depth + 1, out);
                    self.plain = plain;
                    encoded
                }
                (None, None) => Err(JsonError::new(Problem::Missing)),
            };
            encoded.map_err(|error| error.under(&field.name))?;
        }
        if self.plain && used < values.len() {
            let known = |key: &&String| !record.fields.iter().any(|field| field.name == **key);
            let stranger = values.keys().find(known).map_or("", |key| key);
            return Err(JsonError::new(Problem::Unknown { record: record.name.0.clone() }).under(stranger));
        }
        Ok(())
    }

    fn union(&mut self, id: TypeId, branches: &'a [TypeId], value: &Value, depth: usize, out: &mut Vec<u8>) -> Encoded {
        if let (true, Some((index, inner))) = (self.plain, self.tagged(branches, value)) {
            let tagged = self.restoring(out, |encoder, out| {
                put_long(index as i64, out)?;
                encoder.any(branches[index], inner, depth + 1, out)
            });
            if tagged.is_ok() {
                return tagged;
            }
        }
        let mut failed = None;
        for (index, branch) in branches.iter().enumerate() {
            let tried = self.restoring(out, |encoder, out| {
                put_long(index as i64, out)?;
                encoder.any(*branch, value, depth + 1, out)
            });
            match tried {
                Ok(()) => return Ok(()),
                Err(error) if matches!(error.problem, Problem::TooLarge | Problem::TooDeep) => return Err(error),
                // Where there is but one branch to mean, its own error is the precise one.
                Err(error) if only_branch(self.schema, branches) == Some(*branch) && !error.path.is_empty() => {
                    failed = Some(error);
                }
                Err(_) => {}
            }
        }
        match failed {
            Some(error) => Err(error),
            None => self.mismatch(id, value),
        }
    }

    /// The branch that `{"type": value}` names, by full or short name.
    fn tagged<'v>(&self, branches: &[TypeId], value: &'v Value) -> Option<(usize, &'v Value)> {
        let object = value.as_object().filter(|object| object.len() == 1)?;
        let (key, inner) = object.iter().next()?;
        let short = |id: TypeId| self.schema.kind(id).full_name().map(|name| name.short());
        let full = branches.iter().position(|id| tag(self.schema, *id) == key);
        let index = full.or_else(|| branches.iter().position(|id| short(*id) == Some(key)))?;
        Some((index, inner))
    }

    fn mismatch(&self, id: TypeId, value: &Value) -> Encoded {
        let mut expected = self.schema.describe(id);
        match self.schema.kind(id) {
            Kind::Enum(symbols) => expected = format!("{expected}, one of {}", first_few(&symbols.symbols)),
            Kind::Bytes | Kind::Fixed(_) => expected = format!("{expected}, a string of characters up to U+00FF"),
            _ => {}
        }
        Err(JsonError::new(Problem::Mismatch { expected, found: shown(value) }))
    }
}

fn first_few(symbols: &[String]) -> String {
    let shown: Vec<_> = symbols.iter().take(10).map(String::as_str).collect();
    format!("{}{}", shown.join(", "), if symbols.len() > 10 { ", ..." } else { "" })
}

fn shown(value: &Value) -> String {
    let kind = match value {
        Value::Null => return "null".into(),
        Value::Array(items) => return format!("an array of {} items", items.len()),
        Value::Object(entries) => return format!("an object of {} entries", entries.len()),
        Value::Bool(_) => "the boolean",
        Value::Number(_) => "the number",
        Value::String(_) => "the string",
    };
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{kind} {}...", &text[..end]),
        None => format!("{kind} {text}"),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => match s.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

fn put(bytes: &[u8], out: &mut Vec<u8>) -> Encoded {
    out.extend_from_slice(bytes);
    Ok(())
}

fn put_sized(bytes: &[u8], out: &mut Vec<u8>) -> Encoded {
    put_long(bytes.len() as i64, out)?;
    put(bytes, out)
}

fn put_long(n: i64, out: &mut Vec<u8>) -> Encoded {
    let mut rest = ((n << 1) ^ (n >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
    Ok(())
}
