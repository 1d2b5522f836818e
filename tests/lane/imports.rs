//! What guests import from `millstream:pipeline`, called by guests: log, metrics, config, schemas.

use std::sync::Arc;
use std::time::{Duration, Instant};

use millstream::guest::{Allowance, CallError, Schemas};
use millstream::telemetry::metrics::{Build, Exporter};
use tracing::Level;

use super::echo::parse;
use super::probe::{MEMORY, Probe, allowance};
use super::recorder::{Line, recorded};

/// Runs a body once and gives what it logged from `level` up, the drop of its instance included.
fn logged(text: &str, body: &str, level: Level, allowance: Allowance) -> (Result<(), CallError>, Vec<Line>) {
    let (done, mut lines) = recorded(level, || Probe::of(text, body, allowance).call());
    // The host's own, before the guest runs.
    lines.retain(|line| line.message != "guest compiled");
    (done, lines)
}

fn messages(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.message.as_str()).collect()
}

/// A loop of so many rounds; `$i` counts down from there to 1.
fn times(rounds: u32, body: &str) -> String {
    format!(
        "(local.set $i (i32.const {rounds}))
        (loop $next {body} (local.set $i (i32.sub (local.get $i) (i32.const 1))) (br_if $next (local.get $i)))"
    )
}

#[test]
fn each_level_is_a_level_of_the_log() {
    let all: String =
        (0..5).map(|level| format!("(call $log (i32.const {level}) (i32.const 64) (i32.const 5))")).collect();
    let (done, lines) = logged("hello", &all, Level::TRACE, allowance());
    done.unwrap();
    let levels: Vec<Level> = lines.iter().map(|line| line.level).collect();
    assert_eq!(levels, [Level::TRACE, Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR]);
    for line in &lines {
        let expected = ("guest", "hello", "pipeline=test stage=guest");
        assert_eq!((line.target.as_str(), line.message.as_str(), line.fields.as_str()), expected);
    }
}

#[test]
fn lines_that_are_not_shown_use_up_nothing() {
    let body = times(1000, "(call $log (i32.const 1) (i32.const 64) (i32.const 3))");
    let (done, lines) = logged(
        "one",
        &format!("{body} (call $log (i32.const 2) (i32.const 64) (i32.const 3))"),
        Level::INFO,
        allowance(),
    );
    done.unwrap();
    assert_eq!(messages(&lines), ["one"]);
}

#[test]
fn a_message_is_one_line_of_printable_text() {
    let text = "a\nb\x1b[2Jc\u{202e}";
    let body = format!("(call $log (i32.const 4) (i32.const 64) (i32.const {}))", text.len());
    let (done, lines) = logged(text, &body, Level::INFO, allowance());
    done.unwrap();
    assert_eq!(messages(&lines), [r"a\nb\u{1b}[2Jc\u{202e}"]);
}

#[test]
fn a_long_message_is_cut_and_a_huge_one_is_a_trap() {
    let body = "(memory.fill (i32.const 64) (i32.const 120) (i32.const 1000000))
        (call $log (i32.const 2) (i32.const 64) (i32.const 1000000))";
    let (done, lines) = logged("", body, Level::INFO, allowance());
    done.unwrap();
    assert!(lines[0].message.len() <= 4096 && lines[0].message.ends_with("x... (995944 bytes more)"), "{lines:?}");

    let body = "(drop (memory.grow (i32.const 256))) (call $log (i32.const 2) (i32.const 64) (i32.const 0x1000000))";
    let (done, lines) = logged("", body, Level::INFO, allowance());
    let expected = "trap: the guest handed the host more than 4 MiB in one call of an import";
    assert_eq!(done.unwrap_err().to_string(), expected);
    assert_eq!(messages(&lines), [""; 0]);
}

#[test]
fn a_message_outside_of_memory_or_of_broken_text_is_a_trap() {
    for (body, why) in [
        (format!("(call $log (i32.const 2) (i32.const {}) (i32.const 2))", MEMORY - 1), "out of bounds of memory"),
        ("(call $log (i32.const 2) (i32.const 64) (i32.const -1))".into(), "out of bounds of memory"),
        (
            "(i32.store8 (i32.const 64) (i32.const 255)) (call $log (i32.const 2) (i32.const 64) (i32.const 1))".into(),
            "invalid utf-8",
        ),
        ("(call $log (i32.const 5) (i32.const 64) (i32.const 1))".into(), "discriminant"),
    ] {
        let (done, lines) = logged("", &body, Level::INFO, allowance());
        let error = done.unwrap_err().to_string();
        assert!(error.starts_with("bad-result: the guest broke the canonical ABI: ") && error.contains(why), "{error}");
        assert!(lines.is_empty(), "{lines:?}");
    }
}

