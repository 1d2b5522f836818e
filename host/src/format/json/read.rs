//! JSON text to Avro bytes in one pass: the text's values are encoded as they come, each record's fields put in order at
//! its end.

use std::ops::Range;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Error};

use super::plan::{Plan, Record};
use super::walk::At;
use super::{JsonError, MAX_GROWTH, Problem};
use crate::schema::json::put_long;
use crate::schema::parse::without_position;
use crate::schema::{Schema, TypeId};

/// Keys of a map are compared with each other up to this number; more of them are sorted.
const FEW_KEYS: usize = 16;

/// Makes Avro bytes of JSON texts. Its memory is used again from record to record.
#[derive(Debug, Clone)]
pub struct Reader {
    plan: Arc<Plan>,
    strict: bool,
    places: Places,
    /// Bytes that defaults may add to one value.
    growth: usize,
}

/// Where what is being put together stands in the output.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// The fields of open records, as far as they have come.
    pub fields: Vec<Option<Range<usize>>>,
    /// The keys of open maps.
    pub keys: Vec<Range<usize>>,
    /// A record whose fields are being put in order.
    ordered: Vec<u8>,
    /// The last key that is no field.
    pub key: String,
}

impl Reader {
    /// Prepares for texts of the schema's root type.
    pub fn new(schema: Arc<Schema>) -> Self {
        Reader { plan: Arc::new(Plan::new(schema)), strict: false, growth: MAX_GROWTH, places: Places::default() }
    }

    /// Defaults may add so many bytes to one value, and no more.
    pub fn at_most(mut self, growth: usize) -> Self {
        self.growth = growth.min(MAX_GROWTH);
        self
    }

    /// Makes a key that its record does not have an error: for texts that are written for this very schema.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Appends the Avro bytes of the text's one value to `out`. After an error, `out` is as it was.
    pub fn read(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), JsonError> {
        if text.starts_with(b"\xEF\xBB\xBF") {
            return Err(JsonError { position: Some((1, 1)), ..JsonError::new(Problem::ByteOrderMark) });
        }
        let before = out.len();
        self.places.fields.clear();
        self.places.keys.clear();
        let mut state = State {
            plan: &self.plan,
            strict: self.strict,
            places: &mut self.places,
            out,
            growth: self.growth,
            problem: None,
            path: String::new(),
        };
        let mut json = serde_json::Deserializer::from_slice(text);
        let root = state.plan.schema.root();
        let mut read = At { state: &mut state, id: root, depth: 0 }.deserialize(&mut json);
        if read.is_ok() {
            read = json.end();
            state.problem = read.is_err().then_some(Problem::Trailing);
        }
        read.map_err(|error| {
            state.out.truncate(before);
            state.error(&error, text)
        })
    }
}

/// What is common to all places of one text.
pub(super) struct State<'s> {
    pub plan: &'s Plan,
    strict: bool,
    pub places: &'s mut Places,
    pub out: &'s mut Vec<u8>,
    /// Bytes and fields that may still come from defaults.
    growth: usize,
    problem: Option<Problem>,
    path: String,
}

impl State<'_> {
    /// The JSON parser carries errors as text; ours waits here until it comes back with a position.
    pub fn fail<E: Error>(&mut self, problem: Problem) -> E {
        self.problem = Some(problem);
        E::custom("")
    }

    pub fn under<E>(&mut self, step: &str, error: E) -> E {
        let inner = JsonError { path: std::mem::take(&mut self.path), ..JsonError::new(Problem::Missing) };
        self.path = inner.under(step).path;
        error
    }

    /// A key that the record does not have, in [`Places::key`].
    pub fn unknown<E: Error>(&mut self, record: TypeId) -> Result<(), E> {
        if !self.strict {
            return Ok(());
        }
        let name = self.plan.schema.kind(record).full_name().map_or(String::new(), |name| name.0.clone());
        let key = std::mem::take(&mut self.places.key);
        let unknown = self.fail(Problem::Unknown { record: name });
        Err(self.under(&key, unknown))
    }

    fn error(&mut self, error: &serde_json::Error, text: &[u8]) -> JsonError {
        let problem = self.problem.take().unwrap_or_else(|| {
            let message = without_position(&error.to_string());
            match message.as_str() {
                "recursion limit exceeded" => Problem::TooDeep,
                "invalid unicode code point" => Problem::Syntax("a string is not UTF-8".into()),
                _ if text.trim_ascii().is_empty() => Problem::Empty,
                _ => Problem::Syntax(message),
            }
        });
        let path = std::mem::take(&mut self.path);
        JsonError { path, problem, position: Some((error.line().max(1), error.column().max(1))) }
    }

    /// Sets the count of an array or map, for which one byte was left at `start`, and ends it.
    pub fn close(&mut self, start: usize, count: usize) {
        if count == 0 {
            return;
        }
        self.out.push(0);
        if count < 64 {
            self.out[start] = (count as u8) << 1;
            return;
        }
        self.places.ordered.clear();
        put_long(count as i64, &mut self.places.ordered);
        self.out.splice(start..start + 1, self.places.ordered.iter().copied());
    }

    /// Puts the fields of a record in order, defaults in the place of missing ones.
    pub fn assemble<E: Error>(&mut self, record: &Record, base: usize, start: usize) -> Result<(), E> {
        self.places.ordered.clear();
        for (index, field) in record.fields.iter().enumerate() {
            let bytes = match (&self.places.fields[base + index], &field.absent) {
                (Some(range), _) => &self.out[range.clone()],
                (None, Some(absent)) => {
                    let Some(growth) = self.growth.checked_sub(absent.len() + 1) else {
                        return Err(self.fail(Problem::TooLarge));
                    };
                    self.growth = growth;
                    absent
                }
                (None, None) => {
                    let missing = self.fail(Problem::Missing);
                    return Err(self.under(record.names.get(index).unwrap_or_default(), missing));
                }
            };
            self.places.ordered.extend_from_slice(bytes);
        }
        self.out.truncate(start);
        self.out.extend_from_slice(&self.places.ordered);
        Ok(())
    }

    /// Fails if a key stands twice among those from `base` on, which it forgets.
    pub fn distinct<E: Error>(&mut self, base: usize) -> Result<(), E> {
        let (keys, out) = (&mut self.places.keys[base..], &*self.out);
        let text = |key: &Range<usize>| &out[key.clone()];
        let twice = if keys.len() <= FEW_KEYS {
            let earlier = |at: usize| keys[..at].iter().any(|key| text(key) == text(&keys[at]));
            (1..keys.len()).find(|at| earlier(*at))
        } else {
            keys.sort_unstable_by(|a, b| text(a).cmp(text(b)));
            (1..keys.len()).find(|at| text(&keys[at - 1]) == text(&keys[*at]))
        };
        if let Some(at) = twice {
            let key = String::from_utf8_lossy(text(&keys[at])).into_owned();
            let duplicate = self.fail(Problem::Duplicate);
            return Err(self.under(&key, duplicate));
        }
        self.places.keys.truncate(base);
        Ok(())
    }
}
