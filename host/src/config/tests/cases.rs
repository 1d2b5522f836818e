//! Test cases: how they are read, and what is wrong with them.

use serde_json::json;

use super::*;

fn cases(text: &str) -> TestFile {
    parse_tests(text, Path::new("tests.toml")).unwrap_or_else(|problems| panic!("{text}\n{problems}"))
}

/// The messages, each with its line.
fn wrong(text: &str) -> Vec<String> {
    let problems = parse_tests(text, Path::new("tests.toml")).expect_err(text);
    problems.iter().map(|problem| format!("{}: {}", problem.line, problem.message)).collect()
}

#[test]
fn every_example_of_a_case_is_legal_by_itself() {
    let tests = ROOT.iter().find(|key| key.name == "tests").unwrap();
    for key in tests.kind.keys().unwrap().iter().filter(|key| !key.example.is_empty() && key.name != "name") {
        let input = if ["input", "records"].contains(&key.name) { "" } else { "input = 1\n" };
        cases(&format!("[[tests]]\nname = \"a\"\n{input}{} = {}\n", key.name, key.example));
    }
    cases("[[tests]]\nname = \"a\"\ninput = 1\nexpect-dead-letter = { stage = \"sink\", reason = \"r\" }\n");
    cases("[[tests]]\nname = \"a\"\nrecords = [{ hex = \"00\", headers = { a = \"b\" }, timestamp = 1 }]\n");
}

#[test]
fn a_case_is_read_from_either_file() {
    let case = "[[tests]]
name = \"a\"
input = [{ n = 1, f = nan, x = { y = [true, 2.5] } }, 'text']
key = \"k\"
expect-records = [{ topic = \"t\", tombstone = true }, {}]
match = \"partial\"
time-max = \"5ms\"
[[tests]]
name = \"b\"
records = [{ hex = \"00\" }, { value = \"${env:NONE}\" }]
expect-dead-letter = {}
";
    let alone = cases(case);
    let within = read(&format!("{LEAST}{case}")).unwrap_or_else(|problems| panic!("{problems}")).tests;
    assert_eq!(alone.cases, within.cases);
    let [first, second] = alone.cases.as_slice() else { panic!("two cases") };
    assert_eq!(first.input, Some(json!([{ "n": 1, "f": "NaN", "x": { "y": [true, 2.5] } }, "text"])));
    assert_eq!((&first.around.key, first.matching), (&Some(json!("k")), Match::Partial));
    let records = first.expect_records.as_ref().unwrap();
    assert_eq!((records.len(), records[0].topic.as_deref(), records[0].record.tombstone), (2, Some("t"), true));
    assert_eq!(first.time_max, Some(Duration::from_millis(5)));
    assert_eq!(second.records[1].value, Some(json!("${env:NONE}")), "records stand as they are written");
    assert_eq!(second.expect_dead_letter, Some(WantedDeadLetter::default()));
    assert_eq!(alone.location(1).map(|place| place.line), Some(8));
    let span = alone.span(0, "key").unwrap();
    assert_eq!(&alone.text()[span], "\"k\"");
}

#[test]
fn what_is_wrong_with_a_case_is_said() {
    let case = |lines: &str| wrong(&format!("[[tests]]\nname = \"a\"\n{lines}\n"));
    assert_eq!(case(""), ["1: `[[tests]] 1` has neither `input` nor `records`"]);
    assert_eq!(case("input = 1\nrecords = [{ value = 1 }]"), ["4: `[[tests]] 1 records` cannot stand beside `input`"]);
    assert_eq!(
        case("records = [{ value = 1 }]\nkey = \"k\""),
        ["4: `[[tests]] 1 key` goes with `input`, not with `records`"]
    );
    assert_eq!(case("records = [{}]"), ["3: record 1 of `[[tests]] 1 records` has no value"]);
    assert_eq!(case("records = []"), ["3: there is no `[[tests]] 1 records`"]);
    assert_eq!(case("records = 1"), ["3: `[[tests]] 1 records` must be an array of tables, not an integer"]);
    assert_eq!(
        case("records = [{ value = 1, tombstone = true }]"),
        ["3: record 1 of `[[tests]] 1 records` has several values"]
    );
    assert_eq!(
        case("input = 1\nexpect = 1\nexpect-records = []"),
        ["5: `[[tests]] 1 expect-records` cannot stand beside `expect`"]
    );
    assert_eq!(
        case("input = 1\nexpect-dropped = true\nexpect-reject = \"r\""),
        ["5: `[[tests]] 1 expect-reject` cannot stand beside `expect-dropped`"]
    );
    assert_eq!(case("input = 2020-01-01"), ["3: `[[tests]] 1 input` has the date 2020-01-01: no record can hold that"]);
    assert_eq!(
        case("input = [99999999999999999999]"),
        [
            "3: `[[tests]] 1 input` has the number 99999999999999999999, which is beyond 64 bits: no record can hold that"
        ]
    );
    assert_eq!(case("input = 1\nexpected = 1"), ["4: unknown key `expected` in `[[tests]] 1`"]);
    assert_eq!(wrong("[tests]\nname = \"a\""), ["1: `[[tests]]` is written with double brackets"]);
    assert_eq!(wrong("[source]\n"), ["1: unknown section `[source]`"]);
    let twice = "[[tests]]\nname = \"a\"\ninput = 1\n[[tests]]\nname = \"a\"\ninput = 1\n";
    assert_eq!(wrong(twice), ["5: the name \"a\" is also that of case 1"]);
}
