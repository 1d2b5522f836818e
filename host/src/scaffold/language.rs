//! The languages that projects are written in.

use std::fmt;
use std::str::FromStr;

/// A language that guests are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Rust
    Rust,
    /// Go
    Go,
    /// Python
    Python,
    /// JavaScript
    JavaScript,
    /// TypeScript
    TypeScript,
    /// C
    C,
}

impl Language {
    /// All of them, as flags spell them.
    pub const ALL: [(Language, &'static str); 6] = [
        (Language::Rust, "rust"),
        (Language::Go, "go"),
        (Language::Python, "python"),
        (Language::JavaScript, "javascript"),
        (Language::TypeScript, "typescript"),
        (Language::C, "c"),
    ];
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(language, _)| language == self).map_or("", |(_, name)| name))
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text).map(|(language, _)| *language);
        found.ok_or_else(|| format!("a guest's language is one of {}", Self::ALL.map(|(_, name)| name).join(", ")))
    }
}
