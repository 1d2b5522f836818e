//! What becomes of a record may not depend on the records before it or beside it: all records of a case again, by one
//! instance in batches of several sizes, against what comes of each of them by an instance of its own.

use super::run::Ground;
use crate::cases::{Cost, Expected, ExpectedValue, Found, Wanted, judge, read};
use crate::config::{Match, WantedDeadLetter};
use crate::pipeline::Failure;
use crate::pipeline::offline::{Given, Outcome};
use crate::pipeline::plain::Readable;

/// Records in a batch.
pub(super) const SIZES: [usize; 3] = [1, 2, 256];

/// At least so many records: the largest batch, and some for the one behind it.
const RECORDS: usize = 300;

/// Differences that are told, at most.
const TOLD: usize = 10;

/// Kinds of failed calls. They end the instance, and with it the answers for the other records of the call.
const FAILED_CALLS: [&str; 4] = ["trap", "timeout", "memory", "bad-result"];

/// Records, and what becomes of each of them alone.
pub(super) struct Alone {
    records: Vec<Given>,
    outcomes: Vec<Outcome>,
}

impl Alone {
    /// Takes each record through an instance of its own. Those that stop the pipeline or end the instance are left out.
    pub(super) fn of(ground: &Ground<'_>, all: &[Given]) -> Result<Alone, Failure> {
        let mut alone = Alone { records: Vec::new(), outcomes: Vec::new() };
        for record in all {
            let mut offline = ground.start()?;
            for outcome in offline.run_at(std::slice::from_ref(record), 0)? {
                let ends = match &outcome {
                    Outcome::Again(_) | Outcome::Stopped(_) => true,
                    Outcome::Rejected(rejected) => FAILED_CALLS.contains(&rejected.kind),
                    Outcome::Outputs(_) => false,
                };
                if !ends {
                    alone.records.push(record.clone());
                    alone.outcomes.push(outcome);
                }
            }
        }
        Ok(alone)
    }

    /// Answers that are not byte by byte what came in.
    pub(super) fn changed(&self) -> Vec<String> {
        let pairs = self.records.iter().zip(&self.outcomes).enumerate();
        let changed = pairs.filter(|(_, (record, outcome))| match outcome {
            Outcome::Outputs(sent) => sent.iter().any(|sent| sent.value != record.value),
            _ => false,
        });
        few(changed
            .map(|(at, _)| format!("record {}: the answer's bytes are not those that came in", at + 1))
            .collect())
    }

    /// What differs when one instance takes the records in batches of a size.
    pub(super) fn together(&self, ground: &mut Ground<'_>, size: usize) -> Result<Vec<String>, Failure> {
        if self.records.is_empty() {
            return Ok(vec!["no record is left to be put into a batch: none was answered".to_owned()]);
        }
        let times = RECORDS.div_ceil(self.records.len());
        let records: Vec<Given> = self.records.iter().cycle().take(self.records.len() * times).cloned().collect();
        let mut offline = ground.start()?;
        let mut differ = Vec::new();
        let mut at = 0;
        for batch in records.chunks(size) {
            // Guests may answer where a record stood: each of them seems to stand where it did alone.
            for outcome in offline.run_at(batch, 0)? {
                let wanted = &self.outcomes[at % self.outcomes.len()];
                if !same(wanted, &outcome) {
                    let lines = differences(ground, wanted, outcome);
                    differ.extend(lines.into_iter().map(|line| format!("record {}: {line}", at + 1)));
                }
                at += 1;
            }
        }
        Ok(few(differ))
    }
}

/// What is said of an exception may tell where it came from, which is another place in a larger batch.
fn same(alone: &Outcome, found: &Outcome) -> bool {
    match (alone, found) {
        (Outcome::Rejected(alone), Outcome::Rejected(found)) => (alone.stage, alone.kind) == (found.stage, found.kind),
        _ => alone == found,
    }
}

fn few(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(TOLD);
    lines.truncate(TOLD);
    if more > 0 {
        lines.push(format!("... and {more} more differences"));
    }
    lines
}

/// Field by field, as of a test that expects what came of the record alone.
fn differences(ground: &mut Ground<'_>, alone: &Outcome, found: Outcome) -> Vec<String> {
    let wanted = match alone {
        Outcome::Rejected(rejected) => Wanted {
            rejected: Some(WantedDeadLetter {
                stage: Some(rejected.stage.to_owned()),
                reason: Some(rejected.why.clone()),
            }),
            ..Wanted::default()
        },
        alone => wanted(read(vec![alone.clone()], ground.sink())),
    };
    let found = read(vec![found], ground.sink());
    let lines = judge(&wanted, &found, Cost::default());
    if lines.is_empty() { vec!["it is another answer than that of the record alone".to_owned()] } else { lines }
}

fn wanted(found: Found) -> Wanted {
    let outputs = found.outputs.into_iter().map(|output| Expected {
        value: Some(match (output.value, output.sent.value) {
            (Some(Ok(Readable::Json(json))), _) => ExpectedValue::Json(json),
            (Some(_), Some(bytes)) => ExpectedValue::Raw(bytes),
            _ => ExpectedValue::Nothing,
        }),
        topic: Some(output.sent.topic),
        key: Some(output.sent.key.map_or(ExpectedValue::Nothing, ExpectedValue::Bytes)),
        headers: output.sent.headers,
        timestamp: output.sent.timestamp.and_then(|timestamp| u64::try_from(timestamp).ok()),
    });
    let outputs: Vec<Expected> = outputs.collect();
    let dropped = outputs.is_empty();
    Wanted { outputs: Some(outputs), matching: Match::Exact, dropped, ..Wanted::default() }
}
