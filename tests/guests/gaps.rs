//! What guests of a language cannot do: `tests/conformance/gaps.toml`.

use std::sync::LazyLock;

use harness::paths;
use toml::{Table, Value};

/// A declared gap.
#[derive(Debug)]
pub struct Gap {
    /// The languages that have it.
    pub languages: Vec<String>,
    /// The case of which something is missing.
    pub case: String,
    /// The tests of the case that fail; empty where there is no guest of the case at all.
    pub tests: Vec<String>,
    /// What is said of each of these tests.
    pub says: String,
    /// Why.
    pub reason: String,
}

/// All of them.
pub fn gaps() -> &'static [Gap] {
    static GAPS: LazyLock<Vec<Gap>> = LazyLock::new(|| {
        let file = paths::root().join("tests/conformance/gaps.toml");
        let text = std::fs::read_to_string(&file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        let table: Table = text.parse().unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        table["gaps"].as_array().expect("gaps").iter().map(Gap::of).collect()
    });
    &GAPS
}

/// Why a language has no guest of a case; `None` where it has one.
pub fn no_guest(language: &str, case: &str) -> Option<&'static str> {
    let whole = |gap: &&Gap| gap.tests.is_empty() && gap.case == case;
    gaps().iter().filter(whole).find(|gap| gap.is_of(language)).map(|gap| gap.reason.as_str())
}

impl Gap {
    fn of(value: &Value) -> Gap {
        let table = value.as_table().expect("a table");
        let list = |key: &str| -> Vec<String> {
            let items = table.get(key).and_then(Value::as_array).into_iter().flatten();
            items.map(|item| item.as_str().expect("a text").to_owned()).collect()
        };
        let text = |key: &str| table.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let known = ["languages", "case", "tests", "says", "reason"];
        assert!(table.keys().all(|key| known.contains(&key.as_str())), "{table:?}");
        let gap = Gap {
            languages: list("languages"),
            case: text("case"),
            tests: list("tests"),
            says: text("says"),
            reason: text("reason"),
        };
        assert!(!gap.languages.is_empty() && !gap.case.is_empty() && !gap.reason.is_empty(), "{gap:?}");
        assert_eq!(gap.tests.is_empty(), gap.says.is_empty(), "`tests` and `says` go together: {gap:?}");
        gap
    }

    /// Whether a language has it.
    pub fn is_of(&self, language: &str) -> bool {
        self.languages.iter().any(|name| name == language)
    }
}
