//! Whether what came out is what a case expects; if not, what differs.

use std::time::Duration;

use serde_json::Value;

use super::bytes::{SHOWN, hex, shown};
use super::diff::differences;
use super::make::{Expected, ExpectedValue, Wanted};
use crate::config::{Match, WantedDeadLetter};
use crate::pipeline::offline::{Outcome, Rejected, Sent};
use crate::pipeline::plain::{Readable, SinkForm};
use crate::telemetry::printable::printable;

/// What became of a case's records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// All outputs, in order.
    pub outputs: Vec<Output>,
    /// Rejected records by their number from 1.
    pub rejected: Vec<(usize, Rejected)>,
    /// Numbers of records without output that were not rejected.
    pub dropped: Vec<usize>,
    /// The record at which the pipeline would stop, and why.
    pub stopped: Option<(usize, String)>,
}

/// An output, and how people read it.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// As it would be written.
    pub sent: Sent,
    /// Its value; `None`: a tombstone. The error says why it cannot be read.
    pub value: Option<Result<Readable, String>>,
    /// Its key.
    pub key: Option<Readable>,
}

/// What differs, a line or more each; nothing where the case passes.
pub type Judged = Vec<String>;

/// Lines of one output that are told, at most.
const LINES: usize = 20;

/// Reads what came out of the guests by the sink's format.
pub fn read(outcomes: Vec<Outcome>, sink: &mut SinkForm) -> Found {
    let mut found = Found::default();
    for (number, outcome) in (1..).zip(outcomes) {
        match outcome {
            // What would come behind a stop is never read.
            Outcome::Stopped(why) => {
                found.stopped = Some((number, why));
                break;
            }
            Outcome::Again(why) => {
                found.stopped = Some((number, format!("the guest asks to try the record again: {why}")));
                break;
            }
            Outcome::Rejected(rejected) => found.rejected.push((number, rejected)),
            Outcome::Outputs(sent) if sent.is_empty() => found.dropped.push(number),
            Outcome::Outputs(sent) => found.outputs.extend(sent.into_iter().map(|sent| Output {
                value: sent.value.as_deref().map(|value| sink.value(value)),
                key: sent.key.as_deref().map(|key| sink.key(key)),
                sent,
            })),
        }
    }
    found
}

/// What the records of a case cost, and what they may. What is `None` or zero is not looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// The time for all records.
    pub took: Duration,
    /// At most so long.
    pub time_max: Option<Duration>,
    /// Units of fuel that the guests burnt.
    pub burnt: Option<u64>,
    /// At most so many.
    pub fuel_max: Option<u64>,
}

/// Compares.
pub fn judge(wanted: &Wanted, found: &Found, cost: Cost) -> Judged {
    let mut judged = Judged::new();
    outputs(wanted, found, &mut judged);
    rejections(wanted.rejected.as_ref(), &found.rejected, &mut judged);
    if wanted.dropped && found.dropped.is_empty() {
        judged.push("no record was dropped, expected at least one".to_owned());
    }
    match (&wanted.stopped, &found.stopped) {
        (None, Some((number, why))) => judged.push(format!("the pipeline stops at record {number}: {}", words(why))),
        (Some(text), None) => judged.push(format!("the pipeline does not stop, expected a reason with {text:?}")),
        (Some(text), Some((number, why))) if !why.contains(text.as_str()) => {
            judged.push(format!(
                "the pipeline stops at record {number}, expected {text:?} in the reason: {}",
                words(why)
            ));
        }
        _ => {}
    }
    if let Some(limit) = cost.time_max.filter(|limit| cost.took > *limit) {
        judged.push(format!("it took {:.1?}, longer than `time-max = {limit:?}`", cost.took));
    }
    if let (Some(burnt), Some(limit)) = (cost.burnt, cost.fuel_max)
        && burnt > limit
    {
        judged.push(format!("it used {} of at most {} units of fuel (`fuel-max`)", grouped(burnt), grouped(limit)));
    }
    judged
}

