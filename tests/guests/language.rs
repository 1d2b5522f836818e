//! What guests are written in, and which languages a run of these tests is about.
//!
//! `MILLSTREAM_LANGUAGES` names them, with commas between, or is `all`; without it, Rust. A language that is named has
//! to be built: a guest that is missing fails its test. What a language cannot do yet stands in `tests/conformance/gaps.toml`.

use std::collections::BTreeSet;

use harness::paths;

use crate::gaps::no_guest;

/// A language of guests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language {
    /// Its folder below `guests`.
    pub name: &'static str,
    /// The largest integer that it holds exactly.
    pub largest: i64,
}

pub const RUST: Language = Language { name: "rust", largest: i64::MAX };

/// 2^53 - 1: numbers of JavaScript are doubles.
const SAFE: i64 = (1 << 53) - 1;

/// All of them.
pub const LANGUAGES: [Language; 6] = [
    RUST,
    Language { name: "go", largest: i64::MAX },
    Language { name: "python", largest: i64::MAX },
    Language { name: "javascript", largest: SAFE },
    Language { name: "typescript", largest: SAFE },
    Language { name: "c", largest: i64::MAX },
];

/// Cases that only Rust shows: they are about the pipeline, and no language makes a difference to them.
const RUST_ONLY: [&str; 3] = ["csv", "dedup", "subset"];

/// Languages in which a guest throws, and answers with other types than its world's. `throwing` is a guest that does, for
/// the tests alone.
const THROWING: [&str; 3] = ["python", "javascript", "typescript"];

/// The languages that this run is about.
pub fn wanted() -> Vec<Language> {
    let wanted = std::env::var("MILLSTREAM_LANGUAGES").unwrap_or_else(|_| "rust".to_owned());
    let mut chosen = Vec::new();
    for name in wanted.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let known: Vec<_> = LANGUAGES.into_iter().filter(|language| name == "all" || language.name == name).collect();
        assert!(!known.is_empty(), "MILLSTREAM_LANGUAGES names `{name}`; known are all and {LANGUAGES:?}");
        chosen.extend(known);
    }
    chosen
}

/// Those of them that have the case.
pub fn languages(case: &str) -> Vec<Language> {
    let mut chosen = wanted();
    chosen.retain(|language| has(*language, case));
    for language in &chosen {
        let wasm = paths::root().join(format!("guests/{}/{case}/{case}.wasm", language.name));
        assert!(wasm.is_file(), "{} is missing: run `make guests-{}`", wasm.display(), language.name);
    }
    chosen
}

fn has(language: Language, case: &str) -> bool {
    if let Some(why) = no_guest(language.name, case) {
        eprintln!("{case} is not there in {}: {why}", language.name);
        return false;
    }
    if case == "throwing" {
        return THROWING.contains(&language.name);
    }
    language == RUST || !RUST_ONLY.contains(&case)
}

/// The folders with a pipeline below a language's own.
fn cases(language: Language) -> BTreeSet<String> {
    let folder = paths::root().join("guests").join(language.name);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let cases =
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.join("pipeline.toml").is_file());
    cases.map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect()
}

#[test]
fn every_language_has_every_case_or_a_gap_that_is_told() {
    let all = cases(RUST);
    assert!(all.len() >= 6, "{all:?}");
    for language in LANGUAGES {
        let wanted: BTreeSet<String> = all.iter().filter(|case| has(language, case)).cloned().collect();
        assert_eq!(cases(language), wanted, "{}", language.name);
    }
}

#[test]
fn a_case_has_the_same_world_in_every_language() {
    for language in LANGUAGES {
        for case in cases(language) {
            let world = |name: &str| {
                let file = paths::root().join(format!("guests/{name}/{case}/wit/world.wit"));
                std::fs::read_to_string(&file).unwrap_or_else(|why| panic!("{}: {why}", file.display()))
            };
            assert_eq!(world(language.name), world("rust"), "{case} in {}", language.name);
        }
    }
}
