//! The names that one interface or world sees: its own, and those it uses from elsewhere.

use std::collections::{HashMap, HashSet};

use super::PIPELINE_VERSION;
use super::types::free;
use crate::contract::names::escape;

/// Where a type is defined. The order is that of the `use` lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Origin {
    /// Right here.
    Here,
    /// The guest's interface `types`.
    Types,
    /// `millstream:pipeline/generic`
    Generic,
    /// `millstream:pipeline/envelope`
    Envelope,
    /// `millstream:pipeline/types`
    Pipeline,
}

/// A type expression whose names are not yet looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Expression(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(&'static str),
    Name(Origin, String),
}

impl Expression {
    pub fn of(text: &'static str) -> Self {
        Self(vec![Part::Text(text)])
    }

    pub fn named(origin: Origin, name: &str) -> Self {
        Self(vec![Part::Name(origin, name.to_string())])
    }

    pub fn text(&mut self, text: &'static str) {
        self.0.push(Part::Text(text));
    }

    pub fn name(&mut self, origin: Origin, name: &str) {
        self.0.push(Part::Name(origin, name.to_string()));
    }

    /// `list<...>`, `option<...>`.
    pub fn within(mut self, before: &'static str, after: &'static str) -> Self {
        self.0.insert(0, Part::Text(before));
        self.0.push(Part::Text(after));
        self
    }

    fn names(&self) -> impl Iterator<Item = (Origin, &str)> {
        self.0.iter().filter_map(|part| match part {
            Part::Name(origin, name) => Some((*origin, name.as_str())),
            Part::Text(_) => None,
        })
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Scope {
    home: Origin,
    taken: HashSet<String>,
    names: HashMap<(Origin, String), String>,
    used: Vec<(Origin, String, String)>,
}

impl Scope {
    /// The scope of the interface `home`, or of the guest's world or interface, with the names of its own.
    pub fn new(home: Origin, own: impl IntoIterator<Item = String>) -> Self {
        Self { home, taken: own.into_iter().collect(), names: HashMap::new(), used: Vec::new() }
    }

    /// Brings the names of these expressions into the scope, under another name where theirs is taken.
    ///
    /// The pipeline's come first, so that they are called the same in every guest that allows it.
    pub fn bring<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expression>) {
        let mut wanted: Vec<(Origin, &str)> = expressions.into_iter().flat_map(Expression::names).collect();
        let here = |origin: &Origin| *origin == Origin::Here || *origin == self.home;
        // Stable: within an origin the order of first use is kept.
        wanted.sort_by_key(|(origin, _)| std::cmp::Reverse(*origin));
        wanted.retain(|(origin, _)| !here(origin));
        for (origin, name) in wanted {
            let key = (origin, name.to_string());
            if self.names.contains_key(&key) {
                continue;
            }
            let local = match (self.taken.insert(name.to_string()), origin) {
                (true, _) => name.to_string(),
                (false, Origin::Types) => free(&format!("{name}-record"), &mut self.taken),
                (false, _) => free(&format!("pipeline-{name}"), &mut self.taken),
            };
            self.used.push((origin, name.to_string(), local.clone()));
            self.names.insert(key, local);
        }
    }

    /// The lines `use ...;` for all that was brought.
    pub fn uses(&self) -> String {
        let mut text = String::new();
        for origin in [Origin::Types, Origin::Generic, Origin::Envelope, Origin::Pipeline] {
            let path = match origin {
                Origin::Here => continue,
                Origin::Types => "types".to_string(),
                Origin::Generic => format!("millstream:pipeline/generic@{PIPELINE_VERSION}"),
                Origin::Envelope => format!("millstream:pipeline/envelope@{PIPELINE_VERSION}"),
                Origin::Pipeline => format!("millstream:pipeline/types@{PIPELINE_VERSION}"),
            };
            let of_it = self.used.iter().filter(|(from, ..)| *from == origin);
            let names: Vec<String> = of_it
                .map(|(_, name, local)| match name == local {
                    true => escape(name),
                    false => format!("{} as {local}", escape(name)),
                })
                .collect();
            if !names.is_empty() {
                text.push_str(&format!("    use {path}.{{{}}};\n", names.join(", ")));
            }
        }
        text
    }

    /// What a type from elsewhere is called here, if it was brought.
    pub fn local(&self, origin: Origin, name: &str) -> Option<&str> {
        self.names.get(&(origin, name.to_string())).map(String::as_str)
    }

    /// The expression as it stands in this scope.
    pub fn text(&self, expression: &Expression) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.to_string(),
            Part::Name(Origin::Here, name) => escape(name),
            Part::Name(origin, name) => self.names.get(&(*origin, name.clone())).map_or(escape(name), |n| escape(n)),
        };
        expression.0.iter().map(part).collect()
    }
}
