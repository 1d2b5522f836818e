//! Writes what was found into the text of a file of cases. Only the values that are wrong are replaced; comments, layout
//! and all else stay as they are.

use std::ops::Range;

use serde_json::Value;

use super::judge::{Found, Output, outputs_differ, rejections_differ};
use super::make::{Expected, ExpectedValue, Wanted};
use super::render;
use crate::config::{Match, TestCase, TestFile};

/// A file's new text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// The whole text.
    pub text: String,
    /// Cases that were changed, by their number from 0.
    pub changed: Vec<usize>,
    /// Cases that could not be, and why.
    pub left: Vec<(usize, String)>,
}

/// Changes the cases of a file such that they expect what was found. `json`: the sink's values have a schema.
pub fn update(file: &TestFile, found: &[(usize, &Wanted, &Found)], json: bool) -> Updated {
    let mut edits = Vec::new();
    let mut updated = Updated { text: String::new(), changed: Vec::new(), left: Vec::new() };
    for (index, wanted, found) in found {
        let mut editor = Editor { file, index: *index, edits: Vec::new() };
        match editor.case(&file.cases[*index], wanted, found, json) {
            Ok(()) if editor.edits.is_empty() => {
                updated.left.push((*index, "what it expects came out; it only took too much time or fuel".to_owned()));
            }
            Ok(()) => {
                updated.changed.push(*index);
                edits.extend(editor.edits);
            }
            Err(why) => updated.left.push((*index, why)),
        }
    }
    updated.text = apply(file.text(), edits);
    updated
}

/// A range of the text and what stands there instead.
type Edit = (Range<usize>, String);

fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    // Several insertions at one place keep their order.
    edits.sort_by_key(|(range, _)| range.start);
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (range, new) in edits {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(&new);
        at = range.end.max(at);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

struct Editor<'a> {
    file: &'a TestFile,
    index: usize,
    edits: Vec<Edit>,
}

impl Editor<'_> {
    fn case(&mut self, case: &TestCase, wanted: &Wanted, found: &Found, json: bool) -> Result<(), String> {
        let nothing_said = !wanted.says_something();
        if outputs_differ(wanted, found) || nothing_said && !found.outputs.is_empty() {
            let (key, text) = match &case.expect_records {
                Some(_) => ("expect-records", records(wanted, found, json)?),
                None => ("expect", values(wanted, found, json)?),
            };
            self.set(key, &text)?;
        }
        if wanted.dropped && found.dropped.is_empty() {
            self.remove("expect-dropped")?;
        } else if nothing_said && !found.dropped.is_empty() && found.outputs.is_empty() {
            self.set("expect-dropped", "true")?;
        }
        self.rejections(case, wanted, found)?;
        match (&wanted.stopped, &found.stopped) {
            (Some(_), None) => self.remove("expect-stop"),
            (Some(text), Some((_, why))) if why.contains(text.as_str()) => Ok(()),
            (_, Some((_, why))) => self.set("expect-stop", &reason(why)),
            (None, None) => Ok(()),
        }
    }

    fn rejections(&mut self, case: &TestCase, wanted: &Wanted, found: &Found) -> Result<(), String> {
        if !rejections_differ(wanted, found) {
            return Ok(());
        }
        let dead_letter = case.expect_dead_letter.is_some();
        let key = if dead_letter { "expect-dead-letter" } else { "expect-reject" };
        let Some((_, first)) = found.rejected.first() else { return self.remove(key) };
        if found.rejected.iter().any(|(_, other)| other.why != first.why) {
            return Err("its records are rejected for several reasons; make them cases of their own".to_owned());
        }
        let text = match dead_letter {
            true => format!("{{ stage = {}, reason = {} }}", render::string(first.stage), reason(&first.why)),
            false => reason(&first.why),
        };
        self.set(key, &text)
    }

    /// Replaces the value of a key, or adds the key.
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        if let Some(span) = self.file.span(self.index, key) {
            self.line_of(key, span.start)?;
            self.edits.push((span, value.to_owned()));
            return Ok(());
        }
        let inputs = ["input", "records", "name"];
        let anchors = inputs.iter().filter_map(|key| Some((*key, self.file.span(self.index, key)?)));
        let mut lines = anchors.filter_map(|(key, span)| Some((self.line_of(key, span.start).ok()?, span)));
        let (line, span) = lines.next().ok_or("it does not stand in a section of its own; write [[tests]]")?;
        let text = self.file.text();
        let indent: String =
            text.get(line..).unwrap_or_default().chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
        let rest = text.get(span.end..).unwrap_or_default();
        let end = span.end + rest.find('\n').unwrap_or(rest.len());
        let end = end - usize::from(text.get(..end).is_some_and(|line| line.ends_with('\r')));
        self.edits.push((end..end, format!("\n{indent}{key} = {value}")));
        Ok(())
    }

    fn remove(&mut self, key: &str) -> Result<(), String> {
        let Some(span) = self.file.span(self.index, key) else { return Ok(()) };
        let line = self.line_of(key, span.start)?;
        let rest = self.file.text().get(span.end..).unwrap_or_default();
        let end = span.end + rest.find('\n').map_or(rest.len(), |newline| newline + 1);
        self.edits.push((line..end, String::new()));
        Ok(())
    }

    /// Where the line of `key = value` begins, if the key stands there as it is usually written.
    fn line_of(&self, key: &str, value: usize) -> Result<usize, String> {
        let before = self.file.text().get(..value).unwrap_or_default();
        let line = before.rfind('\n').map_or(0, |newline| newline + 1);
        let written = before.get(line..).unwrap_or_default().trim();
        let is_key = written.strip_suffix('=').is_some_and(|name| name.trim_end() == key);
        is_key.then_some(line).ok_or_else(|| format!("`{key}` does not stand as `{key} = ...` on a line of its own"))
    }
}

