//! What a key of pipeline.toml is: the form of the rows in the table of keys.

use std::borrow::Cow;
use std::time::Duration;

/// One key; a section is a key that holds others.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) given: Given,
    /// What it means, in plain sentences of Markdown.
    pub(super) doc: &'static str,
    /// The value part of an example line.
    pub(super) example: &'static str,
    pub(super) support: Support,
}

/// What a key takes.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A table with keys of its own.
    Section(&'static [Key]),
    /// An array of such tables, and how many of them there may be.
    Sections {
        keys: &'static [Key],
        least: usize,
        most: usize,
    },
    /// A table of librdkafka properties.
    Properties,
    /// A table of texts, numbers and booleans under names of the user's own.
    Values,
    /// Small letters, digits, dots, dashes and underscores.
    Name,
    /// Any text but an empty one.
    Text,
    Topic,
    Topics,
    /// Names of topics, and patterns that begin with `^`.
    TopicRules,
    Path,
    OneOf(&'static [Choice]),
    SomeOf(&'static [Choice]),
    Size {
        least: u64,
        most: u64,
    },
    Time {
        least: Duration,
        most: Duration,
    },
    /// A duration, or the word `never`.
    TimeOrNever {
        least: Duration,
        most: Duration,
    },
    /// A number, in thousandths.
    Ratio {
        least: u32,
        most: u32,
    },
    /// A whole number from 1.
    Count {
        most: u64,
    },
    Flag,
    /// Any value of TOML that JSON has too.
    Any,
    Address,
    Brokers,
}

/// What happens without the key.
#[derive(Clone, Copy)]
pub(super) enum Given {
    Required,
    /// Required where another key of the section has one of these values; means nothing with its others.
    RequiredWith(&'static str, &'static [&'static str]),
    /// The default as TOML; it is read like a given value.
    Default(&'static str),
    /// No fixed default: what happens instead.
    Otherwise(&'static str),
}

/// Whether a key or a value works.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Support {
    Now,
    /// Refused by name; the text says what to do until then.
    NotYet(&'static str),
}

/// One allowed value of a key.
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) doc: &'static str,
    pub(super) support: Support,
}

pub(super) const fn key(name: &'static str, kind: Kind, given: Given, doc: &'static str, example: &'static str) -> Key {
    Key { name, kind, given, doc, example, support: Support::Now }
}

pub(super) const fn choice(value: &'static str, doc: &'static str) -> Choice {
    Choice { value, doc, support: Support::Now }
}

impl Key {
    pub(super) const fn not_yet(mut self, instead: &'static str) -> Self {
        self.support = Support::NotYet(instead);
        self
    }

    pub(super) fn is_required(&self) -> bool {
        matches!(self.given, Given::Required)
    }

    /// True for what an example of the section has to show.
    pub(super) fn is_typical(&self) -> bool {
        matches!(self.given, Given::Required | Given::RequiredWith(..))
    }
}

impl Choice {
    pub(super) const fn not_yet(mut self, instead: &'static str) -> Self {
        self.support = Support::NotYet(instead);
        self
    }
}

impl Kind {
    /// The keys of a section.
    pub(super) fn keys(&self) -> Option<&'static [Key]> {
        match self {
            Kind::Section(keys) | Kind::Sections { keys, .. } => Some(keys),
            _ => None,
        }
    }

    /// True for what is written as one string.
    pub(super) fn is_text(&self) -> bool {
        match self {
            Kind::Name | Kind::Text | Kind::Topic | Kind::Path | Kind::OneOf(_) | Kind::Address | Kind::Brokers => true,
            Kind::Size { .. } | Kind::Time { .. } | Kind::TimeOrNever { .. } => true,
            Kind::Section(_) | Kind::Sections { .. } | Kind::Properties | Kind::Values | Kind::Topics => false,
            Kind::TopicRules | Kind::SomeOf(_) | Kind::Count { .. } | Kind::Flag | Kind::Any => false,
            Kind::Ratio { .. } => false,
        }
    }

    /// What the key takes, in words: "must be ...".
    pub(super) fn shape(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Kind::Section(_) | Kind::Properties | Kind::Values => "a table",
            Kind::Sections { .. } => "an array of tables",
            Kind::Name | Kind::Text | Kind::Topic | Kind::Path | Kind::OneOf(_) | Kind::Brokers | Kind::Address => {
                "a string"
            }
            Kind::Topics | Kind::TopicRules | Kind::SomeOf(_) => "an array of strings",
            Kind::Size { .. } => "a size in a string, with its unit",
            Kind::Time { .. } => "a duration in a string, with its unit",
            Kind::TimeOrNever { .. } => "a duration in a string, with its unit, or \"never\"",
            Kind::Ratio { .. } => "a number",
            Kind::Count { most: u64::MAX } => "a whole number from 1",
            Kind::Count { most } => return Cow::Owned(format!("a whole number from 1 to {most}")),
            Kind::Flag => "true or false",
            Kind::Any => "any value but a date",
        })
    }
}
