//! The default of a field as Avro binary.

use serde_json::Value;

use super::{JsonError, MAX_DEPTH, Problem, latin1, mismatch, narrowed, put_long, put_sized, shown, special};
use crate::schema::{Kind, Record, Schema, TypeId};

/// Defaults nest, a union's is tried branch by branch, and they come with every schema, wanted or not: work is bounded
/// and not only depth.
const MAX_STEPS: usize = 1_000_000;

type Encoded = Result<(), JsonError>;

/// The Avro binary of a field's default, by the rules for defaults: a union's is of its first branch, or, as newer
/// editions of the specification allow, of any.
///
/// This is not `format::json`: a default knows no tags, belongs to the first branch that takes all of it, and may hold
/// keys that its record does not have.
pub fn encode_default(schema: &Schema, ty: TypeId, default: &Value) -> Result<Vec<u8>, JsonError> {
    let mut out = Vec::new();
    Encoder { schema, steps: MAX_STEPS }.any(ty, default, 0, &mut out)?;
    Ok(out)
}

/// Tries the defaults of a whole schema under one bound for all of them.
pub(in crate::schema) struct DefaultCheck<'a> {
    encoder: Encoder<'a>,
    scratch: Vec<u8>,
}

impl<'a> DefaultCheck<'a> {
    pub fn new(schema: &'a Schema) -> Self {
        Self { encoder: Encoder { schema, steps: MAX_STEPS }, scratch: Vec::new() }
    }

    pub fn default(&mut self, ty: TypeId, default: &Value) -> Result<(), JsonError> {
        self.scratch.clear();
        self.encoder.any(ty, default, 0, &mut self.scratch)
    }
}

struct Encoder<'a> {
    schema: &'a Schema,
    steps: usize,
}

impl<'a> Encoder<'a> {
    fn any(&mut self, id: TypeId, value: &Value, depth: usize, out: &mut Vec<u8>) -> Encoded {
        let Some(steps) = self.steps.checked_sub(1) else { return Err(JsonError::new(Problem::TooLarge)) };
        self.steps = steps;
        if depth >= MAX_DEPTH {
            return Err(JsonError::new(Problem::TooDeep));
        }
        let schema = self.schema;
        match (schema.kind(id), value) {
            (Kind::Null, Value::Null) => {}
            (Kind::Boolean, Value::Bool(b)) => out.push(u8::from(*b)),
            (Kind::Int, Value::Number(n)) => match n.as_i64().and_then(|n| i32::try_from(n).ok()) {
                Some(n) => put_long(i64::from(n), out),
                None => return self.mismatch(id, value),
            },
            (Kind::Long, Value::Number(n)) => match n.as_i64() {
                Some(n) => put_long(n, out),
                None => return self.mismatch(id, value),
            },
            (Kind::Float, _) => match number(value).map(|n| (n, narrowed(n))) {
                Some((n, f)) if n.is_infinite() || !f.is_infinite() => out.extend_from_slice(&f.to_le_bytes()),
                _ => return self.mismatch(id, value),
            },
            (Kind::Double, _) => match number(value) {
                Some(n) => out.extend_from_slice(&n.to_le_bytes()),
                None => return self.mismatch(id, value),
            },
            (Kind::String, Value::String(s)) => put_sized(s.as_bytes(), out),
            (Kind::Bytes, Value::String(s)) => match latin1(s) {
                Some((count, bytes)) => {
                    put_long(count as i64, out);
                    out.extend(bytes);
                }
                None => return self.mismatch(id, value),
            },
            (Kind::Fixed(fixed), Value::String(s)) => match latin1(s).filter(|(count, _)| *count == fixed.size) {
                Some((_, bytes)) => out.extend(bytes),
                None => return self.mismatch(id, value),
            },
            (Kind::Enum(symbols), Value::String(s)) => match symbols.symbols.iter().position(|symbol| symbol == s) {
                Some(index) => put_long(index as i64, out),
                None => return self.mismatch(id, value),
            },
            (Kind::Array(item), Value::Array(items)) => return self.array(*item, items, depth, out),
            (Kind::Map(ty), Value::Object(entries)) => return self.map(*ty, entries, depth, out),
            (Kind::Record(record), Value::Object(fields)) => return self.record(record, fields, depth, out),
            (Kind::Union(branches), _) => return self.union(id, branches, value, depth, out),
            _ => return self.mismatch(id, value),
        }
        Ok(())
    }

    fn array(&mut self, item: TypeId, items: &[Value], depth: usize, out: &mut Vec<u8>) -> Encoded {
        if !items.is_empty() {
            put_long(items.len() as i64, out);
        }
        for (i, value) in items.iter().enumerate() {
            self.any(item, value, depth + 1, out).map_err(|error| error.under(&format!("[{i}]")))?;
        }
        put_long(0, out);
        Ok(())
    }

    fn map(
        &mut self,
        ty: TypeId,
        entries: &serde_json::Map<String, Value>,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Encoded {
        if !entries.is_empty() {
            put_long(entries.len() as i64, out);
        }
        for (key, value) in entries {
            put_sized(key.as_bytes(), out);
            self.any(ty, value, depth + 1, out).map_err(|error| error.under(key))?;
        }
        put_long(0, out);
        Ok(())
    }

    fn record(
        &mut self,
        record: &Record,
        values: &serde_json::Map<String, Value>,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Encoded {
        for field in &record.fields {
            let value = values.get(&field.name).or(field.default.as_ref());
            let encoded = match value {
                Some(value) => self.any(field.ty, value, depth + 1, out),
                None => Err(JsonError::new(Problem::Missing)),
            };
            encoded.map_err(|error| error.under(&field.name))?;
        }
        Ok(())
    }

    fn union(&mut self, id: TypeId, branches: &'a [TypeId], value: &Value, depth: usize, out: &mut Vec<u8>) -> Encoded {
        let before = out.len();
        let mut failed = None;
        for (index, branch) in branches.iter().enumerate() {
            put_long(index as i64, out);
            let Err(error) = self.any(*branch, value, depth + 1, out) else { return Ok(()) };
            out.truncate(before);
            if matches!(error.problem, Problem::TooLarge | Problem::TooDeep) {
                return Err(error);
            }
            // Where there is but one branch to mean, its own error is the precise one.
            if self.only_branch(branches) == Some(*branch) && !error.path.is_empty() {
                failed = Some(error);
            }
        }
        match failed {
            Some(error) => Err(error),
            None => self.mismatch(id, value),
        }
    }

    /// The only branch beside null, if there is just one.
    fn only_branch(&self, branches: &[TypeId]) -> Option<TypeId> {
        let mut others = branches.iter().filter(|id| !matches!(self.schema.kind(**id), Kind::Null));
        others.next().copied().filter(|_| others.next().is_none())
    }

    fn mismatch(&self, id: TypeId, value: &Value) -> Encoded {
        let found = match value {
            Value::Null => "null".into(),
            Value::Array(items) => format!("an array of {} items", items.len()),
            Value::Object(entries) => format!("an object of {} entries", entries.len()),
            Value::Bool(_) => shown("the boolean", &value.to_string()),
            Value::Number(_) => shown("the number", &value.to_string()),
            Value::String(_) => shown("the string", &value.to_string()),
        };
        Err(JsonError::new(mismatch(self.schema, id, found)))
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => special(s),
        _ => None,
    }
}
