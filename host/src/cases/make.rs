//! From a case as a file has it to records as topics have them, and to what is expected, by a pipeline's two ends.

use serde_json::Value;

use super::bytes::{headers, hex, said, shown, tagged, unhex};
use crate::config::{GivenRecord, Match, Problems, Reject, TestCase, TestFile, WantedDeadLetter, WantedRecord};
use crate::format::json::JsonError;
use crate::pipeline::Prepared;
use crate::pipeline::offline::Given;
use crate::pipeline::plain::{SinkForm, SourceForm};

/// Makes cases for one pipeline.
pub struct Maker {
    source: SourceForm,
    /// How the sink's values are read.
    pub sink: SinkForm,
    /// Rejected records become dead letters.
    dead_letters: bool,
}

/// A case that can be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The records that go in.
    pub given: Vec<Given>,
    /// What must come of them.
    pub wanted: Wanted,
}

/// What must come of a case's records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted {
    /// All outputs in their order; `None` where the case does not say.
    pub outputs: Option<Vec<Expected>>,
    /// How values are compared.
    pub matching: Match,
    /// Records are dropped.
    pub dropped: bool,
    /// Records are rejected; what must be said of them.
    pub rejected: Option<WantedDeadLetter>,
    /// The pipeline stops, with this text in the reason.
    pub stopped: Option<String>,
}

/// An output that is expected; what is `None` is not looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expected {
    /// Its value.
    pub value: Option<ExpectedValue>,
    /// Its topic.
    pub topic: Option<String>,
    /// Its key.
    pub key: Option<ExpectedValue>,
    /// Headers that it has, among others.
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// Milliseconds since 1970.
    pub timestamp: Option<u64>,
}

/// A value that is expected.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpectedValue {
    /// None at all.
    Nothing,
    /// This JSON.
    Json(Value),
    /// These bytes, of a sink without a schema.
    Bytes(Vec<u8>),
    /// These bytes on the topic.
    Raw(Vec<u8>),
}

impl Wanted {
    /// Whether the case says anything of what must come out.
    pub fn says_something(&self) -> bool {
        self.outputs.is_some() || self.dropped || self.rejected.is_some() || self.stopped.is_some()
    }
}

impl Maker {
    /// For this pipeline's source and sink.
    pub fn of(prepared: &Prepared) -> Result<Maker, Problems> {
        let dead_letters = matches!(prepared.config.errors.reject, Reject::DeadLetter { .. });
        Ok(Maker { source: SourceForm::of(prepared)?, sink: SinkForm::of(prepared)?, dead_letters })
    }

    /// Makes the case of this number. Everything in it that does not fit the pipeline is told at once.
    pub fn case(&mut self, file: &TestFile, index: usize) -> Result<Case, Problems> {
        let case = &file.cases[index];
        let mut problems = Problems::default();
        let mut place = Place { file, index, problems: &mut problems };
        if case.expect_dead_letter.is_some() && !self.dead_letters {
            let help = "write `expect-reject`, or set `[errors] reject = \"dead-letter\"`";
            place.refuse("expect-dead-letter", "this pipeline writes no dead letters".to_owned(), Some(help));
        }
        let given = self.given(case, &mut place);
        let outputs = self.expected(case, &mut place);
        if !problems.is_empty() {
            return Err(problems);
        }
        let reject = case.expect_reject.clone().map(|reason| WantedDeadLetter { stage: None, reason: Some(reason) });
        let wanted = Wanted {
            outputs,
            matching: case.matching,
            dropped: case.expect_dropped,
            rejected: reject.or_else(|| case.expect_dead_letter.clone()),
            stopped: case.expect_stop.clone(),
        };
        Ok(Case { given, wanted })
    }

    fn given(&mut self, case: &TestCase, place: &mut Place<'_>) -> Vec<Given> {
        let Some(input) = &case.input else {
            let records = case.records.iter().enumerate();
            return records.map(|(at, record)| self.record(record, &format!("records.{at}."), place)).collect();
        };
        let around = self.record(&case.around, "", place);
        let make = |value| {
            let value = place.keep("input", self.value(value)).flatten();
            Given { value, ..around.clone() }
        };
        each(input).iter().map(make).collect()
    }

    fn record(&mut self, record: &GivenRecord, at: &str, place: &mut Place<'_>) -> Given {
        let key = record.key.as_ref().map(|key| self.key(key));
        let key = key.and_then(|key| place.keep(&format!("{at}key"), key)).flatten();
        let value = match (&record.value, &record.hex) {
            (Some(value), _) => place.keep(&format!("{at}value"), self.value(value)).flatten(),
            (None, Some(digits)) => place.keep(&format!("{at}hex"), unhex(digits)),
            (None, None) => None,
        };
        let headers = record.headers.as_ref().and_then(|table| place.keep(&format!("{at}headers"), headers(table)));
        let timestamp = record.timestamp.and_then(|timestamp| i64::try_from(timestamp).ok());
        Given { key, value, headers: headers.unwrap_or_default(), timestamp }
    }

