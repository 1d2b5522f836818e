//! Which module of the host uses which.

use crate::allowed::{GROUND, TOP, USES};
use crate::finding::{Finding, finding};
use crate::source::{Source, closing, line_at};

/// Uses of a module that lies above, or beside without being listed.
pub fn upward_uses(source: &Source) -> Vec<Finding> {
    let Some(own) = module(&source.path) else { return Vec::new() };
    if TOP.contains(&own) {
        return Vec::new();
    }
    let Some((_, listed)) = USES.iter().find(|(name, _)| *name == own) else {
        let rule = format!("module `{own}` has no line in USES of tests/tidy/allowed.rs");
        return vec![finding(&source.path, 1, rule, "say there what it uses")];
    };
    let ground: &[&str] = if GROUND.contains(&own) { &[] } else { GROUND };
    let mut findings = Vec::new();
    for (line, used) in used_modules(&source.body) {
        if used != own && !listed.contains(&used.as_str()) && !ground.contains(&used.as_str()) {
            let rule = format!("`{own}` uses `crate::{used}`");
            let advice = "let the pipeline pass it in, or list it in USES of tests/tidy/allowed.rs with a reason";
            findings.push(finding(&source.path, line, rule, advice));
        }
    }
    findings
}

/// The module of the host that a file belongs to; `None` for the roots and for files outside.
fn module(path: &str) -> Option<&str> {
    let inner = path.strip_prefix("host/src/")?;
    let name = inner.split('/').next()?.trim_end_matches(".rs");
    (!["lib", "main"].contains(&name)).then_some(name)
}

/// The modules named behind `crate::`, with their lines.
fn used_modules(code: &str) -> Vec<(usize, String)> {
    let mut used = Vec::new();
    for (at, word) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let (line, start) = (line_at(code, at), at + word.len());
        let rest = &code[start..];
        if rest.starts_with('{') {
            let end = closing(code, start).unwrap_or(code.len());
            let inside = &code[start + 1..end.max(start + 2) - 1];
            used.extend(outer_items(inside).into_iter().map(|item| (line, item)));
        } else {
            used.push((line, first_name(rest)));
        }
    }
    used
}

/// The first names of the items of a `use` group, without those of groups inside it.
fn outer_items(inside: &str) -> Vec<String> {
    let (mut depth, mut items, mut item) = (0usize, Vec::new(), String::new());
    for c in inside.chars().chain([',']) {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => items.push(first_name(&std::mem::take(&mut item))),
            c => item.push(c),
        }
    }
    items.retain(|item| !item.is_empty());
    items
}

fn first_name(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        upward_uses(&Source::new(path, text)).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn uses_of_what_lies_above_or_beside_are_found() {
        let text = "use crate::record::Batch;\nuse crate::pipeline::Worker;\nfn f(x: crate::sink::Sink) {}\n";
        let found = found("host/src/decode/run.rs", text);
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0],
            "host/src/decode/run.rs:2: `decode` uses `crate::pipeline`; let the pipeline pass it in, or list it in \
             USES of tests/tidy/allowed.rs with a reason"
        );
        assert!(found[1].starts_with("host/src/decode/run.rs:3: `decode` uses `crate::sink`"), "{found:?}");
    }

    #[test]
    fn listed_uses_and_the_top_are_free() {
        let text = "use crate::{decode::{self, Plan}, encode};\nuse crate::guest::lane;\nuse crate::telemetry;";
        assert!(found("host/src/guest/lane/mod.rs", text).is_empty());
        assert!(found("host/src/pipeline/mod.rs", "use crate::{sink, source, commit};").is_empty());
        assert!(found("host/src/cli.rs", "use crate::pipeline;").is_empty());
        assert!(found("host/src/main.rs", "use crate::pipeline;").is_empty());
    }

    #[test]
    fn groups_are_read_to_the_end() {
        let found =
            found("host/src/sink/mod.rs", "use crate::{\n    record::{Batch, Ticket},\n    source::Source,\n};");
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("`sink` uses `crate::source`"), "{found:?}");
    }

    #[test]
    fn the_ground_does_not_use_stages_or_anything_unlisted() {
        assert_eq!(found("host/src/record.rs", "use crate::schema::Schema;").len(), 1);
        assert!(found("host/src/schema/mod.rs", "use crate::record::Batch;").is_empty());
    }

    #[test]
    fn a_new_module_has_to_say_what_it_uses() {
        assert!(found("host/src/newcomer.rs", "")[0].contains("module `newcomer` has no line in USES"));
    }

    #[test]
    fn tests_may_use_anything() {
        assert!(found("host/src/decode/tests.rs", "use crate::pipeline;").is_empty());
        assert!(found("host/src/decode/mod.rs", "#[cfg(test)]\nmod tests { use crate::sink; }").is_empty());
    }
}
