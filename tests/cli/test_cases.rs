//! `millstream test`: what is told of cases that pass, fail, or are broken, and what --update writes.

use harness::paths;

use crate::case::{Case, Done, run_in};

/// A payment whose amount and country tell what becomes of it.
fn payment(amount: i64, country: &str) -> String {
    format!(
        "{{ id = \"p\", account = \"a\", amount = {amount}, currency = \"EUR\", ts = 0, tags = [\"t\"], rate = 1.0, \
         country = \"{country}\", seq = 1 }}"
    )
}

/// The repository's payments with one case.
fn case(lines: &str) -> Case {
    Case::payments().add(&format!("\n[[tests]]\nname = \"the case\"\n{lines}\n"))
}

fn input(amount: i64) -> String {
    format!("input = {}", payment(amount, "DE"))
}

/// What `millstream test` prints, below the line of the case, and its exit code.
#[track_caller]
fn told(lines: &str) -> Vec<String> {
    let done = case(lines).run(&["test"]);
    assert_eq!((done.err.as_str(), done.code), ("", Some(1)), "{}", done.out);
    let lines = done.out.lines().filter_map(|line| line.strip_prefix("        "));
    lines.map(str::to_owned).collect()
}

#[test]
fn the_examples_pass_their_cases() {
    for guest in ["enrich", "filter", "csv"] {
        let done = run_in(&paths::root(), &["test", &format!("guests/rust/{guest}/pipeline.toml")], &[]);
        done.shows(&["ok    ", " passed, 0 failed\n"]);
        assert_eq!(done.err, "");
    }
}

#[test]
fn differences_are_told_field_by_field() {
    let expect = payment(-5, "DE").replace("tags = [\"t\"]", "tags = [\"u\", \"v\"]").replace("}", ", risk = \"x\" }");
    assert_eq!(
        told(&format!("{}\nexpect = {expect}", input(100))),
        [
            "output 1: amount: expected -5, found 100",
            "output 1: risk: expected \"x\", found 0",
            "output 1: tags[0]: expected \"u\", found \"t\"",
            "output 1: tags[1]: expected \"v\", found nothing",
            "output 1: amount_eur: expected nothing, found 1.0",
        ]
    );
    let done = case(&format!("{}\nexpect = {{}}\nmatch = \"partial\"", input(1))).run(&["test"]);
    done.shows(&["ok    the case\n1 passed, 0 failed\n"]);
}

#[test]
fn outputs_and_rejections_that_are_not_expected_are_told() {
    let lines = told(&format!("{}\nexpect = []", input(100)));
    assert_eq!(lines[0], "0 outputs expected, 1 found");
    assert!(lines[1].starts_with("output 1: expected nothing, found {\"id\":\"p\",\"account\":"), "{lines:?}");
    assert_eq!(
        told(&format!("{}\nexpect = {{ id = \"p\" }}", input(-1))),
        [
            "1 output expected, 0 found",
            "output 1: expected {\"id\":\"p\"}, found nothing",
            "record 1 was rejected by transform of guest (reject): negative amount -1",
        ]
    );
    assert_eq!(
        told(&format!("{}\nexpect-reject = \"too large\"", input(-1))),
        ["record 1 was rejected, expected \"too large\" in the reason: negative amount -1"]
    );
    let lines = told(&format!("{}\nexpect-reject = \"negative\"", input(1)));
    assert_eq!(lines.last().map(String::as_str), Some("no record was rejected, expected a reason with \"negative\""));
    let lines = told(&format!("{}\nexpect-dropped = true", input(1)));
    assert_eq!(lines.last().map(String::as_str), Some("no record was dropped, expected at least one"));
    let lines = told(&format!("{}\nexpect = {{}}\nmatch = \"partial\"\nexpect-stop = \"x\"", input(1)));
    assert_eq!(lines, ["the pipeline does not stop, expected a reason with \"x\""]);
}

#[test]
fn keys_topics_and_headers_are_compared() {
    let record = format!("{{ key = {{ int = 7 }}, headers = {{ h = [\"1\", \"2\"] }}, value = {} }}", payment(1, "DE"));
    let expect = "{ topic = \"other\", key = \"k\", headers = { h = \"1\", g = { null = true } }, timestamp = 5 }";
    assert_eq!(
        told(&format!("records = [{record}]\nexpect-records = [{expect}]")),
        [
            "output 1: topic: expected \"other\", found \"payments.enriched\"",
            "output 1: key: expected \"k\", found the bytes 00000007",
            "output 1: header g: expected null, found nothing",
            "output 1: header h: expected \"1\", found \"1\", \"2\"",
            "output 1: timestamp: expected 5, found that of its writing",
        ]
    );
}

