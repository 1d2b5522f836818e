//! What is wrong with a pipeline file, and where: every problem carries its line, column and a picture of the place.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::snippet::{Snippet, printable, snippet};

/// How many problems are printed in full; a file of another format would fill the screen otherwise.
const SHOWN: usize = 50;

/// How many problems are collected at all: finding the place of each takes time.
pub(super) const MOST: usize = 1000;

/// All problems of one pipeline file, in the order of the file. Its `Display` is meant for people.
#[derive(Default, Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(Vec<Problem>);

/// One problem of a pipeline file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The line, from 1; 0 where the problem is about the file as a whole.
    pub line: usize,
    /// The column in characters, from 1; 0 where the problem is about the file as a whole.
    pub column: usize,
    file: PathBuf,
    snippet: Option<Snippet>,
}

/// A place in a pipeline file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// The text of a pipeline file and its name: turns byte ranges into problems.
#[derive(Clone)]
pub(super) struct SourceText {
    file: PathBuf,
    text: String,
}

/// A problem that does not know its place yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// The part of the value that is meant, in bytes of the parsed value.
    pub(super) within: Option<Range<usize>>,
}

impl Problems {
    /// A problem about the file as a whole, such as one that cannot be read.
    pub fn of_file(file: &Path, message: String, help: Option<String>) -> Self {
        Self(vec![SourceText::new(file, "").problem(None, message, help)])
    }

    pub(super) fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| (problem.line == 0, problem.line, problem.column));
        Self(problems)
    }

    /// The problems one by one, in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never true for problems that were returned as an error.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes over the problems of another check, so that they are reported together.
    pub fn extend(&mut self, others: Problems) {
        self.0.extend(others.0);
    }

    /// What a step gave; its problems join the others, so that all are told at once.
    pub fn keep<T>(&mut self, step: Result<T, Problems>) -> Option<T> {
        step.map_err(|others| self.extend(others)).ok()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.0.iter().take(SHOWN).enumerate() {
            if position > 0 {
                writeln!(out)?;
            }
            write!(out, "{problem}")?;
        }
        match self.0.as_slice() {
            [first, _, ..] => {
                let hidden = self.0.len().saturating_sub(SHOWN);
                write!(out, "\n{}: {} problems", first.file.display(), self.0.len())?;
                if hidden > 0 { writeln!(out, ", {hidden} of them not shown") } else { writeln!(out) }
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "error: {}", self.message)?;
        let gutter = self.line.to_string().len();
        let file = self.file.display();
        match &self.snippet {
            Some(snippet) => {
                writeln!(out, "{:gutter$}--> {file}:{}:{}", "", self.line, self.column)?;
                writeln!(out, "{:gutter$} |", "")?;
                writeln!(out, "{} | {}", self.line, snippet.line)?;
                writeln!(out, "{:gutter$} | {:lead$}{}", "", "", "^".repeat(snippet.width), lead = snippet.lead)?;
            }
            None => writeln!(out, "{:gutter$}--> {file}", "")?,
        }
        if let Some(help) = &self.help {
            for (number, line) in help.lines().enumerate() {
                writeln!(out, "{:gutter$} {} {line}", "", if number == 0 { "= help:" } else { "       " })?;
            }
        }
        Ok(())
    }
}

impl SourceText {
    pub(super) fn new(file: &Path, text: &str) -> Self {
        Self { file: file.to_path_buf(), text: text.to_owned() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn location(&self, offset: usize) -> Location {
        snippet(&self.text, &(offset..offset)).0
    }

    /// A problem at a byte range of the text, or about the whole file where there is none.
    pub(super) fn problem(&self, span: Option<Range<usize>>, message: String, help: Option<String>) -> Problem {
        let (location, snippet) = match span {
            Some(span) => {
                let (location, snippet) = snippet(&self.text, &span);
                (location, Some(snippet))
            }
            None => (Location { line: 0, column: 0 }, None),
        };
        let help = help.map(|help| plain(&help));
        Problem {
            message: plain(&message),
            help,
            line: location.line,
            column: location.column,
            file: self.file.clone(),
            snippet,
        }
    }
}

/// Values of the file stand in messages, so nothing in them may move the cursor or turn the reading order.
fn plain(text: &str) -> String {
    text.chars().map(|character| if character == '\n' { character } else { printable(character) }).collect()
}

/// The text is left out: it may hold secrets.
impl fmt::Debug for SourceText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SourceText({})", self.file.display())
    }
}

impl Complaint {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()), within: None }
    }

    pub(super) fn at(mut self, within: Range<usize>) -> Self {
        self.within = Some(within);
        self
    }
}