    /// A value's bytes on the source's topic.
    fn value(&mut self, value: &Value) -> Result<Option<Vec<u8>>, String> {
        if !self.source.is_json() {
            return match (value, tagged(value)?) {
                (Value::String(text), _) => Ok(Some(text.clone().into_bytes())),
                (_, Some(said)) => Ok(said),
                (value, None) => Ok(Some(value.to_string().into_bytes())),
            };
        }
        let text = match value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        if text.trim() == "null" && self.source.null_is_tombstone() {
            return Ok(None);
        }
        let made = self.source.value(text.as_bytes()).map_err(|error| told(error, value.is_string()));
        made.map(Some).map_err(|why| format!("the value does not fit the source's schema: {why}"))
    }

    fn key(&mut self, key: &Value) -> Result<Option<Vec<u8>>, String> {
        if !self.source.has_key_schema() {
            return said(key);
        }
        let made = self.source.key(key.to_string().as_bytes()).map_err(|error| told(error, false));
        made.map(Some).map_err(|why| format!("the key does not fit its schema: {why}"))
    }

    fn expected(&self, case: &TestCase, place: &mut Place<'_>) -> Option<Vec<Expected>> {
        if let Some(expect) = &case.expect {
            let wanted = each(expect).iter().filter_map(|value| place.keep("expect", self.expected_value(value)));
            return Some(wanted.map(|value| Expected { value: Some(value), ..Expected::default() }).collect());
        }
        let records = case.expect_records.as_ref()?.iter().enumerate();
        Some(
            records.map(|(at, wanted)| self.expected_record(wanted, &format!("expect-records.{at}."), place)).collect(),
        )
    }

    fn expected_record(&self, wanted: &WantedRecord, at: &str, place: &mut Place<'_>) -> Expected {
        let WantedRecord { topic, record } = wanted;
        let value = match (&record.value, &record.hex) {
            _ if record.tombstone => Some(ExpectedValue::Nothing),
            (Some(value), _) => place.keep(&format!("{at}value"), self.expected_value(value)),
            (None, Some(digits)) => place.keep(&format!("{at}hex"), unhex(digits).map(ExpectedValue::Raw)),
            (None, None) => None,
        };
        let key = record.key.as_ref().and_then(|key| place.keep(&format!("{at}key"), self.expected_key(key)));
        let headers = record.headers.as_ref().and_then(|table| place.keep(&format!("{at}headers"), headers(table)));
        let headers = headers.unwrap_or_default();
        Expected { value, topic: topic.clone(), key, headers, timestamp: record.timestamp }
    }

    fn expected_key(&self, key: &Value) -> Result<ExpectedValue, String> {
        if self.sink.has_key_schema() && !matches!(tagged(key), Ok(Some(None))) {
            return Ok(ExpectedValue::Json(key.clone()));
        }
        Ok(said(key)?.map_or(ExpectedValue::Nothing, ExpectedValue::Bytes))
    }

    fn expected_value(&self, value: &Value) -> Result<ExpectedValue, String> {
        if self.sink.is_json() {
            return match value {
                Value::String(text) => serde_json::from_str(text).map(ExpectedValue::Json).map_err(|error| {
                    format!("the text is not JSON: {error}; a string by itself is written '\"text\"'")
                }),
                value => Ok(ExpectedValue::Json(value.clone())),
            };
        }
        Ok(match (value, tagged(value)?) {
            (Value::String(text), _) => ExpectedValue::Bytes(text.clone().into_bytes()),
            (_, Some(said)) => said.map_or(ExpectedValue::Nothing, ExpectedValue::Bytes),
            (value, None) => ExpectedValue::Json(value.clone()),
        })
    }
}

/// What does not fit; with its place in the JSON where that is the file's own.
fn told(error: JsonError, written: bool) -> String {
    let position = error.position.filter(|_| written);
    JsonError { position, ..error }.to_string()
}

/// One value, or those of an array.
fn each(value: &Value) -> &[Value] {
    match value {
        Value::Array(several) => several,
        one => std::slice::from_ref(one),
    }
}

/// Where problems of one case go.
struct Place<'a> {
    file: &'a TestFile,
    index: usize,
    problems: &'a mut Problems,
}

impl Place<'_> {
    fn keep<T>(&mut self, key: &str, made: Result<T, String>) -> Option<T> {
        made.map_err(|why| self.refuse(key, why, None)).ok()
    }

    fn refuse(&mut self, key: &str, why: String, help: Option<&str>) {
        self.problems.extend(self.file.problem_at(self.index, key, why, help.map(str::to_owned)));
    }
}

impl ExpectedValue {
    /// In words, for differences.
    pub(super) fn described(&self) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::Json(json) => json.to_string(),
            Self::Bytes(bytes) => shown(bytes),
            Self::Raw(bytes) => format!("the bytes {}", hex(bytes)),
        }
    }
}
