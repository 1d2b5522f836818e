//! Pages that have to agree with the code.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, finding};
use crate::json::{parse, properties};
use crate::source::Source;

/// Folders beside the cases of a language.
const NO_CASES: [&str; 6] = ["src", "wit", "schemas", "vendor", "tools", ".cargo"];

/// Guests that have no README and no line in the table.
pub fn unlisted_guests(paths: &[&str], table: &str) -> Vec<Finding> {
    let mut cases = BTreeSet::new();
    for path in paths {
        if let ["guests", language, case, _, ..] = path.split('/').collect::<Vec<_>>()[..]
            && !NO_CASES.contains(&case)
        {
            cases.insert(format!("{language}/{case}"));
        }
    }
    cases
        .retain(|case| !paths.contains(&format!("guests/{case}/README.md").as_str()) && !table.contains(case.as_str()));
    let rule = |case: &String| format!("guest `{case}` is not listed and has no README");
    let report = |case| finding("guests/README.md", 1, rule(case), "add it to the table with what it shows");
    cases.iter().map(report).collect()
}

/// Metrics that the code names and the page does not.
pub fn undocumented_metrics(host: &[Source], page: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in host.iter().filter(|source| !source.body.is_empty()) {
        for (line, number) in source.text.lines().zip(1..) {
            for quoted in line.split('"').skip(1).step_by(2).filter(|quoted| is_metric(quoted)) {
                if !page.contains(&format!("`{quoted}`")) {
                    let advice = "declare it in telemetry/catalog.rs and run `make docs`";
                    findings.push(finding(
                        &source.path,
                        number,
                        format!("`{quoted}` is not in docs/metrics.md"),
                        advice,
                    ));
                }
            }
        }
    }
    findings
}

fn is_metric(text: &str) -> bool {
    text.strip_prefix("millstream_")
        .is_some_and(|rest| rest.len() > 2 && rest.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
}

/// Configuration keys of the schema that the page does not name.
pub fn undocumented_keys(schema: &str, page: &str) -> Vec<Finding> {
    let Some(json) = parse(schema) else {
        return vec![finding("pipeline.schema.json", 1, "is not JSON", "run `make docs`")];
    };
    let keys: BTreeSet<&str> = properties(&json).into_iter().collect();
    if keys.is_empty() {
        return vec![finding("pipeline.schema.json", 1, "has no properties", "run `make docs`")];
    }
    let missing = keys.into_iter().filter(|key| !names_key(page, key));
    let report = |key| finding("docs/pipeline.toml.md", 1, format!("key `{key}` is not named"), "describe it");
    missing.map(report).collect()
}

/// True when a page names a key as code: `key`, `[section.key]`, `section.key` or `key = …`.
fn names_key(page: &str, key: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    page.match_indices(key).any(|(at, _)| {
        let (before, after) = (&page[..at], &page[at + key.len()..]);
        let code = before.ends_with(['`', '[', '.', '"']) || after.trim_start_matches([' ', '"']).starts_with('=');
        code && !before.ends_with(part) && !after.starts_with(part)
    })
}

/// Rows that name no test, or a test that does not exist.
///
/// A row is `| S0-01 | tests/cluster::name, host/src/decode::other | …`. A test is named by the file or folder that it
/// stands in (as much of it as tells it apart, also none) and its function. A row that is not done says `open`.
pub fn unproven_requirements(page: &str, texts: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut rows = BTreeSet::new();
    let mut report =
        |line, rule: String, advice: &str| findings.push(finding("docs/requirements.md", line, rule, advice));
    for (line, number) in page.lines().zip(1..) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", id, proof, ..] = cells[..] else { continue };
        if !is_row_id(id) {
            continue;
        }
        if !rows.insert(id) {
            report(number, format!("row {id} stands twice"), "join the two");
        }
        let tests: Vec<&str> = proof.split([',', ' ', '`']).filter(|word| word.contains("::")).collect();
        if tests.is_empty() && !proof.starts_with("open") {
            report(number, format!("row {id} names no test"), "name one, or write `open`");
        }
        for test in tests.into_iter().filter(|test| !exists(test, texts)) {
            report(number, format!("row {id}: test `{test}` does not exist"), "correct the name or write the test");
        }
    }
    if rows.is_empty() {
        report(
            1,
            "has no rows".to_owned(),
            "write a table with a row `| S0-01 | tests/cluster::name | … |` for each requirement",
        );
    }
    findings
}