#[test]
fn dead_letters_are_expected_with_their_stage() {
    let with = |lines: &str| {
        let case = Case::payments().add("\n[errors]\nreject = \"dead-letter\"\ndead-letter-topic = \"dlq\"\n");
        case.add(&format!("[[tests]]\nname = \"the case\"\n{}\n{lines}\n", input(-1))).run(&["test"])
    };
    with("expect-dead-letter = { stage = \"transform\", reason = \"negative\" }").shows(&["ok    the case"]);
    let done = with("expect-dead-letter = { stage = \"decode\" }");
    assert!(done.out.contains("        record 1 was rejected by transform, expected decode\n"), "{}", done.out);
    let without = case(&format!("{}\nexpect-dead-letter = {{}}", input(-1))).run(&["test"]);
    let help = "write `expect-reject`, or set `[errors] reject = \"dead-letter\"`";
    without.mentions(2, &["error: this pipeline writes no dead letters", "--> pipeline.toml:21:22", help]);
}

#[test]
fn a_stop_is_expected_too() {
    // halt, with an empty reason.
    let halt = "(i32.store (local.get $answer) (i32.const 1))";
    let case =
        Case::numbers(halt).add("\n[[tests]]\nname = \"the case\"\ninput = { n = 300 }\nexpect-reject = \"\\u0041\"\n");
    let done = case.run(&["test"]);
    assert_eq!(done.code, Some(1), "{}\n{}", done.out, done.err);
    assert!(done.out.contains("record 1 was rejected, expected \"A\" in the reason: "), "{}", done.out);
}

#[test]
fn lines_of_guests_are_shown_for_failed_cases_only() {
    let say = "(call $say (i32.const 57)) (i32.store (local.get $answer) (i32.const 0)) \
               (i32.store offset=4 (local.get $answer) (i32.const 300))";
    let of = |expect: &str| {
        let lines = format!("\n[[tests]]\nname = \"the case\"\ninput = {{ n = 300 }}\nexpect = {expect}\n");
        Case::numbers(say).add(&lines).run(&["test"])
    };
    let failed = of("{ n = 301 }");
    assert!(failed.out.contains("        output 1: n: expected 301, found 300\n        log "), "{}", failed.out);
    let passed = of("{ n = 300 }");
    assert_eq!((passed.out.as_str(), passed.err.as_str()), ("ok    the case\n1 passed, 0 failed\n", ""));
}

#[test]
fn broken_cases_are_told_with_their_place() {
    let check = |lines: &str, parts: &[&str]| case(lines).run(&["test"]).mentions(2, parts);
    check(
        "input = { id = \"p\" }\nexpect = {}",
        &[
            "error: the value does not fit the source's schema: field account: the field is missing",
            "pipeline.toml:20:9",
        ],
    );
    check(
        &format!("{}\nexpect = 'p'", input(1)),
        &["error: the text is not JSON: ", "a string by itself is written '\"text\"'", "pipeline.toml:21:10"],
    );
    check(
        "records = [{ hex = \"0\" }]\nexpect = []",
        &["error: \"0\" is not an even number of hexadecimal digits", "pipeline.toml:20:20"],
    );
    check(
        &format!("{}\nkey = 7\nexpect = []", input(1)),
        &["error: this is a number; write a text, { hex = \"00ff\" }", "pipeline.toml:21:7"],
    );
    check(
        &input(1),
        &[
            "error: the case \"the case\" expects nothing",
            "add `expect`, `expect-reject` or `expect-dropped`, or run with",
        ],
    );
    check(&format!("{}\nexpekt = 1", input(1)), &["unknown key `expekt` in `[[tests]] 1`", "did you mean `expect`?"]);
}

#[test]
fn cases_that_are_not_there_are_told() {
    let help = "add a [[tests]] section, or a file `tests.toml` beside this one";
    Case::payments().run(&["test"]).mentions(2, &["error: there are no cases", help]);
    let filtered = case(&format!("{}\nexpect-reject = \"negative\"", input(-1)));
    filtered.run(&["test", "--filter", "other"]).mentions(2, &["error: no case has \"other\" in its name"]);
    filtered.run(&["test", "--filter", "the"]).shows(&["1 passed, 0 failed\n"]);
}

