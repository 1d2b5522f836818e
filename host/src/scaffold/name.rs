//! A project's name, and the forms it takes.

use super::{Language, NewError};
use crate::contract::names::kebab;

/// Longest name, in characters: it becomes file, package and topic names, which have limits of their own.
const LONGEST: usize = 64;

/// A name that no language has to bend: words of lower-case letters and digits, with single dashes between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// Refuses what is no name, and what the language takes for something else.
    pub fn new(name: &str, language: Language) -> Result<Self, NewError> {
        if !is_legal(name) {
            return Err(NewError::Name { name: name.to_string(), nearest: nearest(name) });
        }
        if let Some(why) = taken(name, language) {
            return Err(NewError::TakenName { name: name.to_string(), why });
        }
        Ok(Self(name.to_string()))
    }

    /// As it was given: `my-stream`.
    pub fn kebab(&self) -> &str {
        &self.0
    }

    /// `my_stream`
    pub fn snake(&self) -> String {
        snake(&self.0)
    }

    /// `MyStream`
    pub fn pascal(&self) -> String {
        pascal(&self.0)
    }

    /// `myStream`
    pub fn camel(&self) -> String {
        camel(&self.0)
    }

    /// As WIT's package names have it, where a word begins with a letter.
    pub(super) fn wit(&self) -> String {
        kebab(&self.0)
    }
}

/// `some_name` of the kebab-case `some-name`.
pub fn snake(kebab: &str) -> String {
    kebab.replace('-', "_")
}

/// `SomeName` of the kebab-case `some-name`.
pub fn pascal(kebab: &str) -> String {
    kebab.split('-').map(capitalised).collect()
}

/// `someName` of the kebab-case `some-name`.
pub fn camel(kebab: &str) -> String {
    let mut words = kebab.split('-');
    words.next().unwrap_or_default().to_string() + &words.map(capitalised).collect::<String>()
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + chars.as_str())
}

fn is_legal(name: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.len() <= LONGEST && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split('-').all(word)
}

fn nearest(name: &str) -> String {
    let short: String = kebab(name).chars().take(LONGEST).collect();
    short.trim_end_matches('-').to_string()
}

/// Why the language cannot have a project of this name.
fn taken(name: &str, language: Language) -> Option<String> {
    let (names, why): (&[&str], _) = match language {
        Language::Rust => (RUST, "Rust has a word or a crate of this name"),
        Language::Go => (GO, "Go gives folders of this name a meaning of their own"),
        Language::Python => (PYTHON, "Python could not tell it from the project's own modules and tools"),
        Language::JavaScript | Language::TypeScript => (NODE, "npm does not take it for a package"),
        Language::C => (C, "the bindings have a file of this name"),
    };
    names.contains(&name).then(|| why.to_string())
}

const RUST: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "wit-bindgen",
    "yield",
    "build",
    "deps",
    "examples",
    "incremental",
];
const GO: &[&str] = &["internal", "main", "vendor", "testdata", "tools", "bindings"];
const PYTHON: &[&str] = &["app", "test-app", "componentize-py", "wit-world"];
const NODE: &[&str] = &["node-modules", "favicon-ico"];
const C: &[&str] = &["transform"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_all_its_forms() {
        let name = Name::new("my-2nd-stream", Language::Rust).unwrap();
        let forms = (name.kebab(), name.snake(), name.pascal(), name.camel(), name.wit());
        let expected = ("my-2nd-stream", "my_2nd_stream", "My2ndStream", "my2ndStream", "my2nd-stream");
        assert_eq!(forms, (expected.0, expected.1.into(), expected.2.into(), expected.3.into(), expected.4.into()));
    }

    #[test]
    fn what_is_no_name_has_one_near_by() {
        let told = |name: &str| Name::new(name, Language::Go).unwrap_err().to_string();
        for (name, nearest) in [
            ("My_Stream", "my-stream"),
            ("payments--eu-", "payments-eu"),
            ("2nd", "x2nd"),
            ("", "x"),
            ("größe", "gr-e"),
            ("../../etc", "etc"),
            ("a/b", "a-b"),
        ] {
            assert!(told(name).ends_with(&format!("for instance `{nearest}`")), "{}", told(name));
        }
        let long = "a".repeat(65);
        assert!(told(&long).ends_with(&format!("for instance `{}`", "a".repeat(64))));
    }

    #[test]
    fn each_language_keeps_some_names() {
        let refused = |name, language| Name::new(name, language).err().map(|error| error.to_string());
        assert_eq!(
            refused("fn", Language::Rust).unwrap(),
            "a project cannot be called `fn`: Rust has a word or a crate of this name; for instance `fn-stream`"
        );
        assert_eq!(refused("fn", Language::Go), None);
        assert!(refused("vendor", Language::Go).is_some());
    }
}
