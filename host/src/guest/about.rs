//! What a guest's file tells about itself beside its types: size, digest, and who made it with which tools.

use sha2::{Digest, Sha256};
use wasmparser::{KnownCustom, Parser, Payload, ProducersSectionReader};

use super::{imports, wasi};

/// What a file tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Its length in bytes.
    pub size: u64,
    /// Its SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// The language it was written in, with a version where the tools left one; `None` where they left nothing.
    pub language: Option<String>,
    /// The tools that made it, each with its version, in the order of the file.
    pub tools: Vec<(String, String)>,
}

/// An interface that a guest imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its name with the package and the version.
    pub name: String,
    /// The grant it takes, if any.
    pub grant: Option<&'static str>,
    /// Whether the grant is asked for at load; else when the guest calls it.
    pub at_load: bool,
}

/// Makers of components whose own parts are in another language than the guest.
const MAKERS: &[(&str, &str)] = &[
    ("componentize-py", "Python"),
    ("componentize-js", "JavaScript"),
    ("starlingmonkey", "JavaScript"),
    ("spidermonkey", "JavaScript"),
    ("tinygo", "Go"),
];

impl About {
    /// Reads it out of the bytes of a component. What cannot be read is left out: these sections are nobody's promise.
    pub fn of(bytes: &[u8]) -> About {
        let digest = Sha256::digest(bytes);
        let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut about = About { size: bytes.len() as u64, sha256, ..About::default() };
        let mut languages: Vec<(String, String)> = Vec::new();
        // The component and all modules in it.
        for payload in Parser::new(0).parse_all(bytes) {
            let Ok(payload) = payload else { break };
            if let Payload::CustomSection(section) = payload
                && let KnownCustom::Producers(producers) = section.as_known()
            {
                about.producers(producers, &mut languages);
            }
        }
        about.language = about.made_by().or_else(|| languages.first().map(|(name, version)| with(name, version)));
        about
    }

    fn producers(&mut self, producers: ProducersSectionReader<'_>, languages: &mut Vec<(String, String)>) {
        for field in producers.into_iter().flatten() {
            let values = field.values.into_iter().flatten();
            let values = values.map(|value| (value.name.to_owned(), value.version.to_owned()));
            let into = if field.name == "language" { &mut *languages } else { &mut self.tools };
            for value in values {
                if !into.contains(&value) {
                    into.push(value);
                }
            }
        }
    }

    /// The language by a tool that is for one only.
    fn made_by(&self) -> Option<String> {
        let names = self.tools.iter().map(|(name, _)| name.to_ascii_lowercase());
        let found = names.into_iter().find_map(|name| MAKERS.iter().find(|(maker, _)| name.contains(maker)));
        found.map(|(_, language)| (*language).to_owned())
    }
}

/// A name with its version, where there is one.
fn with(name: &str, version: &str) -> String {
    if version.is_empty() { name.to_owned() } else { format!("{name} {version}") }
}

impl Import {
    /// Of this name.
    pub(super) fn named(name: &str) -> Import {
        let (grant, at_load) = match name.strip_prefix("wasi:") {
            Some(short) => (wasi::grant(short.split_once('@').map_or(short, |(short, _)| short)), false),
            None => (imports::grant(name), true),
        };
        Import { name: name.to_owned(), grant, at_load }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A custom section `producers` with one field.
    fn producers(field: &str, values: &[(&str, &str)]) -> Vec<u8> {
        let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        let mut body = text("producers");
        body.push(1);
        body.extend(text(field));
        body.push(u8::try_from(values.len()).unwrap());
        values.iter().for_each(|(name, version)| body.extend([text(name), text(version)].concat()));
        let mut section = vec![0, u8::try_from(body.len()).unwrap()];
        section.extend(body);
        section
    }

    fn module(sections: &[Vec<u8>]) -> Vec<u8> {
        [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat()
    }

    #[test]
    fn producers_tell_language_and_tools() {
        let tools = producers("processed-by", &[("rustc", "1.95.0"), ("wit-bindgen-rust", "0.40")]);
        let about = About::of(&module(&[producers("language", &[("Rust", "")]), tools.clone(), tools]));
        assert_eq!(about.language.as_deref(), Some("Rust"));
        let expected = [("rustc", "1.95.0"), ("wit-bindgen-rust", "0.40")];
        assert_eq!(about.tools, expected.map(|(name, version)| (name.to_owned(), version.to_owned())));
        let python = producers("processed-by", &[("componentize-py", "0.17")]);
        let about = About::of(&module(&[producers("language", &[("C11", "")]), python]));
        assert_eq!(about.language.as_deref(), Some("Python"));
    }

    #[test]
    fn the_digest_is_that_of_the_file_and_broken_sections_are_left_out() {
        let about = About::of(b"abc");
        assert_eq!(about.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!((about.size, about.language, about.tools.len()), (3, None, 0));
        let whole = module(&[producers("language", &[("Rust", "1")])]);
        for end in 0..whole.len() {
            drop(About::of(&whole[..end]));
        }
    }

    #[test]
    fn imports_know_their_grants() {
        let of = |name: &str| (Import::named(name).grant, Import::named(name).at_load);
        assert_eq!(of("wasi:clocks/wall-clock@0.2.6"), (Some("clock"), false));
        assert_eq!(of("wasi:io/streams@0.2.6"), (None, false));
        assert_eq!(of("millstream:pipeline/log@0.1.0"), (Some("log"), true));
        assert_eq!(of("millstream:pipeline/schemas@0.1.0"), (None, true));
    }
}