#[test]
fn files_beside_the_pipeline_and_the_guest_have_cases_too() {
    let one = |name: &str| format!("[[tests]]\nname = \"{name}\"\n{}\nexpect-reject = \"negative\"\n", input(-1));
    let case = Case::payments().with("tests.toml", one("beside"));
    case.run(&["test"]).shows(&["ok    beside\n1 passed, 0 failed\n"]);
    std::fs::create_dir(case.path("g")).expect("a folder");
    std::fs::rename(case.path("guest.wasm"), case.path("g/guest.wasm")).expect("moved");
    let case = case.with("g/tests.toml", one("guest")).edit("\"guest.wasm\"", "\"g/guest.wasm\"");
    case.run(&["test"]).shows(&["ok    beside\nok    guest\n2 passed, 0 failed\n"]);
    case.run(&["test", "--filter", "gue"]).shows(&["ok    guest\n1 passed, 0 failed, 1 left out\n"]);
    case.with("tests.toml", "[source]\n").run(&["test"]).mentions(2, &["unknown section `[source]`", "tests.toml:1:2"]);
}

#[test]
fn update_writes_what_was_found_and_nothing_else() {
    let text = format!(
        "# first\n[[tests]]\nname = \"wrong\" # of old\n{}   # kept\nexpect = {{ risk = 7 }} # here\nmatch = \"partial\"\n\n\
         [[tests]]\n  name = \"new\"\n  {}\n# last\n[[tests]]\nname = \"rejected\"\n{}\nexpect = [1]\n\
         [[tests]]\nname = \"good\"\n{}\nexpect-reject = \"negative\"\n\
         [[tests]]\nname = \"no more\"\n{}\nexpect-reject = \"x\" # gone\n",
        input(100),
        input(200),
        input(-3),
        input(-3),
        input(300),
    );
    let case = Case::payments().with("tests.toml", &text);
    let failed = case.run(&["test"]);
    failed.mentions(2, &["the case \"new\" expects nothing"]);
    let done = case.run(&["test", "--update"]);
    done.shows(&["1 passed, 4 failed\n", "updated 4 cases in tests.toml\n"]);
    let output =
        |amount: i64, eur: &str| payment(amount, "DE").replace(" }", &format!(", amount_eur = {eur}, risk = 0 }}"));
    let expected = text
        .replace("risk = 7", "risk = 0")
        .replace(&input(200), &format!("{}\n  expect = {}", input(200), output(200, "2.0")))
        .replace(
            &format!("{}\nexpect = [1]", input(-3)),
            &format!("{}\nexpect-reject = \"negative amount -3\"\nexpect = []", input(-3)),
        )
        .replace(
            &format!("{}\nexpect-reject = \"x\" # gone\n", input(300)),
            &format!("{}\nexpect = {}\n", input(300), output(300, "3.0")),
        );
    assert_eq!(std::fs::read_to_string(case.path("tests.toml")).expect("the file"), expected);
    case.run(&["test"]).shows(&["5 passed, 0 failed\n"]);
}

#[test]
fn update_leaves_what_it_cannot_write() {
    let text = format!("[[tests]]\nname = \"a\"\n{}\n[tests.expect]\nrisk = 7\n", input(100));
    let case = Case::payments().with("tests.toml", &text);
    let done = case.run(&["test", "--update"]);
    let why = "not updated: a: `expect` does not stand as `expect = ...` on a line of its own\n";
    assert!(done.code == Some(1) && done.out.ends_with(why), "{}", done.out);
    assert_eq!(std::fs::read_to_string(case.path("tests.toml")).expect("the file"), text);
}

#[test]
fn junit_has_every_case() {
    let case = case(&format!("{}\nexpect = []", input(1)));
    let done = case.run(&["test", "--junit", "results.xml"]);
    assert_eq!(done.code, Some(1));
    let xml = std::fs::read_to_string(case.path("results.xml")).expect("the file");
    for part in [
        "<testsuites name=\"payments\" tests=\"1\" failures=\"1\"",
        "name=\"the case\" file=\"pipeline.toml\" line=\"18\"",
    ] {
        assert!(xml.contains(part), "no `{part}` in {xml}");
    }
    let done: Done = case.run(&["test", "--junit", "none/results.xml"]);
    done.mentions(1, &["error: cannot write none/results.xml: "]);
}

