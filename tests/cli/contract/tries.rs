//! `millstream check` and `millstream quickstart` on pipelines of all kinds: they say what there is, and end by
//! themselves.

use super::guest::{Code, guest, transform};
use super::story::case;

#[test]
fn check_prints_each_stage() {
    let wit =
        "package t:t; world transform { export transform: func(batch: list<string>) -> list<result<string, string>>;
               export serialize: func(batch: list<string>) -> list<result<list<u8>, string>>; }";
    let both = guest(wit, "", "", &[]);
    let one = transform("", "string -> result<string, string>", "", "");
    let done = case(one)
        .with("second.wasm", both)
        .edit(
            "\"guest.wasm\"",
            "\"guest.wasm\"\n\n[[stage]]\nguest = \"second.wasm\"\nlimits = { memory = \"8MiB\", time = \"5s\" }",
        )
        .edit("topic = \"out\"\nformat = \"string\"", "topic = \"out\"\ntopics = [\"more\"]\nformat = \"bytes\"")
        .check();
    done.shows(&[
        "source     in, group story, from ",
        "guest      guest.wasm: transform\n",
        "guest      second.wasm: transform, serialize\n",
        "8 MiB, 5s a call, loaded in ",
        "sink       out, more\n           bytes\n",
        "reject     dead-letter to dlq\n",
        "\nok\n",
    ]);
    assert!(done.out.find("guest.wasm") < done.out.find("second.wasm"), "{}", done.out);
}

const LINES: [&str; 4] = ["abc", "drop", "x", "de"];

fn lines() -> Vec<String> {
    LINES.map(str::to_owned).to_vec()
}

#[test]
fn a_filter_ends_by_itself() {
    let some = "(i32.store8 (local.get $out) (i32.ne (call $first (local.get $in)) (i32.const 100)))
        (i64.store offset=4 align=4 (local.get $out) (i64.load align=4 (local.get $in)))";
    let done = case(transform("", "string -> result<option<string>, string>", "", some)).quickstart(&lines());
    done.shows(&["  after  \"abc\"", "  after  \"x\"", "\n2 records were dropped by the guests\n"]);
    assert_eq!(done.counts(), [4, 2, 0, 4]);
    let none = "(i32.store8 (local.get $out) (i32.const 0))";
    let done = case(transform("", "string -> result<option<string>, string>", "", none)).quickstart(&lines());
    assert_eq!(done.counts(), [4, 0, 0, 4], "{}", done.out);
}

#[test]
fn a_fan_out_ends_by_itself() {
    let twice = "(local.set $a (call $alloc (i32.const 16)))
        (i64.store (local.get $a) (i64.load align=4 (local.get $in)))
        (i64.store offset=8 (local.get $a) (i64.load align=4 (local.get $in)))
        (call $list (local.get $out) (local.get $a) (i32.const 2))";
    let done = case(transform("", "string -> result<list<string>, string>", "", twice)).quickstart(&lines());
    assert_eq!(done.counts(), [4, 8, 0, 4], "{}", done.out);
}

#[test]
fn json_ends_by_itself_and_what_is_none_is_a_dead_letter() {
    let number = r#"{"type":"record","name":"Number","fields":[{"name":"n","type":"int"}]}"#;
    let done = case(transform("record number { n: s32 }", "number -> result<number, string>", "", ""))
        .with("number.avsc", number)
        .edit(
            "topics = [\"in\"]\nformat = \"string\"",
            "topics = [\"in\"]\nformat = \"json\"\nschema = \"number.avsc\"",
        )
        .edit("topic = \"out\"\nformat = \"string\"", "topic = \"out\"\nformat = \"json\"\nschema = \"number.avsc\"")
        .quickstart(&["{\"n\": 1}".to_owned(), "{\"n\": 2}".to_owned(), "nonsense".to_owned()]);
    done.shows(&["  before {\"n\":1}\n  after  {\"n\":1}\n", "1 dead letters in `dlq`:\n"]);
    assert_eq!(done.counts(), [3, 2, 1, 3]);
}

#[test]
fn outputs_in_topics_of_a_pattern_end_too() {
    let done = super::runtime::to_topic().quickstart(&["a1".to_owned(), "pat.1".to_owned(), "named".to_owned()]);
    done.shows(&["  after  \"a1\""]);
    assert_eq!(done.counts(), [3, 3, 0, 3], "{}", done.out);
}

#[test]
fn a_guest_of_two_functions_ends_by_itself() {
    let wit =
        "package t:t; world transform { export deserialize: func(batch: list<string>) -> list<result<string, string>>;
               export serialize: func(batch: list<string>) -> list<result<string, string>>; }";
    let codes = [Code { name: "deserialize", each: "" }, Code { name: "serialize", each: "" }];
    assert_eq!(case(guest(wit, "", "", &codes)).quickstart(&lines()).counts(), [4, 4, 0, 4]);
}
