//! Settings with which a guest must not start: `refusals.toml` of a case.

use toml::{Table, Value};

/// A setting that the guest has to refuse in its `init`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// What it shows.
    pub name: String,
    /// The guest's whole table `config`, sorted.
    pub config: Vec<(String, String)>,
    /// A text in the reason.
    pub expect: String,
}

/// Reads `[[refusals]]`. `None`: the text is not of that form.
pub(super) fn read(text: &str) -> Option<Vec<Refusal>> {
    let table: Table = text.parse().ok()?;
    let of = |refusal: &Value| {
        let text = |key: &str| refusal.get(key)?.as_str().map(str::to_owned);
        let pairs = refusal.get("config")?.as_table()?.iter();
        let mut config =
            pairs.map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect::<Option<Vec<_>>>()?;
        config.sort();
        Some(Refusal { name: text("name")?, config, expect: text("expect")? })
    };
    table.get("refusals")?.as_array()?.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::KITS;

    #[test]
    fn the_cases_own_can_be_read() {
        let all: Vec<Refusal> = KITS
            .iter()
            .filter_map(|kit| kit.text("refusals.toml"))
            .flat_map(|text| read(text).expect("refusals"))
            .collect();
        assert!(all.len() >= 4, "{all:?}");
        assert_eq!(read("[[refusals]]\nname = \"a\"\nexpect = \"b\""), None);
    }
}
