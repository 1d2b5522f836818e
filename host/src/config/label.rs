//! Keys as problems name them.

use super::key::Kind;
use super::spec::ROOT;
use super::test_keys::TESTS;

/// Tables inside of sections that have a header of their own.
const TABLES: &[&str] = &["kafka.client", "kafka.consumer", "kafka.producer", "sink.json"];

/// Arrays of tables inside of sections.
const ARRAYS: &[&str] = &["retry.phase"];

/// A key as problems name it: `[source] topics`, `[[stage]] limits.memory`, `[kafka.client] linger.ms`. Where `several`
/// stages stand in the file, it says which one: `[[stage]] 2 guest`.
pub(super) fn label(path: &str, several: bool) -> String {
    for table in TABLES {
        match path.strip_prefix(table).map(|rest| rest.split_at_checked(1)) {
            Some(None) => return format!("`[{table}]`"),
            Some(Some((".", key))) => return format!("`[{table}] {key}`"),
            _ => {}
        }
    }
    for array in ARRAYS {
        if let Some(rest) = path.strip_prefix(array) {
            let (index, key) =
                rest.trim_start_matches('.').split_once('.').unwrap_or((rest.trim_start_matches('.'), ""));
            let number = index.parse::<usize>().map_or(String::new(), |index| format!(" {}", index + 1));
            let space = if key.is_empty() { "" } else { " " };
            return format!("`[[{array}]]{number}{space}{key}`");
        }
    }
    let (section, rest) = path.split_once('.').unwrap_or((path, ""));
    let (first, after) = rest.split_once('.').unwrap_or((rest, ""));
    let number = first.parse::<usize>().ok().filter(|_| is_repeated(section));
    let key = if number.is_some() { after } else { rest };
    // Cases are many as a rule, and the one that is meant has to be found.
    let number =
        number.filter(|_| several || section == TESTS.name).map_or(String::new(), |index| format!(" {}", index + 1));
    let space = if key.is_empty() { "" } else { " " };
    format!("`{}{number}{space}{key}`", header(section))
}

/// A key with the value it was given: `[source] format = "json"`.
pub(super) fn assigned(label: &str, text: &str) -> String {
    format!("`{} = {text:?}`", label.trim_matches('`'))
}

/// The header of a section: `[source]`, `[[stage]]`.
pub(super) fn header(section: &str) -> String {
    if is_repeated(section) { format!("[[{section}]]") } else { format!("[{section}]") }
}

fn is_repeated(section: &str) -> bool {
    ROOT.iter().any(|key| key.name == section && matches!(key.kind, Kind::Sections { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_several_stages_has_its_number() {
        assert_eq!(label("stage.1.limits.memory", true), "`[[stage]] 2 limits.memory`");
        assert_eq!(label("stage.1", true), "`[[stage]] 2`");
        assert_eq!(label("stage.0.guest", false), "`[[stage]] guest`");
        assert_eq!((label("stage.0", false), label("stage", true)), ("`[[stage]]`".into(), "`[[stage]]`".into()));
        assert_eq!(label("stage.config", false), "`[[stage]] config`");
    }

    #[test]
    fn an_array_inside_of_a_section_is_named_by_its_header() {
        assert_eq!(label("retry.phase.1.delay", true), "`[[retry.phase]] 2 delay`");
        assert_eq!(
            (label("retry.phase.0", false), label("retry.phase", false)),
            ("`[[retry.phase]] 1`".into(), "`[[retry.phase]]`".into())
        );
    }

    #[test]
    fn tables_with_a_header_of_their_own_are_named_by_it() {
        assert_eq!(label("kafka.client.linger.ms", false), "`[kafka.client] linger.ms`");
        assert_eq!(label("kafka.client", false), "`[kafka.client]`");
        assert_eq!(label("sink.json.pretty", true), "`[sink.json] pretty`");
        assert_eq!(
            (label("kafka.clients", false), label("sink", false)),
            ("`[kafka] clients`".into(), "`[sink]`".into())
        );
    }
}
