//! What only a guest that a compiler made can show: a runtime that prints and panics, and examples behind one another.

use harness::paths;
use serde_json::Value;

use crate::case::Case;

fn guest(case: Case, name: &str) -> Case {
    let file = paths::guest(name);
    let bytes = std::fs::read(&file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    case.with(&format!("{name}.wasm"), bytes)
}

const TEXT: &str = r#"
[pipeline]
name = "talk"

[source]
topics = ["in"]
format = "string"

[[stage]]
guest = "talk.wasm"
limits.records = 1

[sink]
topic = "out"
format = "string"

[errors]
reject = "skip"
"#;

#[test]
fn what_a_guest_prints_is_logged_and_its_panic_is_the_reason() {
    let case = guest(Case::of(TEXT), "talk").with("in.txt", "hello\nwarn\npanic\nagain\n");
    let done = case.run(&["--log", "info", "run", "--input", "in.txt"]);
    assert_eq!(done.out, "hello\nwarn\nagain\n", "{}", done.err);
    for said in ["heard hello", "a warning", "heard again"] {
        assert!(done.err.contains(said), "no `{said}` in:\n{}", done.err);
    }
    let told = done.err.lines().find(|line| line.starts_with("line 3 was rejected by transform of talk (trap): "));
    assert!(told.is_some_and(|line| line.contains("told to")), "{}", done.err);
    assert!(done.err.ends_with("records=4 outputs=3 dropped=0 rejected=1\n"), "{}", done.err);
}

const CHAIN: &str = r#"
[pipeline]
name = "chain"

[source]
topics = ["in"]
framing = "none"
schema = "payment.avsc"

[[stage]]
guest = "filter.wasm"
grants = ["config"]
config = { min-amount = "100" }
limits.bytes = "1KiB"

[[stage]]
guest = "subset.wasm"
passthrough = true

[sink]
topic = "out"
framing = "none"
schema = "enriched.avsc"
"#;

#[test]
fn fields_that_go_past_a_chain_stay_with_their_record() {
    // Many calls of the first stage: some 10 payments fill one. Every third is dropped on the way.
    let payment = |n: u32| {
        let amount = if n.is_multiple_of(3) { 99 } else { 1000 + n };
        format!(
            "{{\"id\":\"pay-{n}\",\"account\":\"acc-{n}\",\"amount\":{amount},\"currency\":\"EUR\",\"ts\":{n},\
             \"note\":\"note {n}\",\"tags\":[\"t{n}\"],\"rate\":1.0,\"country\":\"DE\",\"seq\":{n}}}\n"
        )
    };
    let lines: String = (0..300).map(payment).collect();
    let mut case = guest(guest(Case::of(CHAIN), "filter"), "subset").with("in.jsonl", lines);
    for name in ["payment", "enriched"] {
        let text = std::fs::read(paths::schema(name)).expect("the schema");
        case = case.with(&format!("{name}.avsc"), text);
    }
    let done = case.run(&["run", "--input", "in.jsonl"]);
    let outputs: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let kept: Vec<u32> = (0..300u32).filter(|n| !n.is_multiple_of(3)).collect();
    assert_eq!(outputs.len(), kept.len(), "{}", done.err);
    for (n, output) in kept.iter().zip(&outputs) {
        let text = |field: &str| output[field].as_str().unwrap_or_default().to_owned();
        let found = (text("id"), text("account"), text("note"), output["seq"].as_u64());
        let expected = (format!("pay-{n}"), format!("acc-{n}"), format!("note {n}"), Some(u64::from(*n)));
        assert_eq!(found, expected, "the fields of another record");
        assert_eq!(output["amount_eur"].as_f64(), Some(f64::from(1000 + n) / 100.0));
    }
}