/// A number with a comma behind each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Whether the outputs are other ones than expected.
pub(super) fn outputs_differ(wanted: &Wanted, found: &Found) -> bool {
    let mut judged = Judged::new();
    outputs(wanted, found, &mut judged);
    !judged.is_empty()
}

/// Whether other records are rejected than expected, or for other reasons.
pub(super) fn rejections_differ(wanted: &Wanted, found: &Found) -> bool {
    let mut judged = Judged::new();
    rejections(wanted.rejected.as_ref(), &found.rejected, &mut judged);
    !judged.is_empty()
}

fn outputs(wanted: &Wanted, found: &Found, judged: &mut Judged) {
    let expected = wanted.outputs.as_deref().unwrap_or_default();
    if expected.len() != found.outputs.len() {
        let s = if expected.len() == 1 { "" } else { "s" };
        judged.push(format!("{} output{s} expected, {} found", expected.len(), found.outputs.len()));
    }
    for at in 0..expected.len().max(found.outputs.len()) {
        let number = at + 1;
        match (expected.get(at), found.outputs.get(at)) {
            (Some(expected), Some(output)) => {
                let lines = output_differences(expected, output, wanted.matching);
                let more = lines.len().saturating_sub(LINES);
                judged.extend(lines.into_iter().take(LINES).map(|line| format!("output {number}: {line}")));
                if more > 0 {
                    judged.push(format!("output {number}: ... and {more} more differences"));
                }
            }
            (Some(expected), None) => {
                let value = expected.value.as_ref().map_or("anything".to_owned(), ExpectedValue::described);
                judged.push(format!("output {number}: expected {}, found nothing", words(&value)));
            }
            (None, Some(output)) => {
                judged.push(format!("output {number}: expected nothing, found {}", words(&described(output))));
            }
            (None, None) => {}
        }
    }
}

fn rejections(wanted: Option<&WantedDeadLetter>, found: &[(usize, Rejected)], judged: &mut Judged) {
    let Some(wanted) = wanted else {
        for (number, rejected) in found {
            judged.push(format!("record {number} was rejected by {}: {}", origin(rejected), words(&rejected.why)));
        }
        return;
    };
    if found.is_empty() {
        let reason = wanted.reason.as_ref().map_or(String::new(), |text| format!(", expected a reason with {text:?}"));
        judged.push(format!("no record was rejected{reason}"));
    }
    for (number, rejected) in found {
        if let Some(text) = wanted.reason.as_ref().filter(|text| !rejected.why.contains(text.as_str())) {
            let why = words(&rejected.why);
            judged.push(format!("record {number} was rejected, expected {text:?} in the reason: {why}"));
        }
        if let Some(stage) = wanted.stage.as_ref().filter(|stage| *stage != rejected.stage) {
            judged.push(format!("record {number} was rejected by {}, expected {stage}", rejected.stage));
        }
    }
}

fn origin(rejected: &Rejected) -> String {
    match &rejected.guest {
        Some(guest) => format!("{} of {guest} ({})", rejected.stage, rejected.kind),
        None => format!("{} ({})", rejected.stage, rejected.kind),
    }
}

fn output_differences(expected: &Expected, found: &Output, matching: Match) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(topic) = expected.topic.as_ref().filter(|topic| **topic != found.sent.topic) {
        lines.push(format!("topic: expected {topic:?}, found {:?}", found.sent.topic));
    }
    if let Some(key) = &expected.key {
        let there = found.key.clone().map(Ok);
        lines.extend(
            value(key, there.as_ref(), found.sent.key.as_deref(), Match::Exact).map(|line| format!("key: {line}")),
        );
    }
    if let Some(wanted) = &expected.value {
        lines.extend(value(wanted, found.value.as_ref(), found.sent.value.as_deref(), matching));
    }
    lines.extend(headers(&expected.headers, &found.sent.headers));
    let timestamp = found.sent.timestamp.and_then(|timestamp| u64::try_from(timestamp).ok());
    if let Some(wanted) = expected.timestamp.filter(|wanted| Some(*wanted) != timestamp) {
        let there = timestamp.map_or("that of its writing".to_owned(), |timestamp| timestamp.to_string());
        lines.push(format!("timestamp: expected {wanted}, found {there}"));
    }
    lines
}

