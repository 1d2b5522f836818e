//! Words that may stand only in certain places.

use crate::allowed::{self, AMBIENT, HOMES, UNSAFE};
use crate::finding::{Finding, finding};
use crate::source::{Source, closing, line_at, lines_with};

/// Clocks, sleep, randomness, and everything that starts something.
const AMBIENT_WORDS: [&str; 13] = [
    "Instant::now",
    "SystemTime::now",
    ".elapsed()",
    "thread::sleep",
    "thread::park_timeout",
    "thread::spawn",
    "thread::scope",
    "thread::Builder",
    "tokio::spawn",
    "time::sleep",
    ".spawn(",
    "RandomState",
    "rand::",
];

/// Calls that end the process on bad input.
const PANICS: [&str; 8] =
    [".unwrap()", ".expect(", ".unwrap_err()", ".expect_err(", "panic!", "unreachable!", "todo!", "unimplemented!"];

/// Channels that grow as long as their reader is slow.
const UNBOUNDED: [&str; 5] = ["channel()", "channel::<", "unbounded", "unbounded_channel", "UnboundedSender"];

/// Crates named outside their folder.
pub fn foreign_crates(source: &Source) -> Vec<Finding> {
    let inner = source.path.strip_prefix("host/src/").unwrap_or(&source.path);
    let mut findings = Vec::new();
    for home in HOMES.iter().filter(|home| !home.places.iter().any(|place| inner.starts_with(place))) {
        for name in home.crates {
            let mut lines = lines_with(&source.body, &format!("{name}::"));
            lines.extend(lines_with(&source.body, &format!("use {name}")));
            lines.sort_unstable();
            lines.dedup();
            for line in lines {
                let rule = format!("`{name}` outside {} ({})", home.places.join(", "), home.reason);
                findings.push(finding(&source.path, line, rule, "hide it behind a type of that folder"));
            }
        }
    }
    findings
}

/// `unsafe` outside its places.
pub fn unsafe_code(source: &Source) -> Vec<Finding> {
    if UNSAFE.iter().any(|(place, _)| source.path.starts_with(place)) {
        return Vec::new();
    }
    each(&source.path, &source.code, &["unsafe"], "is allowed only in the places of UNSAFE", "use a safe wrapper")
}

/// Clocks, sleeps, randomness and threads outside the named files.
pub fn ambient_effects(source: &Source) -> Vec<Finding> {
    if AMBIENT.iter().any(|(place, _)| source.path == *place) {
        return Vec::new();
    }
    let advice = "take the time, the randomness or the thread as an argument, or add the file with a reason";
    each(
        &source.path,
        &source.body,
        &AMBIENT_WORDS,
        "is allowed only in the files of AMBIENT in tests/tidy/allowed.rs",
        advice,
    )
}

/// Exceptions for files that no longer need them.
pub fn stale_exceptions(host: &[Source]) -> Vec<Finding> {
    let uses = |path: &str, words: &[&str]| {
        let mut own = host.iter().filter(|source| source.path.starts_with(path));
        own.any(|source| words.iter().any(|word| !lines_with(&source.body, word).is_empty()))
    };
    let own = UNSAFE.iter().filter(|(path, _)| path.starts_with("host/"));
    let stale = own.map(|(path, _)| (*path, uses(path, &["unsafe"])));
    let stale = stale.chain(AMBIENT.iter().map(|(path, _)| (*path, uses(path, &AMBIENT_WORDS))));
    let report =
        |path| finding("tests/tidy/allowed.rs", 1, format!("the exception for {path} is not needed"), "remove it");
    stale.filter(|(_, used)| !used).map(|(path, _)| report(path)).collect()
}

/// Calls that panic.
pub fn panics(source: &Source) -> Vec<Finding> {
    let excepted = |word: &str| allowed::PANICS.iter().any(|(path, own, _)| source.path == *path && word == *own);
    let words: Vec<&str> = PANICS.into_iter().filter(|word| !excepted(word)).collect();
    each(&source.path, &source.body, &words, "panics", "return an error that says what happened and where")
}

/// Queues without a bound.
pub fn unbounded_queues(source: &Source) -> Vec<Finding> {
    let mut findings = each(&source.path, &source.body, &UNBOUNDED, "has no bound", "use a queue with a bound");
    // `oneshot` holds one value, and a bound given as an argument is a bound.
    let lines: Vec<&str> = source.body.lines().collect();
    findings.retain(|finding| {
        let line = lines.get(finding.line - 1).copied().unwrap_or_default();
        let typed_with_bound = line.contains("channel::<") && !line.contains(">()");
        !(line.contains("oneshot::channel") || typed_with_bound)
    });
    findings.dedup_by_key(|finding| finding.line);
    findings
}

/// Tests that do not run.
pub fn ignored_tests(source: &Source) -> Vec<Finding> {
    each(&source.path, &source.code, &["#[ignore"], "turns a test off", "make it pass or delete it")
}

/// Exceptions to lints that do not say why.
pub fn silent_exceptions(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for open in ["#[allow(", "#![allow(", "#[expect(", "#![expect("] {
        for (at, _) in source.code.match_indices(open) {
            let end = closing(&source.code, at + open.len() - 1).unwrap_or(source.code.len());
            if !source.code[at..end].contains("reason") {
                let advice = "write `#[expect(lint, reason = \"why\")]`";
                let rule = format!("`{})]` without a reason", &source.code[at..end].trim_end_matches(')'));
                findings.push(finding(&source.path, line_at(&source.code, at), rule, advice));
            }
        }
    }
    findings
}

