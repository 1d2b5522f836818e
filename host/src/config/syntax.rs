//! TOML syntax: all errors of a file at once, follow-up errors left out.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::problem::{MOST, Problem, SourceText};

/// What is wrong with the syntax.
#[derive(Default)]
pub(super) struct Broken {
    pub(super) problems: Vec<Problem>,
    /// The first line whose error leaves open which tables the lines after it belong to.
    astray: Option<usize>,
}

/// How the parser speaks of what stands between brackets, and of brackets that are not closed.
const CONTAINERS: &[&str] = &["array", "inline table", "key-value pairs"];
const UNCLOSED: &[&str] = &["unclosed array", "unclosed inline table"];

impl Broken {
    /// One problem a line is enough.
    fn add(&mut self, problem: Problem, leads_astray: bool) {
        if leads_astray && self.astray.is_none() {
            self.astray = Some(problem.line);
        }
        if self.problems.last().is_none_or(|last| last.line != problem.line) {
            self.problems.push(problem);
        }
    }

    /// True where a problem with the meaning may be reported as well. What the parser made of a broken line, or of the
    /// lines after a broken table, is a guess.
    pub(super) fn leaves(&self, problem: &Problem) -> bool {
        let before = self.astray.is_none_or(|line| problem.line < line);
        before && self.problems.iter().all(|broken| broken.line != problem.line)
    }
}

/// Parses the text; what could be read comes back beside the errors.
pub(super) fn parse(source: &SourceText) -> (Spanned<DeTable<'_>>, Broken) {
    let (table, mut errors) = DeTable::parse_recoverable(source.text());
    errors.sort_by_key(start);
    let mut broken = Broken::default();
    // A bracket that is not closed swallows the rest of the file: all that follows is one error.
    let unclosed = unclosed(table.get_ref(), source.text(), &errors);
    let sound = unclosed.as_ref().map_or(usize::MAX, |span| span.start);
    for error in errors.iter().take_while(|error| start(error) < sound).take(MOST) {
        let problem = source.problem(error.span().or(Some(0..0)), message(error), help(error));
        broken.add(problem, !stays_in_place(error));
    }
    if let Some(span) = unclosed {
        let (what, close) = if source.text().get(span.clone()) == Some("{") { ("table", "}") } else { ("array", "]") };
        let help = Some(format!("write `{close}` where it ends"));
        broken.add(source.problem(Some(span), format!("TOML: this {what} is never closed"), help), true);
    }
    (table, broken)
}

fn start(error: &Error) -> usize {
    error.span().map_or(0, |span| span.start)
}

/// The bracket that opens the outermost array or inline table that is never closed.
fn unclosed(table: &DeTable<'_>, text: &str, errors: &[Error]) -> Option<Range<usize>> {
    let is_unclosed = |error: &Error| UNCLOSED.iter().any(|word| error.message().starts_with(word));
    errors.iter().find(|error| is_unclosed(error))?;
    let first = errors.iter().find(|error| CONTAINERS.iter().any(|word| error.message().contains(word)));
    opening(table, text, first.map(start)?)
}

fn opening(table: &DeTable<'_>, text: &str, inside: usize) -> Option<Range<usize>> {
    table.iter().find_map(|(_, value)| {
        let span = value.span();
        let bracket = span.start..span.start + 1;
        let is_open = span.start < inside && inside <= span.end;
        match value.get_ref() {
            DeValue::Array(_) | DeValue::Table(_) if is_open && is_bracket(text, &bracket) => Some(bracket),
            DeValue::Table(inner) => opening(inner, text, inside),
            DeValue::Array(tables) => {
                tables.iter().filter_map(|one| one.get_ref().as_table()).find_map(|inner| opening(inner, text, inside))
            }
            _ => None,
        }
    })
}

/// Not the bracket of a header, which is the span of a section's table.
fn is_bracket(text: &str, at: &Range<usize>) -> bool {
    let line = text.get(..at.start).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
    matches!(text.get(at.clone()), Some("[" | "{")) && line.contains('=')
}

/// True for an error that says nothing about the lines after it.
fn stays_in_place(error: &Error) -> bool {
    let starts = [
        "string values must be quoted",
        "invalid basic string",
        "invalid literal string",
        "missing escaped value",
        "duplicate key",
        "cannot extend",
    ];
    starts.iter().any(|start| error.message().starts_with(start))
}

fn message(error: &Error) -> String {
    let empty = error.span().is_none_or(|span| span.is_empty());
    match error.message() {
        text if text.starts_with("string values must be quoted") && empty => "TOML: the value is missing".to_owned(),
        text if text.starts_with("string values must be quoted") => "TOML: a string must be quoted".to_owned(),
        text => format!("TOML: {text}"),
    }
}

fn help(error: &Error) -> Option<String> {
    let text = error.message();
    let help = if text.starts_with("string values must be quoted") && error.span().is_none_or(|span| span.is_empty()) {
        "write a value after the equals sign, or remove the line"
    } else if text.contains("with a dotted key") {
        "one name is both a value and the start of a longer one: put the whole names in quotes, as in \"group.protocol\""
    } else if text.starts_with("duplicate key") {
        "it stands further up already; keep one of them"
    } else if text.starts_with("string values must be quoted") {
        "write it between double quotes: key = \"value\""
    } else if text.contains("escaped value") {
        "write a backslash as `\\\\`, or use single quotes: 'C:\\path'"
    } else {
        return None;
    };
    Some(help.to_owned())
}
