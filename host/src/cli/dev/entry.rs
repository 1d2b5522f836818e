//! A record before and after, as text.

use serde_json::{Map, Value};

use crate::pipeline::offline::{Outcome, Rejected};
use crate::pipeline::plain::Readable;
use crate::telemetry::printable::printable;

/// Longest value that is shown on a line, in bytes.
const LINE: usize = 2000;
/// Names of fields that are listed, at most.
const NAMES: usize = 12;
/// Outputs of one record that are shown, at most.
const OUTPUTS: usize = 10;

/// Escapes of a terminal, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colours(pub(super) bool);

impl Colours {
    pub(super) fn red(self, text: &str) -> String {
        self.paint("31", text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    fn yellow(self, text: &str) -> String {
        self.paint("33", text)
    }

    fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// What a record was, as far as it can be read.
pub(super) struct Before<'a> {
    pub(super) at: &'a str,
    pub(super) key: Option<&'a [u8]>,
    /// `None`: a tombstone.
    pub(super) value: Option<Result<Readable, String>>,
}

/// An output's topic where it is not the sink's own, and its value.
pub(super) struct After {
    pub(super) topic: Option<String>,
    pub(super) value: Option<Result<Readable, String>>,
}

/// The lines of a record: where it was, what it was, what it became.
pub(super) fn lines(before: &Before<'_>, outcome: &Outcome, after: &[After], rejected_to: &str, c: Colours) -> String {
    let key = before.key.map_or(String::new(), |key| format!(" key {}", printable(key, 200)));
    let mut text = format!("\n{}\n  before {}\n", c.faint(&format!("{}{key}", before.at)), shown(&before.value));
    match outcome {
        Outcome::Stopped(_) => text.push_str(&format!("  {}\n", c.red("stops the pipeline"))),
        Outcome::Again(why) => text.push_str(&format!("  {}: {}\n", c.red("is tried again"), printable(why, LINE))),
        Outcome::Rejected(Rejected { stage, guest, kind, why }) => {
            let of = guest.as_ref().map_or(String::new(), |guest| format!(" of {guest}"));
            let why = printable(why, LINE);
            text.push_str(&format!("  {} by {stage}{of} ({kind}): {why}; {rejected_to}\n", c.red("rejected")));
        }
        Outcome::Outputs(_) if after.is_empty() => text.push_str(&format!("  {}\n", c.yellow("dropped"))),
        Outcome::Outputs(_) => {
            after.iter().take(OUTPUTS).for_each(|after| text.push_str(&output(&before.value, after, c)));
            if let Some(more) = after.len().checked_sub(OUTPUTS).filter(|more| *more > 0) {
                text.push_str(&format!("  ... and {more} more outputs\n"));
            }
        }
    }
    text
}

fn output(before: &Option<Result<Readable, String>>, after: &After, c: Colours) -> String {
    let to = after.topic.as_ref().map_or(String::new(), |topic| format!(" -> {topic}"));
    let mut text = format!("  after  {}{to}\n", shown(&after.value));
    let (Some(Ok(Readable::Json(Value::Object(old)))), Some(Ok(Readable::Json(Value::Object(new))))) =
        (before, &after.value)
    else {
        return text;
    };
    let difference = difference(old, new, c);
    if !difference.is_empty() {
        text.push_str(&format!("         {difference}\n"));
    }
    text
}

/// The fields that changed (`~`), came (`+`) and went (`-`).
fn difference(old: &Map<String, Value>, new: &Map<String, Value>, c: Colours) -> String {
    let mark = |name: &str, sign: &str| format!("{sign}{}", printable(name, 200));
    let changed = new.iter().filter(|(name, value)| old.get(*name).is_some_and(|was| was != *value));
    let came = new.keys().filter(|name| !old.contains_key(*name));
    let went = old.keys().filter(|name| !new.contains_key(*name));
    let mut marks: Vec<String> = changed.map(|(name, _)| c.yellow(&mark(name, "~"))).collect();
    marks.extend(came.map(|name| c.green(&mark(name, "+"))));
    marks.extend(went.map(|name| c.red(&mark(name, "-"))));
    let more = marks.len().saturating_sub(NAMES);
    marks.truncate(NAMES);
    if more > 0 {
        marks.push(format!("... and {more} more"));
    }
    marks.join(" ")
}

fn shown(value: &Option<Result<Readable, String>>) -> String {
    match value {
        None => "(no value)".to_owned(),
        Some(Ok(Readable::Json(json))) => printable(json.to_string(), LINE),
        Some(Ok(Readable::Bytes(bytes))) => printable(bytes, LINE),
        Some(Err(why)) => format!("(cannot be read: {})", printable(why, LINE)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pipeline::offline::Sent;

    fn record(value: Value) -> Before<'static> {
        Before { at: "numbers[2]@7", key: Some(b"a\x1b"), value: Some(Ok(Readable::Json(value))) }
    }

    fn after(value: Value) -> After {
        After { topic: None, value: Some(Ok(Readable::Json(value))) }
    }

    const SENT: fn() -> Outcome = || Outcome::Outputs(Vec::<Sent>::new());

    #[test]
    fn what_changed_came_and_went_is_marked() {
        let text = lines(
            &record(json!({"n": 1, "same": 2, "gone": 3})),
            &SENT(),
            &[after(json!({"n": 2, "same": 2, "new": 4}))],
            "",
            Colours(false),
        );
        let wanted = "\nnumbers[2]@7 key a\\u{1b}\n  before {\"n\":1,\"same\":2,\"gone\":3}\n  \
                      after  {\"n\":2,\"same\":2,\"new\":4}\n         ~n +new -gone\n";
        assert_eq!(text, wanted);
        assert!(
            lines(&record(json!({"n": 1})), &SENT(), &[after(json!({"n": 1}))], "", Colours(false)).ends_with("1}\n")
        );
    }

    #[test]
    fn a_rejection_says_by_what_why_and_where_it_went() {
        let why = Rejected { stage: "transform", guest: Some("mask".into()), kind: "reject", why: "no\ncard".into() };
        let text = lines(&record(json!(1)), &Outcome::Rejected(why), &[], "dead letter in `dlq`", Colours(false));
        assert!(
            text.ends_with("\n  rejected by transform of mask (reject): no\\ncard; dead letter in `dlq`\n"),
            "{text}"
        );
    }

    #[test]
    fn dropped_records_tombstones_other_topics_and_what_cannot_be_read_are_told() {
        let text = lines(&record(json!(1)), &SENT(), &[], "", Colours(false));
        assert!(text.ends_with("  dropped\n"), "{text}");
        let before = Before { at: "t[0]@0", key: None, value: None };
        let outputs = [
            After { topic: Some("other".into()), value: Some(Ok(Readable::Bytes(b"x".to_vec()))) },
            After { topic: None, value: Some(Err("short".into())) },
        ];
        let text = lines(&before, &SENT(), &outputs, "", Colours(false));
        let wanted = "\nt[0]@0\n  before (no value)\n  after  x -> other\n  after  (cannot be read: short)\n";
        assert_eq!(text, wanted);
    }

    #[test]
    fn many_outputs_and_many_fields_are_cut() {
        let outputs: Vec<After> = (0..12).map(|n| after(json!(n))).collect();
        let text = lines(&record(json!(1)), &SENT(), &outputs, "", Colours(false));
        assert!(text.ends_with("  ... and 2 more outputs\n"), "{text}");
        let wide: Map<String, Value> = (0..20).map(|n| (format!("f{n}"), json!(n))).collect();
        let text = lines(&record(json!({})), &SENT(), &[after(wide.into())], "", Colours(false));
        assert!(text.ends_with("+f11 ... and 8 more\n"), "{text}");
    }

    #[test]
    fn colours_are_escapes_only_where_there_is_a_terminal() {
        let painted = lines(&record(json!(1)), &SENT(), &[], "", Colours(true));
        assert!(painted.contains("\x1b[33mdropped\x1b[0m"), "{painted}");
    }
}
