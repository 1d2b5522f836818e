//! Names of topics, and the topics that outputs may go to.

use regex_lite::{Regex, RegexBuilder};

use super::plan::TopicRule;
use super::problem::Complaint;

/// Kafka's own limit for the name of a topic.
const LONGEST: usize = 249;

/// Bytes of a compiled pattern; keeps nested repetitions from making each match slow.
const LARGEST_PATTERN: usize = 256 << 10;

/// Which topics outputs may go to.
#[derive(Debug, Clone)]
pub(super) struct Allowed {
    names: Vec<String>,
    patterns: Vec<Regex>,
    /// No pattern reaches these.
    never: Vec<String>,
}

impl Allowed {
    /// The sink's `own` topic and what the rules say, without the topics that are `never` written to. Nothing where a
    /// pattern is broken.
    pub(super) fn new(own: &str, rules: &[TopicRule], never: Vec<String>) -> Option<Self> {
        let mut allowed = Self { names: vec![own.to_owned()], patterns: Vec::new(), never };
        for rule in rules {
            match rule {
                TopicRule::Name(name) => allowed.names.push(name.clone()),
                TopicRule::Pattern(pattern) => allowed.patterns.push(compile(pattern).ok()?),
            }
        }
        Some(allowed)
    }

    pub(super) fn allows(&self, topic: &str) -> bool {
        let named = || self.names.iter().any(|name| name == topic);
        let matched = || legal(topic).is_ok() && self.patterns.iter().any(|pattern| pattern.is_match(topic));
        named() || (!self.never.iter().any(|name| name == topic) && matched())
    }
}

impl TopicRule {
    pub(super) fn of(text: &str) -> Self {
        if text.starts_with('^') { Self::Pattern(text.to_owned()) } else { Self::Name(text.to_owned()) }
    }
}

/// Checks the name of one topic.
pub(super) fn name(label: &str, text: &str) -> Result<String, Complaint> {
    if text.starts_with('^') {
        let message = format!("{label}: the pattern {text:?} is not yet supported");
        return Err(Complaint::new(message, "list the topics by their full names"));
    }
    match legal(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(help) => Err(Complaint::new(format!("{label}: {text:?} is not a legal topic name"), help)),
    }
}

/// Checks a name or a pattern.
pub(super) fn rule(label: &str, text: &str) -> Result<String, Complaint> {
    if !text.starts_with('^') {
        return name(label, text);
    }
    match compile(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => {
            let help = "write a regular expression, e.g. \"^payments\\\\..*\"; a name without `^` is taken as it is";
            Err(Complaint::new(format!("{label}: the pattern {text:?} is not understood: {error}"), help))
        }
    }
}

/// Says what Kafka has against a name.
fn legal(text: &str) -> Result<(), &'static str> {
    let known = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    match text {
        "" => Err("it is empty"),
        "." | ".." => Err("Kafka does not allow \".\" and \"..\""),
        _ if text.len() > LONGEST => Err("Kafka allows 249 characters at most"),
        _ if !text.chars().all(known) => Err("Kafka allows letters, digits, `.`, `_` and `-`"),
        _ => Ok(()),
    }
}

/// A pattern that matches whole names only. It is compiled alone first: with the parentheses around it, one that closes
/// them itself would pass.
fn compile(pattern: &str) -> Result<Regex, regex_lite::Error> {
    let build = |text: &str| RegexBuilder::new(text).size_limit(LARGEST_PATTERN).build();
    build(pattern)?;
    build(&format!("^(?:{pattern})$"))
}