fn is_row_id(text: &str) -> bool {
    let Some((group, number)) = text.split_once('-') else { return false };
    let (letters, digits) = group.split_at(group.len().min(1));
    let numeric = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    letters.bytes().all(|b| b.is_ascii_uppercase()) && numeric(digits) && numeric(number)
}

fn exists(test: &str, texts: &BTreeMap<String, String>) -> bool {
    let Some((place, name)) = test.rsplit_once("::") else { return false };
    let place = place.trim_matches(':').replace("::", "/");
    let patterns = [format!("fn {name}("), format!("def {name}("), format!("void {name}(")];
    texts.iter().filter(|(path, _)| format!("/{path}").contains(&format!("/{place}"))).any(|(path, text)| {
        let code = [".rs", ".py", ".java"].iter().any(|end| path.ends_with(end));
        code && patterns.iter().any(|pattern| text.contains(pattern.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unlisted_guests_are_found() {
        let paths = [
            "guests/README.md",
            "guests/rust/Cargo.toml",
            "guests/rust/enrich/src/lib.rs",
            "guests/rust/subset/src/lib.rs",
            "guests/go/filter/main.go",
            "guests/go/filter/README.md",
            "guests/c/src/main.c",
        ];
        let found = unlisted_guests(&paths, "| Rust | [enrich](rust/enrich) |");
        assert_eq!(
            found[0].to_string(),
            "guests/README.md:1: guest `rust/subset` is not listed and has no README; add it to the table with what it shows"
        );
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn undocumented_metrics_are_found() {
        let text =
            "const A: &str = \"millstream_known_total\";\nlet b = (\"x\", \"millstream_new\");\n// millstream_words\n";
        let found = undocumented_metrics(&[Source::new("host/src/a.rs", text)], "| `millstream_known_total` |");
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().starts_with("host/src/a.rs:2: `millstream_new` is not in docs/metrics.md"));
    }

    #[test]
    fn undocumented_keys_are_found() {
        let schema = r#"{ "properties": { "source": { "properties": { "topics": {}, "start": {}, "max": {} } } } }"#;
        let page = "## `[source]`\n\n    topics = []\n\nWe start at the maximum.";
        let found: Vec<String> = undocumented_keys(schema, page).iter().map(Finding::to_string).collect();
        assert_eq!(
            found,
            [
                "docs/pipeline.toml.md:1: key `max` is not named; describe it",
                "docs/pipeline.toml.md:1: key `start` is not named; describe it"
            ]
        );
        assert_eq!(undocumented_keys("{", page).len(), 1);
        assert_eq!(undocumented_keys("{}", page).len(), 1);
    }

    #[test]
    fn unproven_requirements_are_found() {
        let text = "fn all_arrive() {}\n".to_owned();
        let texts = BTreeMap::from([("tests/cluster/delivery.rs".to_owned(), text)]);
        let page = "| Row | Test | Note |\n|---|---|---|\n\
                    | S0-01 | `tests/cluster::all_arrive` | fine |\n\
                    | S0-02 | tests/cluster::delivery::all_arrive, tests/path::all_arrive | second is elsewhere |\n\
                    | S0-03 | open | later |\n\
                    | S0-04 | soon | hm |\n\
                    | S0-05 | tests/cluster::all_arr | no such |\n\
                    | S0-05 | open | twice |\n";
        let found: Vec<String> = unproven_requirements(page, &texts).iter().map(Finding::to_string).collect();
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found[0].contains(":4: row S0-02: test `tests/path::all_arrive` does not exist"), "{found:?}");
        assert!(found[1].contains(":6: row S0-04 names no test"), "{found:?}");
        assert!(found[2].contains(":7: row S0-05: test `tests/cluster::all_arr` does not exist"), "{found:?}");
        assert!(found[3].contains(":8: row S0-05 stands twice"), "{found:?}");
        assert!(unproven_requirements("nothing", &texts)[0].rule.contains("has no rows"));
    }
}