#[test]
fn a_call_and_a_second_have_their_lines() {
    let body = times(30, "(call $log (i32.const 2) (i32.const 64) (i32.const 4))");
    let (told, lines) = recorded(Level::INFO, || {
        let mut probe = Probe::of("line", &body, allowance());
        let start = Instant::now();
        for _ in 0..200 {
            probe.call().unwrap();
        }
        start.elapsed()
    });
    let dropped: u64 = lines.iter().filter_map(|line| line.fields.split_once("dropped=")?.1.parse::<u64>().ok()).sum();
    let logged = lines.iter().filter(|line| line.message == "line").count();
    assert_eq!(dropped + logged as u64, 200 * 30, "every line is written or counted");
    // One hundred in each second that was touched.
    assert!(logged <= 100 * (told.as_secs() as usize + 2), "{logged} lines in {told:?}");
    let last = lines.last().expect("a line");
    assert_eq!(last.message, "lines of the guest were dropped: it may write 20 in a call and 100 in a second");
    assert!(last.fields.starts_with("pipeline=test stage=guest dropped="), "{last:?}");
}

#[test]
fn ten_million_lines_in_one_call_end_with_its_time() {
    let body = times(10_000_000, "(call $log (i32.const 4) (i32.const 64) (i32.const 5000))");
    let start = Instant::now();
    let time = Duration::from_millis(300);
    let (done, lines) = logged("flood", &body, Level::TRACE, Allowance { time, ..allowance() });
    let error = done.expect_err("it must time out").to_string();
    assert_eq!(error, "timeout: the guest ran longer than its time limit of 300ms");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(lines.len(), 21, "twenty lines, and one that says how many were dropped");
}

fn exporter() -> Exporter {
    Exporter::new(Build { version: "0", commit: "0", wasmtime: "48" })
}

