//! Test cases as a file has them: checked for their form, not yet for their records, which takes the schemas.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::plan::Places;
use super::problem::{Location, Problems};
use super::reader::Reader;
use super::settings::Settings;

/// The cases of one file.
#[derive(Debug, Clone)]
pub struct TestFile {
    /// The file, as it was named.
    pub file: PathBuf,
    /// In the order of the file.
    pub cases: Vec<TestCase>,
    places: Places,
}

/// One case.
#[derive(Debug, Clone, PartialEq)]
pub struct TestCase {
    /// What it shows.
    pub name: String,
    /// The values of the input: one, or several in an array.
    pub input: Option<Value>,
    /// The input with all that belongs to it; empty where `input` is given.
    pub records: Vec<GivenRecord>,
    /// Of each record of `input`.
    pub around: GivenRecord,
    /// The values of all outputs: one, or several in an array.
    pub expect: Option<Value>,
    /// The outputs with what belongs to them.
    pub expect_records: Option<Vec<WantedRecord>>,
    /// How values are compared.
    pub matching: Match,
    /// The records are dropped.
    pub expect_dropped: bool,
    /// The records are rejected, for a reason with this text.
    pub expect_reject: Option<String>,
    /// The records are rejected, and the dead letter says so.
    pub expect_dead_letter: Option<WantedDeadLetter>,
    /// The pipeline stops, for a reason with this text.
    pub expect_stop: Option<String>,
    /// Time for all records.
    pub time_max: Option<Duration>,
    /// Units of the engine's fuel for all records.
    pub fuel_max: Option<u64>,
}

/// How values are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Match {
    /// Nothing may be there that is not expected.
    #[default]
    Exact,
    /// Tables may have further fields.
    Partial,
}

/// An input record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GivenRecord {
    /// Its value.
    pub value: Option<Value>,
    /// Its value as it lies on the topic, in hexadecimal digits.
    pub hex: Option<String>,
    /// It has no value.
    pub tombstone: bool,
    /// Its key.
    pub key: Option<Value>,
    /// Its headers.
    pub headers: Option<Value>,
    /// Milliseconds since 1970.
    pub timestamp: Option<u64>,
}

/// An expected output; what is `None` is not looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WantedRecord {
    /// Its topic.
    pub topic: Option<String>,
    /// All else.
    pub record: GivenRecord,
}

/// What a dead letter has to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WantedDeadLetter {
    /// Where the record was rejected.
    pub stage: Option<String>,
    /// A text in the reason.
    pub reason: Option<String>,
}

impl TestFile {
    /// Where a case begins.
    pub fn location(&self, case: usize) -> Option<Location> {
        self.places.span(&format!("tests.{case}")).map(|span| self.places.source.location(span.start))
    }

    /// A problem with a key of a case, such as `expect` or `records.1.value`; with the case where the key is not there.
    pub fn problem_at(&self, case: usize, key: &str, message: String, help: Option<String>) -> Problems {
        self.places.problem_at(&format!("tests.{case}.{key}"), message, help)
    }

    /// The text of the file.
    pub fn text(&self) -> &str {
        self.places.source.text()
    }

    /// Where the value of a case's key stands in the text, in bytes.
    pub fn span(&self, case: usize, key: &str) -> Option<Range<usize>> {
        self.places.span(&format!("tests.{case}.{key}"))
    }
}

impl Settings {
    /// The cases of a file without problems.
    pub(super) fn tests(&self, counts: &BTreeMap<String, usize>, places: Places, file: PathBuf) -> TestFile {
        let count = |path: &str| counts.get(path).copied().unwrap_or_default();
        let cases = (0..count("tests")).map(|index| {
            let path = format!("tests.{index}");
            let at = |key: &str| format!("{path}.{key}");
            let records = |key: &str| {
                let key = at(key);
                (0..count(&key)).map(|index| format!("{key}.{index}")).collect::<Vec<_>>()
            };
            let wanted =
                |path: &String| WantedRecord { topic: self.text(&format!("{path}.topic")), record: self.given(path) };
            let given_wanted = places.spans.contains_key(&at("expect-records"));
            TestCase {
                name: self.text(&at("name")).unwrap_or_default(),
                input: self.any(&at("input")),
                records: records("records").iter().map(|path| self.given(path)).collect(),
                around: self.given(&path),
                expect: self.any(&at("expect")),
                expect_records: given_wanted.then(|| records("expect-records").iter().map(wanted).collect()),
                matching: match self.text(&at("match")).as_deref() {
                    Some("partial") => Match::Partial,
                    _ => Match::Exact,
                },
                expect_dropped: self.flag(&at("expect-dropped")) == Some(true),
                expect_reject: self.text(&at("expect-reject")),
                expect_dead_letter: places.spans.contains_key(&at("expect-dead-letter")).then(|| WantedDeadLetter {
                    stage: self.text(&at("expect-dead-letter.stage")),
                    reason: self.text(&at("expect-dead-letter.reason")),
                }),
                expect_stop: self.text(&at("expect-stop")),
                time_max: self.time(&at("time-max")),
                fuel_max: self.count(&at("fuel-max")),
            }
        });
        TestFile { cases: cases.collect(), file, places }
    }

