//! What does not fit between a guest's types and the schemas, field by field.

use std::fmt;

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Field names from the outermost inwards; empty for the value itself.
    pub path: String,
    /// What is wrong, with both types.
    pub what: String,
    /// The writer's schema is at fault, not the guest.
    pub writer: bool,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "value: {}", self.what),
            path => write!(f, "field `{path}`: {}", self.what),
        }
    }
}

/// Collects mismatches while a walk goes down and up the fields.
#[derive(Debug, Default)]
pub struct Report {
    path: Vec<String>,
    mismatches: Vec<Mismatch>,
}

impl Report {
    /// Goes into a field.
    pub fn enter(&mut self, name: &str) {
        self.path.push(name.to_owned());
    }

    /// Comes back out of it.
    pub fn leave(&mut self) {
        self.path.pop();
    }

    /// Whether all fits so far.
    pub fn is_empty(&self) -> bool {
        self.mismatches.is_empty()
    }

    /// How much was reported so far.
    pub fn mark(&self) -> usize {
        self.mismatches.len()
    }

    /// Whether nothing but the writer's schema is at fault since `mark`.
    pub fn only_writer_since(&self, mark: usize) -> bool {
        self.mismatches.iter().skip(mark).all(|m| m.writer)
    }

    /// Takes back what was reported since `mark`.
    pub fn forget(&mut self, mark: usize) {
        self.mismatches.truncate(mark);
    }

    /// All that was reported.
    pub fn into_mismatches(self) -> Vec<Mismatch> {
        self.mismatches
    }

    fn push(&mut self, writer: bool, what: String) {
        let mut path = String::new();
        for part in self.path.iter().filter(|part| !part.is_empty()) {
            if !path.is_empty() && !part.starts_with(['[', '{']) {
                path.push('.');
            }
            path.push_str(part);
        }
        self.mismatches.push(Mismatch { path, what, writer });
    }

    /// The guest's type is not the one that the schema asks for.
    pub fn guest(&mut self, guest: String, schema: String, expected: &str) {
        self.push(false, format!("the guest's type is {guest}, the schema's {schema} is {expected} in WIT"));
    }

    /// The guest names something that the schema does not have.
    pub fn unknown(&mut self, what: &str, name: &str, known: &[String]) {
        let known: Vec<_> = known.iter().map(String::as_str).collect();
        self.push(false, format!("the guest has a {what} `{name}` that the schema lacks; it has {}", known.join(", ")));
    }

    /// The schema has something that the guest must have too.
    pub fn missing(&mut self, what: &str, name: &str, schema: &str) {
        self.push(false, format!("the guest lacks the {what} `{name}` for the schema's {schema}"));
    }

    /// The writer's type cannot become the reader's.
    pub fn writer(&mut self, writer: String, reader: String) {
        self.push(true, format!("the writer's {writer} cannot be read as the reader's {reader}"));
    }

    /// The writer lacks a field that the reader has no default for.
    pub fn no_default(&mut self, field: &str) {
        self.push(true, format!("the writer lacks the field `{field}`, and the reader's schema has no default for it"));
    }

    /// A default is not a value of its field's type.
    pub fn bad_default(&mut self, field: &str, why: &str) {
        self.push(false, format!("the default of field `{field}` is not of its type: {why}"));
    }

    /// An output's field is neither the guest's, nor carried over, nor has it a default.
    pub fn not_filled(&mut self, field: &str, why: &str) {
        self.push(false, format!("nothing fills the output's field `{field}`: {why}"));
    }

    /// A field's type differs between input and output.
    pub fn cannot_carry(&mut self, field: &str, input: String, output: String) {
        let why = format!("the input has {input}, the output {output}");
        self.push(true, format!("field `{field}` cannot be carried over with passthrough: {why}"));
    }

    /// What another walk found, seen from where this one is.
    pub fn adopt(&mut self, mismatches: Vec<Mismatch>) {
        for mismatch in mismatches {
            self.enter(&mismatch.path);
            self.push(mismatch.writer, mismatch.what);
            self.leave();
        }
    }

    /// Something that no plan can be made for.
    pub fn unsupported(&mut self, what: &str) {
        self.push(false, what.to_owned());
    }
}