/// More than one place where bindings are generated.
pub fn scattered_bindings(host: &[Source]) -> Vec<Finding> {
    let all =
        host.iter().flat_map(|source| lines_with(&source.body, "bindgen!").into_iter().map(move |line| (source, line)));
    let extra = all.skip(1);
    let report = |(source, line): (&Source, usize)| {
        finding(&source.path, line, "a second `bindgen!`", "generate bindings in one place and export its types")
    };
    extra.map(report).collect()
}

fn each(path: &str, code: &str, words: &[&str], broken: &str, advice: &str) -> Vec<Finding> {
    let mut findings: Vec<Finding> = words
        .iter()
        .flat_map(|word| lines_with(code, word).into_iter().map(move |line| (line, word)))
        .map(|(line, word)| finding(path, line, format!("`{word}` {broken}"), advice))
        .collect();
    findings.sort_by_key(|finding| finding.line);
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rule: fn(&Source) -> Vec<Finding>, path: &str, text: &str) -> Vec<usize> {
        rule(&Source::new(path, text)).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn foreign_crates_are_found() {
        let text = "// wasmtime::Engine\nuse wasmtime::Engine;\nfn f(e: rdkafka::Message) {}\nlet wasmtime: &str;\nuse apache_avro as a;\n";
        assert_eq!(lines(foreign_crates, "host/src/pipeline/mod.rs", text), [3, 2, 5]);
        assert_eq!(lines(foreign_crates, "host/src/guest/engine.rs", text), [3, 5]);
        assert_eq!(lines(foreign_crates, "host/src/pipeline/tests.rs", text), [0usize; 0]);
        let found = foreign_crates(&Source::new("host/src/a.rs", "use wasmtime::Engine;"));
        assert_eq!(
            found[0].to_string(),
            "host/src/a.rs:1: `wasmtime` outside guest/ (the engine can change without the path around it); hide it \
             behind a type of that folder"
        );
    }

    #[test]
    fn unsafe_code_is_found_in_tests_too() {
        let text = "#![deny(unsafe_code)]\n// unsafe\n#[cfg(test)]\nmod tests { unsafe fn f() {} }\n";
        assert_eq!(lines(unsafe_code, "host/src/record.rs", text), [4]);
        assert_eq!(lines(unsafe_code, "host/src/guest/lane/lower.rs", text), [0usize; 0]);
    }

    #[test]
    fn ambient_effects_are_found() {
        let text = "let a = Instant::now();\nstd::thread::sleep(x);\nhandle.spawn(async {});\nfn f(now: Instant) {}\nlet d = a.elapsed();";
        assert_eq!(lines(ambient_effects, "host/src/commit/ledger.rs", text), [1, 2, 3, 5]);
        assert_eq!(lines(ambient_effects, "host/src/telemetry/logs.rs", text), [0usize; 0]);
    }

    #[test]
    fn stale_exceptions_are_found() {
        let found = stale_exceptions(&[Source::new("host/src/telemetry/logs.rs", "SystemTime::now()")]);
        assert!(
            found.iter().any(|finding| finding.rule == "the exception for host/src/telemetry/admin.rs is not needed")
        );
        assert!(!found.iter().any(|finding| finding.rule.contains("telemetry/logs.rs")));
    }

    #[test]
    fn panics_are_found_outside_tests() {
        let text = "a.unwrap();\nb.unwrap_or(1);\nc.expect(\"x\");\nunreachable!();\ntodo!();\n#[test]\nfn t() { a.unwrap() }\n#[expect(x)]";
        assert_eq!(lines(panics, "host/src/a.rs", text), [1, 3, 4, 5]);
        assert_eq!(lines(panics, "host/src/kafka/native.rs", text), [1, 3, 5], "an exception is for one word");
    }

    #[test]
    fn unbounded_queues_are_found() {
        let text = "mpsc::channel();\nmpsc::channel::<u8>();\nmpsc::unbounded_channel();\nunbounded::<u8>();\n\
                    mpsc::channel(16);\nmpsc::channel::<u8>(16);\noneshot::channel::<()>();\nmpsc::sync_channel(1);\n";
        assert_eq!(lines(unbounded_queues, "host/src/a.rs", text), [1, 2, 3, 4]);
    }

    #[test]
    fn ignored_tests_are_found() {
        assert_eq!(
            lines(ignored_tests, "host/src/a.rs", "#[test]\n#[ignore]\nfn a() {}\n#[ignore = \"slow\"]"),
            [2, 4]
        );
    }

    #[test]
    fn silent_exceptions_are_found() {
        let text = "#[allow(dead_code)]\n#[expect(unused, reason = \"why\")]\n#![allow(\n    a,\n    reason = \"b\"\n)]\n#[expect(c)]\nx.expect(1)";
        assert_eq!(lines(silent_exceptions, "tests/a.rs", text), [1, 7]);
        let found = silent_exceptions(&Source::new("a.rs", "#[allow(dead_code)]"));
        assert_eq!(
            found[0].to_string(),
            "a.rs:1: `#[allow(dead_code)]` without a reason; write `#[expect(lint, reason = \"why\")]`"
        );
    }

    #[test]
    fn scattered_bindings_are_found() {
        let one = Source::new("host/src/guest/bindings.rs", "bindgen!({});");
        let two = Source::new("host/src/guest/other.rs", "\nwasmtime::component::bindgen!({});");
        assert!(scattered_bindings(std::slice::from_ref(&one)).is_empty());
        assert_eq!(scattered_bindings(&[one, two])[0].line, 2);
    }
}
