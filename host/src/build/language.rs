//! The languages that guests are built from.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A language of guests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// Rust, by cargo.
    Rust,
    /// Go, by its standard compiler.
    Go,
    /// Python, by componentize-py.
    Python,
    /// JavaScript, by componentize-qjs.
    JavaScript,
    /// TypeScript, by tsc and componentize-qjs.
    TypeScript,
    /// C, by clang and wasi-libc.
    C,
}

/// All of them, in the order of the documentation.
pub const LANGUAGES: [Language; 6] =
    [Language::Rust, Language::Go, Language::Python, Language::JavaScript, Language::TypeScript, Language::C];

impl Language {
    /// As it is typed: `rust`, `go`, `python`, `javascript`, `typescript`, `c`.
    pub fn name(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::Go => "go",
            Language::Python => "python",
            Language::JavaScript => "javascript",
            Language::TypeScript => "typescript",
            Language::C => "c",
        }
    }

    /// As it stands in a sentence: `Rust`, `TypeScript`.
    pub fn title(self) -> &'static str {
        match self {
            Language::Rust => "Rust",
            Language::Go => "Go",
            Language::Python => "Python",
            Language::JavaScript => "JavaScript",
            Language::TypeScript => "TypeScript",
            Language::C => "C",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No language of this name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no language `{0}`; there are rust, go, python, javascript, typescript, c")]
pub struct UnknownLanguage(pub String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        LANGUAGES.into_iter().find(|language| language.name() == name).ok_or_else(|| UnknownLanguage(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back_and_others_are_refused_with_all_of_them() {
        for language in LANGUAGES {
            assert_eq!(language.to_string().parse(), Ok(language));
        }
        let why = "cobol".parse::<Language>().unwrap_err().to_string();
        assert_eq!(why, "no language `cobol`; there are rust, go, python, javascript, typescript, c");
    }
}
