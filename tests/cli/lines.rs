//! `millstream run --input`: lines through the guests, without Kafka.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use harness::paths;

use crate::case::Case;

fn line(amount: i64) -> String {
    format!(
        "{{\"id\":\"p\",\"account\":\"a\",\"amount\":{amount},\"currency\":\"EUR\",\"ts\":0,\"note\":null,\"tags\":[],\
         \"rate\":1.0,\"country\":\"DE\",\"seq\":1}}"
    )
}

const RUN: [&str; 3] = ["run", "--input", "in.jsonl"];

fn skipping() -> Case {
    Case::payments().add("\n[errors]\nreject = \"skip\"\n")
}

#[test]
fn each_line_is_a_record_and_each_output_a_line() {
    let input = format!("{}\n\n{}\r\n{}", line(100), line(-1), line(200));
    let done = skipping().with("in.jsonl", input).run(&RUN);
    let output = |amount, eur| line(amount).replace('}', &format!(",\"amount_eur\":{eur},\"risk\":0}}\n"));
    assert_eq!(done.out, format!("{}{}", output(100, "1.0"), output(200, "2.0")));
    done.says(
        0,
        "line 3 was rejected by transform of guest (reject): negative amount -1\n\
         records=3 outputs=2 dropped=0 rejected=1\n",
    );
}

#[test]
fn lines_that_do_not_fit_are_told() {
    let input = format!("{{\"id\":1}}\nnonsense\nnull\n{}\n", line(1).replace("seq", "sec"));
    let done = skipping().with("in.jsonl", input).run(&RUN);
    let lines: Vec<&str> = done.err.lines().collect();
    let starts = [
        "line 1 does not fit the source's schema: field id: ",
        "line 2 does not fit the source's schema: ",
        "line 3 was rejected by ",
        "line 4 does not fit the source's schema: field sec: record acme.payments.Payment has no such field",
        "records=4 outputs=0 dropped=0 rejected=4",
    ];
    assert_eq!(lines.len(), starts.len(), "{}", done.err);
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
    assert_eq!(done.code, Some(0));
}

#[test]
fn the_policy_stop_ends_it_after_what_came_before() {
    let case = Case::payments().with("in.jsonl", [line(100), line(-1), line(200)].join("\n"));
    let done = case.run(&["run", "--input", "in.jsonl", "--output", "out.jsonl"]);
    done.says(
        1,
        "error: line 2 was rejected by transform of guest (reject): negative amount -1\n  it ends here, as `[errors] \
         reject = \"stop\"` says; `skip` or `dead-letter` would go on\n",
    );
    let written = std::fs::read_to_string(case.path("out.jsonl")).expect("the file");
    assert_eq!(written.lines().count(), 1, "{written}");
}

#[test]
fn text_is_taken_as_it_stands() {
    let root = paths::root();
    let csv = "p-1,acc-1,5,EUR,0,,,1,DE,7\np-2\n";
    let case = skipping().with("in.csv", csv);
    let pipeline = root.join("guests/rust/csv/pipeline.toml").display().to_string();
    let done = case.run(&["run", &pipeline, "--input", "in.csv"]);
    assert!(done.out.starts_with("{\"id\":\"p-1\",\"account\":\"acc-1\",\"amount\":5,"), "{}", done.out);
    done.mentions(0, &["line 2 was rejected by deserialize of csv (reject): columns: 1 instead of 10", "outputs=1 "]);
}

#[test]
fn files_that_cannot_be_used_are_told() {
    let case = skipping().with("in.jsonl", line(1));
    case.run(&["run", "--input", "none"]).mentions(2, &["error: the input cannot be read: ", "--> none"]);
    case.run(&["run", "--input", "."]).mentions(2, &["error: the input cannot be read: it is a folder"]);
    let same = case.run(&["run", "--input", "in.jsonl", "--output", "./in.jsonl"]);
    same.mentions(2, &["error: the output is the input's own file, which would be lost"]);
    assert_eq!(std::fs::read_to_string(case.path("in.jsonl")).expect("the file"), line(1));
    let nowhere = case.run(&["run", "--input", "in.jsonl", "--output", "none/out"]);
    nowhere.mentions(2, &["error: the output cannot be written: "]);
    case.run(&["run", "--output", "x"]).mentions(2, &["--input"]);
}

#[test]
fn a_line_without_end_is_refused() {
    let case = skipping().with("in.jsonl", [line(1).as_bytes(), b"\n", &vec![b' '; (64 << 20) + 1]].concat());
    let done = case.run(&RUN);
    done.mentions(1, &["error: line 2 is longer than 64 MiB; each record stands on a line of its own"]);
    assert_eq!(done.out.lines().count(), 1, "what came before is written");
}

/// The program with pipes, fed by the test.
fn piped(case: &Case) -> std::process::Child {
    // Writes the pipeline file.
    case.check().shows(&["ok\n"]);
    Command::new("timeout")
        .args(["--signal=KILL", "60"])
        .arg(paths::millstream().expect("the program"))
        .arg("run")
        .arg(case.path("pipeline.toml"))
        .args(["--input", "-"])
        .env("XDG_CACHE_HOME", paths::root().join("target/rig/cache"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("timeout runs the program")
}

#[test]
fn an_output_comes_before_the_next_line() {
    let case = skipping();
    let mut child = piped(&case);
    let mut input = child.stdin.take().expect("a pipe");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    for amount in [100, 200] {
        writeln!(input, "{}", line(amount)).expect("written");
        let mut answer = String::new();
        output.read_line(&mut answer).expect("read");
        assert!(answer.contains(&format!("\"amount\":{amount},")), "{answer}");
    }
    drop(input);
    assert!(child.wait().expect("an end").success());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let case = skipping();
    let mut child = piped(&case);
    let mut input = child.stdin.take().expect("a pipe");
    drop(child.stdout.take());
    let many = format!("{}\n", line(1)).repeat(20_000);
    // The program stops to read when nobody reads its output.
    drop(input.write_all(many.as_bytes()));
    drop(input);
    let done = child.wait_with_output().expect("an end");
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && told.starts_with("records="), "{told}");
}