/// A text that a reason has: one line, its references to variables as plain text.
fn reason(why: &str) -> String {
    let line = why.split(char::is_control).next().unwrap_or_default().trim();
    render::string(&line.replace("${", "$${"))
}

fn values(wanted: &Wanted, found: &Found, json: bool) -> Result<String, String> {
    let each = found.outputs.iter().enumerate();
    let texts = each.map(|(at, output)| render::value(output, partial(wanted, at), json));
    Ok(render::outputs(texts.collect::<Result<_, _>>()?))
}

/// The expected value where only its fields are looked at.
fn partial(wanted: &Wanted, at: usize) -> Option<&Value> {
    match &wanted.outputs.as_ref()?.get(at)?.value {
        Some(ExpectedValue::Json(json)) if wanted.matching == Match::Partial => Some(json),
        _ => None,
    }
}

/// Each output with what the case looked at, new ones as the first.
fn records(wanted: &Wanted, found: &Found, json: bool) -> Result<String, String> {
    let all = wanted.outputs.as_deref().unwrap_or_default();
    let whole = Expected { value: Some(ExpectedValue::Nothing), ..Expected::default() };
    let mut items = Vec::with_capacity(found.outputs.len());
    for (at, output) in found.outputs.iter().enumerate() {
        let expected = all.get(at).or(all.first()).unwrap_or(&whole);
        items.push(record(expected, output, partial(wanted, at), json)?);
    }
    Ok(render::list(&items))
}

fn record(expected: &Expected, output: &Output, partial: Option<&Value>, json: bool) -> Result<String, String> {
    let mut fields = Vec::new();
    if expected.topic.is_some() {
        fields.push(format!("topic = {}", render::string(&output.sent.topic)));
    }
    if expected.key.is_some() {
        fields.push(format!("key = {}", render::key(output.key.as_ref())));
    }
    if !expected.headers.is_empty() {
        let named = |name: &[u8]| expected.headers.iter().any(|(other, _)| other == name);
        let there: Vec<_> = output.sent.headers.iter().filter(|(name, _)| named(name)).cloned().collect();
        fields.push(format!("headers = {}", render::headers(&there)));
    }
    if let Some(timestamp) = output.sent.timestamp.filter(|_| expected.timestamp.is_some()) {
        fields.push(format!("timestamp = {timestamp}"));
    }
    match (&expected.value, &output.sent.value) {
        (None, _) => {}
        (Some(_), None) => fields.push("tombstone = true".to_owned()),
        (Some(ExpectedValue::Raw(_)), Some(raw)) => fields.push(format!("hex = \"{}\"", super::bytes::hex(raw))),
        (Some(_), Some(_)) => fields.push(format!("value = {}", render::value(output, partial, json)?)),
    }
    Ok(format!("{{ {} }}", fields.join(", ")))
}
