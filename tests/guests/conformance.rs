//! The conformance kit over the guests of every language: all of its tests pass, or fail as `gaps.toml` says. The table
//! of languages and cases in `guests/README.md` is made from it: `make conformance` writes it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use harness::paths;
use millstream::conformance::{self, KITS, Kit, Verdict};
use millstream::guest::Engine;

use crate::gaps::{gaps, no_guest};
use crate::language::{LANGUAGES, Language, languages};

const BEGIN: &str = "<!-- conformance: written by `make conformance` -->\n";
const END: &str = "<!-- end of conformance -->\n";

/// One for all tests. Compiled guests are kept where other tests keep theirs.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let cache = paths::root().join("target/rig/cache/millstream");
    std::fs::create_dir_all(&cache).expect("the cache's folder");
    Engine::start(Some(&cache)).expect("the engine")
});

/// Runs a case over a language's guest.
fn verdicts(language: Language, kit: &Kit) -> Vec<Verdict> {
    let guest = paths::root().join(format!("guests/{}/{1}/{1}.wasm", language.name, kit.name));
    let mut verdicts = Vec::new();
    let done = conformance::run(&ENGINE, kit, &guest, &mut |verdict| verdicts.push(verdict));
    done.unwrap_or_else(|why| panic!("{} in {}: {why}", kit.name, language.name));
    verdicts
}

/// What is not as `gaps.toml` says.
fn surprises(language: Language, kit: &Kit, verdicts: &[Verdict]) -> Vec<String> {
    let mut surprises = Vec::new();
    let here: Vec<_> = gaps().iter().filter(|gap| gap.case == kit.name && gap.is_of(language.name)).collect();
    let place = format!("{} in {}", kit.name, language.name);
    for verdict in verdicts {
        let declared = here.iter().find(|gap| gap.tests.contains(&verdict.name));
        match (declared, verdict.failures.as_slice()) {
            (None, []) => {}
            (None, failures) => surprises.push(format!("{place}: {}: {}", verdict.name, failures.join("; "))),
            (Some(_), []) => surprises.push(format!("{place}: {}: the gap has gone: take it out", verdict.name)),
            (Some(gap), failures) => {
                let failures = failures.join("; ");
                if !failures.contains(&gap.says) {
                    surprises.push(format!("{place}: {}: it does not say {:?}: {failures}", verdict.name, gap.says));
                }
            }
        }
    }
    for test in here.iter().flat_map(|gap| &gap.tests) {
        if !verdicts.iter().any(|verdict| verdict.name == *test) {
            surprises.push(format!("{place}: the gap {test:?} is of a test that is not there"));
        }
    }
    surprises
}

/// What the table says of a language's guest.
fn cell(verdicts: &[Verdict]) -> String {
    let failed = verdicts.iter().filter(|verdict| !verdict.failures.is_empty()).count();
    match failed {
        0 => format!("all {}", verdicts.len()),
        failed => format!("{} of {}", verdicts.len() - failed, verdicts.len()),
    }
}

const NO_GUEST: &str = "no guest";

/// The row of a case: a cell for each language that is known.
fn row(kit: &Kit, cells: &BTreeMap<&str, String>) -> String {
    let cells = LANGUAGES.map(|language| cells.get(language.name).cloned().unwrap_or_else(|| NO_GUEST.to_owned()));
    format!("| `{}` | {} |\n", kit.name, cells.join(" | "))
}

fn head() -> String {
    let names = LANGUAGES.map(|language| language.name);
    format!("| Case | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len()))
}

/// The gaps as a list, from `gaps.toml` alone.
fn listed() -> String {
    let mut out = "\nGaps:\n\n".to_owned();
    for gap in gaps() {
        let tests: Vec<String> = gap.tests.iter().map(|test| format!("\"{test}\"")).collect();
        let what = if tests.is_empty() { NO_GUEST.to_owned() } else { tests.join(", ") };
        out.push_str(&format!("- `{}` in {}: {what}. Why: {}.\n", gap.case, gap.languages.join(", "), gap.reason));
    }
    out
}

fn readme() -> (std::path::PathBuf, String) {
    let file = paths::root().join("guests/README.md");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    (file, text)
}

/// The part of the page between the markers, and what stands around it.
fn parts(text: &str) -> (&str, &str, &str) {
    let (before, rest) = text.split_once(BEGIN).unwrap_or_else(|| panic!("no `{BEGIN}` in guests/README.md"));
    let (table, after) = rest.split_once(END).unwrap_or_else(|| panic!("no `{END}` in guests/README.md"));
    (before, table, after)
}

#[test]
fn every_guest_passes_or_its_gap_is_declared() {
    let mut surprises = Vec::new();
    let mut rows = Vec::new();
    for kit in KITS {
        let mut cells = BTreeMap::new();
        for language in languages(kit.name) {
            let verdicts = verdicts(language, kit);
            assert!(verdicts.len() >= 15, "{} in {}: {} tests", kit.name, language.name, verdicts.len());
            surprises.extend(self::surprises(language, kit, &verdicts));
            cells.insert(language.name, cell(&verdicts));
        }
        rows.push((kit, cells));
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
    let (file, page) = readme();
    let (before, table, after) = parts(&page);
    if std::env::var_os("MILLSTREAM_CONFORMANCE_WRITE").is_some() {
        for (kit, cells) in &rows {
            let missing =
                LANGUAGES.iter().find(|one| !cells.contains_key(one.name) && no_guest(one.name, kit.name).is_none());
            assert!(missing.is_none(), "the table needs all languages: MILLSTREAM_LANGUAGES=all");
        }
        let rows: String = rows.iter().map(|(kit, cells)| row(kit, cells)).collect();
        let page = format!("{before}{BEGIN}{}{rows}{}{END}{after}", head(), listed());
        std::fs::write(&file, page).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        return;
    }
    // The columns of the languages that this run is about; the others' are looked at by runs about those.
    for (kit, cells) in rows {
        let line = table.lines().find(|line| line.starts_with(&format!("| `{}` |", kit.name)));
        let line = line.unwrap_or_else(|| panic!("{} is not in the table: run `make conformance`", kit.name));
        let there: Vec<&str> = line.split('|').skip(2).map(str::trim).collect();
        for (at, language) in LANGUAGES.iter().enumerate() {
            let Some(wanted) = cells.get(language.name) else { continue };
            assert_eq!(
                there.get(at),
                Some(&wanted.as_str()),
                "{} in {}: run `make conformance`",
                kit.name,
                language.name
            );
        }
    }
}

#[test]
fn the_table_lists_all_gaps_and_no_others() {
    let (_, page) = readme();
    let (_, table, _) = parts(&page);
    assert!(table.starts_with(&head()) && table.ends_with(&listed()), "run `make conformance`");
    assert_eq!(table.lines().filter(|line| line.starts_with("| `")).count(), KITS.len());
    for kit in KITS {
        let line = table.lines().find(|line| line.starts_with(&format!("| `{}` |", kit.name))).expect("a row");
        let cells: Vec<&str> = line.split('|').skip(2).map(str::trim).collect();
        for (at, language) in LANGUAGES.iter().enumerate() {
            let is_gap = no_guest(language.name, kit.name).is_some();
            assert_eq!(cells[at] == NO_GUEST, is_gap, "{} in {}", kit.name, language.name);
        }
    }
}