fn value(
    expected: &ExpectedValue,
    found: Option<&Result<Readable, String>>,
    raw: Option<&[u8]>,
    matching: Match,
) -> std::vec::IntoIter<String> {
    let plain = |there: String| vec![format!("expected {}, found {there}", words(&expected.described()))];
    let bytes = raw.map_or("nothing".to_owned(), shown);
    let lines = match (expected, found) {
        (ExpectedValue::Nothing | ExpectedValue::Json(Value::Null), None) => Vec::new(),
        (ExpectedValue::Raw(wanted), _) if Some(wanted.as_slice()) == raw => Vec::new(),
        (ExpectedValue::Raw(_), _) => plain(raw.map_or("nothing".to_owned(), |raw| format!("the bytes {}", hex(raw)))),
        (_, None) => plain("nothing".to_owned()),
        (_, Some(Err(why))) => vec![format!("the value cannot be read: {}", words(why))],
        (ExpectedValue::Json(wanted), Some(Ok(Readable::Json(json)))) => json_differences(wanted, json, matching),
        (ExpectedValue::Json(wanted), Some(Ok(Readable::Bytes(text)))) => match serde_json::from_slice(text) {
            Ok(json) => json_differences(wanted, &json, matching),
            Err(_) => plain(format!("{bytes}, which is not JSON")),
        },
        (ExpectedValue::Bytes(wanted), _) if Some(wanted.as_slice()) == raw => Vec::new(),
        (ExpectedValue::Nothing | ExpectedValue::Bytes(_), Some(Ok(Readable::Json(json)))) => {
            plain(words(&json.to_string()))
        }
        (ExpectedValue::Nothing | ExpectedValue::Bytes(_), Some(Ok(Readable::Bytes(_)))) => plain(bytes),
    };
    lines.into_iter()
}

fn json_differences(expected: &Value, found: &Value, matching: Match) -> Vec<String> {
    differences(expected, found, matching).iter().map(ToString::to_string).collect()
}

type Header = (Vec<u8>, Option<Vec<u8>>);

/// The headers of one name have to be the expected ones of it, in order; other names may be there too.
fn headers(expected: &[Header], found: &[Header]) -> Vec<String> {
    let of = |headers: &[Header], name: &[u8]| -> Vec<Option<Vec<u8>>> {
        headers.iter().filter(|(other, _)| other == name).map(|(_, value)| value.clone()).collect()
    };
    let listed = |values: &[Option<Vec<u8>>]| match values {
        [] => "nothing".to_owned(),
        values => {
            let shown = values.iter().map(|value| value.as_deref().map_or("null".to_owned(), shown));
            shown.collect::<Vec<_>>().join(", ")
        }
    };
    let mut lines = Vec::new();
    for (at, (name, _)) in expected.iter().enumerate() {
        let first = expected.iter().position(|(other, _)| other == name) == Some(at);
        let (wanted, there) = (of(expected, name), of(found, name));
        if first && wanted != there {
            let name = printable(name, SHOWN);
            lines.push(format!("header {name}: expected {}, found {}", listed(&wanted), listed(&there)));
        }
    }
    lines
}

fn described(output: &Output) -> String {
    match &output.value {
        None => "a tombstone".to_owned(),
        Some(Ok(Readable::Json(json))) => json.to_string(),
        Some(Ok(Readable::Bytes(bytes))) => shown(bytes),
        Some(Err(why)) => format!("a value that cannot be read: {why}"),
    }
}

fn words(text: &str) -> String {
    printable(text, SHOWN)
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_stand_in_groups_of_three() {
        let grouped = [0, 12, 999, 1_000, 123_456, u64::MAX].map(grouped);
        assert_eq!(grouped, ["0", "12", "999", "1,000", "123,456", "18,446,744,073,709,551,615"]);
    }
}