/// The exported lines of a stage `s` that runs these bodies, each in an instance of its own.
fn counted(text: &str, bodies: &[&str]) -> (Vec<String>, Vec<Line>) {
    let exporter = exporter();
    let series = exporter.pipeline("p", "t").guest_series("s");
    let ((), lines) = recorded(Level::INFO, || {
        for body in bodies {
            Probe::of(text, body, Allowance { series: series.clone(), ..allowance() }).call().unwrap();
        }
    });
    let text = exporter.render();
    let own = text.lines().filter_map(|line| line.split_once(r#"pipeline="p",tenant="t",stage="s",name="#));
    (own.map(|(family, value)| format!("{family}{value}")).collect(), lines)
}

#[test]
fn instances_count_into_the_same_series() {
    let add = "(call $add (i32.const 64) (i32.const 4) (i64.const 40))";
    let set = "(call $set (i32.const 64) (i32.const 4) (f64.const -1.5))";
    let observe = "(call $observe (i32.const 64) (i32.const 4) (f64.const 3))";
    let body = format!("{add} {set} {observe}");
    let (own, lines) = counted("seen", &[&body, &body, "(call $set (i32.const 64) (i32.const 4) (f64.const inf))"]);
    for expected in [
        r#"millstream_guest_counter_total{"seen"} 80"#,
        r#"millstream_guest_gauge{"seen"} inf"#,
        r#"millstream_guest_histogram_count{"seen"} 2"#,
        r#"millstream_guest_histogram_sum{"seen"} 6.0"#,
        r#"millstream_guest_histogram_bucket{le="2.5","seen"} 0"#,
        r#"millstream_guest_histogram_bucket{le="5.0","seen"} 2"#,
    ] {
        assert!(own.iter().any(|line| line == expected), "{expected} in {own:#?}");
    }
    assert!(lines.is_empty(), "{lines:?}");
}

#[test]
fn values_that_are_no_numbers_are_left_out() {
    let (own, lines) = counted(
        "seen",
        &["(call $set (i32.const 64) (i32.const 4) (f64.const 7)) (call $set (i32.const 64) (i32.const 4) (f64.const nan))
           (call $observe (i32.const 64) (i32.const 4) (f64.const nan)) (call $observe (i32.const 64) (i32.const 4) (f64.const inf))"],
    );
    assert!(own.contains(&r#"millstream_guest_gauge{"seen"} 7.0"#.into()), "{own:?}");
    assert!(own.contains(&r#"millstream_guest_histogram_count{"seen"} 0"#.into()), "{own:?}");
    assert!(lines.is_empty(), "{lines:?}");
}

/// Writes `$i` in letters behind the `n` at 64, eight of them.
const LETTERS: &str = "(local.set $n (i32.const 8)) (loop $letter
    (i32.store8 offset=64 (local.get $n) (i32.add (i32.const 97) (i32.and (i32.const 15)
        (i32.shr_u (local.get $i) (i32.mul (i32.const 4) (i32.sub (local.get $n) (i32.const 1)))))))
    (br_if $letter (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))";

#[test]
fn a_million_names_make_a_hundred_series_and_one_line() {
    let body = times(1_000_000, &format!("{LETTERS} (call $add (i32.const 64) (i32.const 9) (i64.const 1))"));
    let (own, lines) = counted(
        "n",
        &[&body, &times(200, &format!("{LETTERS} (call $set (i32.const 64) (i32.const 9) (f64.const 1))"))],
    );
    assert_eq!(own.len(), 100, "{own:?}");
    let [line] = &lines[..] else { panic!("one line: {lines:?}") };
    let expected =
        "is left out, and so is every further one: a stage may have 100 series of its own; this is said once";
    assert!(line.message.starts_with("the guest's metric `n") && line.message.ends_with(expected), "{line:?}");
    assert_eq!(line.fields, "pipeline=p stage=s");
}

#[test]
fn bad_names_are_left_out_and_said_once() {
    let body = "(call $add (i32.const 64) (i32.const 4) (i64.const 1)) (call $set (i32.const 64) (i32.const 0) (f64.const 1))
        (memory.fill (i32.const 64) (i32.const 97) (i32.const 0x100000))
        (call $observe (i32.const 64) (i32.const 0x100000) (f64.const 1)) (call $add (i32.const 64) (i32.const 65) (i64.const 1))
        (call $add (i32.const 64) (i32.const 64) (i64.const 1))";
    let (own, lines) = counted("Se\nn", &[body, body]);
    assert_eq!(own, [format!("millstream_guest_counter_total{{\"{}\"}} 2", "a".repeat(64))]);
    let expected = r"the guest's metric `Se\nn` is left out, and so is every other whose name is not of the form [a-z_][a-z0-9_]* with at most 64 letters; this is said once";
    assert_eq!(messages(&lines), [expected]);
}

#[test]
fn a_name_of_many_megabytes_is_a_trap() {
    let body = "(drop (memory.grow (i32.const 256))) (call $add (i32.const 64) (i32.const 0x1000000) (i64.const 1))";
    let error = Probe::of("", body, allowance()).call().unwrap_err().to_string();
    assert_eq!(error, "trap: the guest handed the host more than 4 MiB in one call of an import");
}

#[test]
fn counting_never_ends_a_call_later_than_its_time() {
    let body = "(loop $ever (call $add (i32.const 64) (i32.const 1) (i64.const 1)) (br $ever))";
    let time = Duration::from_millis(200);
    let start = Instant::now();
    let error = Probe::of("n", body, Allowance { time, ..allowance() }).call().unwrap_err().to_string();
    assert_eq!(error, "timeout: the guest ran longer than its time limit of 200ms");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

fn configured(entries: &[(&str, &str)]) -> Allowance {
    let config = entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Allowance { config, ..allowance() }
}

/// Looks a key up and logs the value as an error, or nothing as a warning.
const LOOK_UP: &str = "(call $get (i32.const 64) (i32.const 4) (i32.const 32))
    (if (i32.load8_u (i32.const 32)) (then (call $say (i32.const 4) (i32.const 36)))
        (else (call $log (i32.const 3) (i32.const 64) (i32.const 4))))";

#[test]
fn a_value_is_found_by_its_exact_key() {
    let entries = [("Rate", "upper"), ("rate", "1.07 \u{20ac}"), ("rates", "more")];
    for (key, level, expected) in
        [("rate", Level::ERROR, "1.07 \u{20ac}"), ("Rate", Level::ERROR, "upper"), ("RATE", Level::WARN, "RATE")]
    {
        let (done, lines) = logged(key, LOOK_UP, Level::INFO, configured(&entries));
        done.unwrap();
        assert_eq!((lines[0].level, messages(&lines)), (level, vec![expected]));
    }
    let (done, lines) = logged("rate", LOOK_UP, Level::INFO, allowance());
    done.unwrap();
    assert_eq!(lines[0].level, Level::WARN, "no table, no value");
}

#[test]
fn all_entries_are_given_as_they_stand() {
    let body = "(call $entries (i32.const 32)) (local.set $n (i32.load (i32.const 32)))
        (local.set $i (i32.load (i32.const 36)))
        (block $done (loop $next (br_if $done (i32.eqz (local.get $i)))
            (call $say (i32.const 2) (local.get $n)) (call $say (i32.const 2) (i32.add (local.get $n) (i32.const 8)))
            (local.set $n (i32.add (local.get $n) (i32.const 16)))
            (local.set $i (i32.sub (local.get $i) (i32.const 1))) (br $next)))";
    let (done, lines) = logged("", body, Level::INFO, configured(&[("b", "2"), ("a", "")]));
    done.unwrap();
    assert_eq!(messages(&lines), ["b", "2", "a", ""]);
    let (done, lines) = logged("", body, Level::INFO, allowance());
    done.unwrap();
    assert!(lines.is_empty());
}

const SOURCE: &str = r#"{"type": "record", "name": "a.R", "fields": [{"name": "e", "type":
    {"type": "enum", "name": "E", "symbols": ["X"]}}, {"name": "f", "type": {"type": "fixed", "name": "F", "size": 5}}]}"#;

fn with_schemas() -> Allowance {
    Allowance { schemas: Arc::new(Schemas::new(Some(Arc::new(parse(SOURCE))), None)), ..allowance() }
}

#[test]
fn named_types_and_text_of_a_schema() {
    // Each type's case is its log level; the size of the fixed is logged as that many bytes of the text at 64.
    let body = "(call $named (call $input) (i32.const 32)) (local.set $n (i32.load (i32.const 32)))
        (local.set $i (i32.load (i32.const 36)))
        (loop $next (call $say (i32.load8_u (local.get $n)) (i32.add (local.get $n) (i32.const 4)))
            (if (i32.lt_u (i32.load8_u (local.get $n)) (i32.const 2))
                (then (call $say (i32.const 3) (i32.load (i32.add (local.get $n) (i32.const 12)))))
                (else (call $log (i32.const 4) (i32.const 64) (i32.load (i32.add (local.get $n) (i32.const 12))))))
            (local.set $n (i32.add (local.get $n) (i32.const 20)))
            (br_if $next (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
        (call $text (i32.const 0) (i32.const 32)) (call $say (i32.const 2) (i32.const 32))";
    let (done, lines) = logged("12345678", body, Level::TRACE, with_schemas());
    done.unwrap();
    let found: Vec<(Level, &str)> = lines.iter().map(|line| (line.level, line.message.as_str())).collect();
    let source = SOURCE.replace('\n', r"\n");
    let expected = [
        (Level::TRACE, "a.R"),
        (Level::WARN, "e"),
        (Level::DEBUG, "a.E"),
        (Level::WARN, "X"),
        (Level::INFO, "a.F"),
        (Level::ERROR, "12345"),
        (Level::INFO, &source),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_schema_that_is_not_there_is_empty() {
    for schema in ["(call $output)", "(i32.const 7)", "(i32.const -1)"] {
        let body = format!(
            "(call $text {schema} (i32.const 32)) (call $say (i32.const 2) (i32.const 32))
            (call $named {schema} (i32.const 32))
            (if (i32.eqz (i32.load offset=4 (i32.const 32))) (then (call $log (i32.const 3) (i32.const 64) (i32.const 4))))"
        );
        let (done, lines) = logged("none", &body, Level::INFO, with_schemas());
        done.unwrap();
        assert_eq!(messages(&lines), ["", "none"]);
    }
}
