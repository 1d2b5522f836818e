//! pipeline.toml: from the text to a checked plan, with all problems reported at once and each with its place.
//!
//! One table of keys (`spec`) is behind the reading, the JSON Schema for editors and the reference page, so that they
//! cannot disagree.

mod any;
mod checks;
mod client_properties;
mod cross;
mod guest_config;
mod interpolate;
mod json_schema;
mod key;
mod label;
pub(crate) mod nearest;
mod plan;
mod problem;
mod properties;
mod reader;
mod reference;
mod settings;
mod snippet;
mod spec;
mod syntax;
mod test_file;
mod test_keys;
mod topics;
mod units;

#[cfg(test)]
mod tests;

use std::path::Path;

use interpolate::References;
use plan::Places;
use problem::SourceText;
use reader::Reader;

pub use client_properties::SECRET_PROPERTIES;
pub use json_schema::json_schema;
pub use plan::{Brokers, Commit, Delivery, Errors, Kafka, Pipeline, Reject};
pub use plan::{Format, Framing, JsonEncoding, JsonOptions, Sink, Source, Start, TopicRule};
pub use plan::{Grants, Stage};
pub use problem::{Location, Problem, Problems};
pub use reference::reference;
pub use test_file::{GivenRecord, Match, TestCase, TestFile, WantedDeadLetter, WantedRecord};

/// Reads and checks a pipeline file with the environment of this process.
pub fn load(path: &Path) -> Result<Pipeline, Problems> {
    let help = "name a pipeline file, e.g. `millstream check pipeline.toml`";
    parse(&text_of(path, "pipeline file", help)?, path, &|name| std::env::var(name).ok())
}

/// Reads and checks a file of cases, `tests.toml`.
pub fn load_tests(path: &Path) -> Result<TestFile, Problems> {
    let text = text_of(path, "file of tests", "correct its permissions, or remove it")?;
    parse_tests(&text, path)
}

/// Checks the text of a file of cases. `path` is its name.
pub fn parse_tests(text: &str, path: &Path) -> Result<TestFile, Problems> {
    let source = SourceText::new(path, text);
    let (table, broken) = syntax::parse(&source);
    let folder = path.parent().unwrap_or(Path::new(""));
    let env = |name: &str| std::env::var(name).ok();
    let mut reader = Reader::new(&source, References { env: &env, folder }, !broken.problems.is_empty());
    reader.read_as(table.get_ref(), test_keys::FILE);
    reader.check_tests();
    let Reader { settings, spans, mut problems, counts, .. } = reader;
    problems.retain(|problem| broken.leaves(problem));
    problems.extend(broken.problems);
    if !problems.is_empty() {
        return Err(Problems::new(problems));
    }
    drop(table);
    Ok(settings.tests(&counts, Places { source, spans }, path.to_path_buf()))
}

fn text_of(path: &Path, what: &str, help: &str) -> Result<String, Problems> {
    let bytes = std::fs::read(path).map_err(|error| {
        Problems::of_file(path, format!("the {what} cannot be read: {error}"), Some(help.to_owned()))
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        let message = format!("the {what} is not UTF-8 text: the first wrong byte is in line {line}");
        Problems::of_file(path, message, Some("save it as UTF-8".to_owned()))
    })
}

/// Checks the text of a pipeline file. `path` is its name: relative paths start at its folder. `env` is the environment.
pub fn parse(text: &str, path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Pipeline, Problems> {
    let source = SourceText::new(path, text);
    let folder = path.parent().unwrap_or(Path::new(""));
    let (table, broken) = syntax::parse(&source);
    let mut reader = Reader::new(&source, References { env, folder }, !broken.problems.is_empty());
    reader.read(table.get_ref());
    reader.cross_check();
    let Reader { settings, spans, mut problems, stages, counts, .. } = reader;
    problems.retain(|problem| broken.leaves(problem));
    problems.extend(broken.problems);
    if !problems.is_empty() {
        return Err(Problems::new(problems));
    }
    drop(table);
    let (places, file) = (Places { source, spans }, path.to_path_buf());
    let tests = settings.tests(&counts, places.clone(), file.clone());
    settings.pipeline(stages, tests, places, file).ok_or_else(|| {
        let message = "the pipeline file could not be understood, though nothing in it is wrong".to_owned();
        Problems::of_file(
            path,
            message,
            Some("this is a fault of Millstream: please report it with the file".to_owned()),
        )
    })
}