    fn given(&self, path: &str) -> GivenRecord {
        let at = |key: &str| format!("{path}.{key}");
        GivenRecord {
            value: self.any(&at("value")),
            hex: self.text(&at("hex")),
            tombstone: self.flag(&at("tombstone")) == Some(true),
            key: self.any(&at("key")),
            headers: self.any(&at("headers")),
            timestamp: self.count(&at("timestamp")),
        }
    }
}

impl Reader<'_> {
    /// Rules over several keys of a case.
    pub(super) fn check_tests(&mut self) {
        let count = self.counts.get("tests").copied().unwrap_or_default();
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for index in 0..count {
            let path = |key: &str| format!("tests.{index}.{key}");
            if let Some(name) = self.settings.text(&path("name")) {
                if let Some(first) = names.get(&name) {
                    let message = format!("the name {name:?} is also that of case {}", first + 1);
                    self.refuse(&path("name"), message, "give each case a name of its own: --filter goes by it");
                } else {
                    names.insert(name, index);
                }
            }
            self.check_inputs(index);
            for (one, other) in [("expect", "expect-records"), ("expect-reject", "expect-dead-letter")] {
                self.exclude(index, one, other);
            }
            for other in ["expect-reject", "expect-dead-letter", "expect-stop"] {
                if self.settings.flag(&path("expect-dropped")) == Some(true) {
                    self.exclude(index, "expect-dropped", other);
                }
            }
            for list in ["records", "expect-records"] {
                self.check_values(index, list);
            }
        }
    }

    fn check_inputs(&mut self, index: usize) {
        let path = |key: &str| format!("tests.{index}.{key}");
        self.exclude(index, "input", "records");
        if self.has(&path("records")) {
            for key in
                ["key", "headers", "timestamp"].into_iter().filter(|key| self.has(&path(key))).collect::<Vec<_>>()
            {
                let message = format!("{} goes with `input`, not with `records`", self.label(&path(key)));
                self.refuse(&path(key), message, "write it into the records that it belongs to");
            }
        } else if !self.has(&path("input")) && !self.partial {
            let message = format!("{} has neither `input` nor `records`", self.label(&format!("tests.{index}")));
            self.refuse(&format!("tests.{index}"), message, "add: input = { ... }, the record's JSON");
        }
    }

    /// Each record has one form of value; outputs may do without.
    fn check_values(&mut self, index: usize, list: &str) {
        let count = self.counts.get(&format!("tests.{index}.{list}")).copied().unwrap_or_default();
        for record in 0..count {
            let path = format!("tests.{index}.{list}.{record}");
            let tombstone = self.settings.flag(&format!("{path}.tombstone")) == Some(true);
            let forms = ["value", "hex"].into_iter().filter(|key| self.has(&format!("{path}.{key}"))).count();
            let name = self.label(&format!("tests.{index}.{list}"));
            match forms + usize::from(tombstone) {
                0 if list == "records" && !self.partial => {
                    let message = format!("record {} of {name} has no value", record + 1);
                    self.refuse(&path, message, "add `value`, or `hex`, or `tombstone = true`");
                }
                0 | 1 => {}
                _ => {
                    let message = format!("record {} of {name} has several values", record + 1);
                    self.refuse(&path, message, "keep one of `value`, `hex` and `tombstone`");
                }
            }
        }
    }

    fn exclude(&mut self, index: usize, one: &str, other: &str) {
        let path = |key: &str| format!("tests.{index}.{key}");
        if self.has(&path(one)) && self.has(&path(other)) {
            let message = format!("{} cannot stand beside `{one}`", self.label(&path(other)));
            self.refuse(&path(other), message, "keep one of them");
        }
    }

    fn has(&self, path: &str) -> bool {
        self.spans.contains_key(path)
    }
}