#[test]
fn a_case_may_have_a_time() {
    let slow = "(loop $l (br $l))";
    let case = Case::numbers(slow)
        .edit("guest = \"guest.wasm\"", "guest = \"guest.wasm\"\nlimits = { time = \"50ms\" }")
        .add("\n[[tests]]\nname = \"the case\"\ninput = { n = 300 }\nexpect-reject = \"50\"\ntime-max = \"2ms\"\n");
    let done = case.run(&["test"]);
    assert!(
        done.out.contains("        it took ") && done.out.contains("longer than `time-max = 2ms`\n"),
        "{}",
        done.out
    );
}

#[test]
fn a_case_may_have_fuel() {
    let with = |most: &str| {
        let case = case(&format!("{}\nexpect = {{}}\nmatch = \"partial\"\nfuel-max = {most}", input(100)));
        case.run(&["test"])
    };
    with("1000000").shows(&["ok    the case\n1 passed, 0 failed\n"]);
    let (one, other) = (with("10"), with("10"));
    assert_eq!(one.code, Some(1), "{}", one.err);
    let line = one.out.lines().find(|line| line.starts_with("        it used ")).unwrap_or_default();
    assert!(line.ends_with(" of at most 10 units of fuel (`fuel-max`)"), "{}", one.out);
    assert_eq!(one.out, other.out, "the same work takes the same fuel");
    with("0").mentions(2, &["`[[tests]] 1 fuel-max` must be a whole number from 1"]);
}

/// The units of fuel that `talk` uses for these texts, each in a call of its own.
fn fuel_of(texts: &str) -> u64 {
    let file = "[pipeline]\nname = \"talk\"\n[source]\ntopics = [\"in\"]\nformat = \"string\"\n\
                [[stage]]\nguest = \"talk.wasm\"\nlimits.records = 1\n[sink]\ntopic = \"out\"\nformat = \"string\"\n";
    let guest = std::fs::read(paths::guest("talk")).expect("the guest");
    let test = format!("[[tests]]\nname = \"a\"\ninput = {texts}\nexpect = []\nfuel-max = 1\n");
    let done = Case::of(file).with("talk.wasm", guest).add(&test).run(&["test"]);
    let line = done.out.lines().find_map(|line| line.trim().strip_prefix("it used ")).unwrap_or_default();
    let digits: String = line.split(" of ").next().unwrap_or_default().replace(',', "");
    digits.parse().unwrap_or_else(|why| panic!("{why}: {}\n{}", done.out, done.err))
}

#[test]
fn the_fuel_of_an_instance_that_trapped_counts_too() {
    let good = fuel_of("[\"hello\"]");
    assert!(good > 100, "{good}");
    let both = fuel_of("[\"panic\", \"hello\"]");
    assert!(both > good + 100, "{both} is not much more than {good}");
}

#[test]
fn the_page_on_testing_prints_what_it_shows() {
    let page = std::fs::read_to_string(paths::root().join("docs/testing.md")).expect("the page");
    let block = |language: &str, number: usize| {
        let start = format!("```{language}\n");
        let text = page.split(&start).nth(number).and_then(|rest| rest.split("```").next());
        text.unwrap_or_else(|| panic!("no block {number} of {language}")).to_owned()
    };
    let cases = block("toml", 1);
    let case = Case::payments().add("\n").add(&cases);
    let passed = case.run(&["test"]);
    assert_eq!((passed.out, passed.err.as_str()), (block("text", 1), ""));
    let failed = Case::payments().add("\n").add(&cases.replace("risk = 2 }", "risk = 3 }")).run(&["test"]);
    assert!(failed.out.starts_with(&block("text", 2)), "{}", failed.out);
    assert_eq!(failed.code, Some(1));
    // Every form that the tables show can be read.
    let shown = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |").map(|(form, _)| form));
    let forms: Vec<String> =
        shown.map(|form| form.replace("[..., ...]", "[1, 2]").replace("{ ... }", "{ id = 1 }")).collect();
    assert!(forms.len() > 15, "{forms:?}");
    for form in forms.iter().filter(|form| form.contains('=')) {
        let input = if form.starts_with("input") || form.starts_with("records") { "" } else { "input = 1\n" };
        let text = format!("[[tests]]\nname = \"a\"\n{input}{form}\n");
        let read = millstream::config::parse_tests(&text, std::path::Path::new("tests.toml"));
        assert!(read.is_ok_and(|file| file.cases.len() == 1), "{text}");
    }
}
