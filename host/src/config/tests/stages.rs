//! Several stages, and what each may say.

use super::refusals::{one, refused};
use super::*;

/// The least file with more stages.
fn with_stages(stages: &[&str]) -> String {
    let more: String = stages.iter().map(|lines| format!("[[stage]]\n{lines}\n")).collect();
    format!("{LEAST}{more}")
}

fn names(text: &str) -> Vec<String> {
    let pipeline = read(text).unwrap_or_else(|problems| panic!("{problems}"));
    pipeline.stages.into_iter().map(|stage| stage.name).collect()
}

#[test]
fn stages_keep_their_order_and_their_own_values() {
    let text = with_stages(&[
        "guest = \"b/two.wasm\"\ngrants = [\"log\", \"metrics\"]\nlimits = { records = 1, bytes = \"1KiB\", outputs = 1000000 }",
        "guest = \"c.wasm\"\nname = \"third\"\nlimits.records = 10_000\nlimits.outputs = 1\nlimits.bytes = \"64MiB\"\npassthrough = true",
    ]);
    let pipeline = read(&text).unwrap_or_else(|problems| panic!("{problems}"));
    let [first, second, third] = &pipeline.stages[..] else { panic!("{:?}", pipeline.stages) };
    assert_eq!(
        (first.guest.as_path(), second.guest.as_path()),
        (Path::new("conf/g.wasm"), Path::new("conf/b/two.wasm"))
    );
    assert_eq!((first.records, first.bytes, first.outputs), (256, 1 << 20, 1000));
    assert_eq!((second.records, second.bytes, second.outputs), (1, 1 << 10, 1_000_000));
    assert_eq!((third.records, third.bytes, third.outputs), (10_000, 64 << 20, 1));
    assert_eq!(second.grants, Grants { log: true, metrics: true, ..Grants::default() });
    assert_eq!((second.passthrough, third.passthrough), (false, true));
    assert_eq!((second.name.as_str(), third.name.as_str()), ("two", "third"));
}

#[test]
fn sixteen_stages_are_possible_and_no_more() {
    let further = ["guest = \"h\""; 16];
    assert_eq!(read(&with_stages(&further[..15])).map(|pipeline| pipeline.stages.len()), Ok(16));
    let help = "(run further stages as a pipeline of their own, with a topic between them)";
    assert_eq!(
        refused(&with_stages(&further)),
        [format!("41:1 there are 17 `[[stage]]`, at most 16 are possible {help}")]
    );
}

#[test]
fn a_stage_is_named_after_its_guest() {
    let guests = ["Enrich Me!.wasm", "a/.hidden", "__.wasm", "g.wasm", "x/g.component.wasm", "\u{e9}t\u{e9}.wasm"];
    let stages: Vec<_> = guests.iter().map(|guest| format!("guest = {guest:?}")).collect();
    let stages: Vec<_> = stages.iter().map(String::as_str).collect();
    assert_eq!(names(&with_stages(&stages)), ["g", "enrich-me-", "hidden", "stage", "g-2", "g.component", "t-"]);
}

#[test]
fn names_that_are_left_out_give_way() {
    let taken = ["guest = \"g.wasm\"", "guest = \"h\"\nname = \"g\"", "guest = \"h\"\nname = \"g-3\"", "guest = \"g\""];
    assert_eq!(names(&with_stages(&taken)), ["g-2", "g-4", "g", "g-3", "g-5"]);
}

#[test]
fn two_stages_cannot_have_the_same_name() {
    let text = with_stages(&["guest = \"h\"\nname = \"a\"", "guest = \"i\"\nname = \"a\""]);
    let help = "(give each stage a name of its own, or leave the names out)";
    assert_eq!(refused(&text), [format!("16:8 `[[stage]] 3 name = \"a\"` is also the name of stage 2 {help}")]);
    let help = "(small letters, digits, `.`, `_` and `-`, starting with a letter or a digit, e.g. \"payments\")";
    let text = with_stages(&["guest = \"h\"\nname = \"A b\""]);
    assert_eq!(refused(&text), [format!("13:8 `[[stage]] 2 name = \"A b\"` is not a legal name {help}")]);
}

#[test]
fn with_several_stages_problems_say_which() {
    let text = with_stages(&["limits = { memory = 1 }\ngrnts = []", "guest = \"h\"\ngrants = [\"x\"]\n"]);
    let unit = "write a whole number and one of B, KB, MB, GB, KiB, MiB, GiB, e.g. \"64MiB\"";
    let allowed = "allowed: \"clock\", \"random\", \"log\", \"metrics\", \"config\"";
    let expected = [
        "11:1 `[[stage]] 2 guest` is missing (add: guest = \"guests/rust/enrich/enrich.wasm\")".to_owned(),
        format!("12:21 `[[stage]] 2 limits.memory` has no unit ({unit})"),
        "13:1 unknown key `grnts` in `[[stage]] 2` (did you mean `grants`?)".to_owned(),
        format!("16:11 `[[stage]] 3 grants`: \"x\" is not one of the allowed values ({allowed})"),
    ];
    assert_eq!(refused(&text), expected);
}

#[test]
fn the_keys_of_each_stage_can_be_found_again() {
    let grants = "grants = [\"config\"]\nconfig = { a.b = 1, \"c d\" = \"x\" }";
    let pipeline = read(&with_stages(&[&format!("guest = \"h\"\n{grants}")])).unwrap();
    let at = |key: &str| pipeline.locate(key).map(|location| (location.line, location.column));
    assert_eq!((at("stage.0.guest"), at("stage.1.guest")), (Some((7, 9)), Some((12, 9))));
    assert_eq!((at("stage.1"), at("stage.1.grants.0")), (Some((11, 1)), Some((13, 11))));
    assert_eq!((at("stage.1.config.a.b"), at("stage.1.config.c d")), (Some((14, 18)), Some((14, 29))));
    assert_eq!(at("stage.2.guest"), None);
    let shown = pipeline.problem_at("stage.1.limits.memory", "x".into(), None).to_string();
    assert!(shown.contains("11 | [[stage]]\n"), "{shown}");
    assert_eq!(pipeline.label("stage.1.limits.memory"), "`[[stage]] 2 limits.memory`");
    assert_eq!(read(LEAST).unwrap().label("stage.0.guest"), "`[[stage]] guest`");
}

#[test]
fn stages_are_an_array_of_tables() {
    assert_eq!(
        refused(&LEAST.replace("[[stage]]", "[stage]")),
        ["6:1 `[[stage]]` is written with double brackets (write [[stage]]; each one is a stage of its own)"]
    );
    let none = LEAST.replace("[[stage]]\nguest = \"g.wasm\"\n", "");
    let help = "(add:\n[[stage]]\nguest = \"guests/rust/enrich/enrich.wasm\")";
    assert_eq!(refused(&none), [format!("0:0 the section `[[stage]]` is missing {help}")]);
    assert_eq!(refused(&format!("stage = []\n{none}")), [format!("1:9 there is no `[[stage]]` {help}")]);
}

#[test]
fn limits_have_bounds() {
    let records = "`[[stage]] limits.records` must be a whole number from 1 to 10000, not";
    let outputs = "`[[stage]] limits.outputs` must be a whole number from 1 to 1000000, not";
    let cases = [
        ("limits.records = 0", format!("{records} 0 (for example: records = 256)")),
        ("limits.records = 10001", format!("{records} 10001 (for example: records = 256)")),
        ("limits.records = \"1\"", format!("{records} a string (for example: records = 256)")),
        ("limits.outputs = 1000001", format!("{outputs} 1000001 (for example: outputs = 1000)")),
        ("limits.bytes = \"1B\"", "`[[stage]] limits.bytes = \"1B\"` is too small (from 1KiB to 64MiB)".to_owned()),
        (
            "limits.bytes = \"65MiB\"",
            "`[[stage]] limits.bytes = \"65MiB\"` is too large (from 1KiB to 64MiB)".to_owned(),
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(one("[[stage]]", line), expected);
    }
}

#[test]
fn only_the_last_stage_passes_fields_through() {
    let text = LEAST.replace("[sink]", "passthrough = true\n[[stage]]\nguest = \"h\"\npassthrough = true\n[sink]");
    let help = "(fields are carried over into the sink's schema, which only the last stage writes; remove it)";
    assert_eq!(refused(&text), [format!("8:15 `[[stage]] 1 passthrough` is for the last stage only {help}")]);
}

#[test]
fn a_guests_settings_become_text() {
    let text = least_with(
        "[[stage]]\nguest = \"g.wasm\"",
        "grants = [\"config\"]\n[stage.config]\nname = \"<${env:TOPIC}>\"\nempty = ''\nlines = \"a\\nb\"\n\
         rate = 1.10\nsmall = 1e-3\nnone = nan\nhex = 0x10\nmany = 1_000\nminus = -5\nyes = true\n\
         \"b.a\" = 1\nb.c.d = 2\n[stage.config.a]\nz = false",
    );
    let stage = &read(&text).unwrap_or_else(|problems| panic!("{problems}")).stages[0];
    let config: Vec<_> = stage.config.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expected = [
        ("a.z", "false"),
        ("b.a", "1"),
        ("b.c.d", "2"),
        ("empty", ""),
        ("hex", "16"),
        ("lines", "a\nb"),
        ("many", "1000"),
        ("minus", "-5"),
        ("name", "<orders>"),
        ("none", "nan"),
        ("rate", "1.10"),
        ("small", "1e-3"),
        ("yes", "true"),
    ];
    assert_eq!(config, expected);
    let granted = read(&least_with("[[stage]]", "grants = [\"config\"]")).unwrap();
    assert_eq!((granted.stages[0].grants.config, granted.stages[0].config.len()), (true, 0));
}

#[test]
fn settings_that_cannot_be_text_are_refused() {
    let form = "must be a string, a number or a boolean, not";
    let cases = [
        (
            "a = [1, 2]",
            format!("`[[stage]] config.a` {form} an array (write the items in one text, which the guest takes apart: \"a,b,c\")"),
        ),
        ("a.b = 1979-05-27", format!("`[[stage]] config.a.b` {form} a date (write it between quotes)")),
        (
            "a = 99999999999999999999",
            format!("`[[stage]] config.a` {form} the number 99999999999999999999, which is too large (write it between quotes)"),
        ),
        ("\" \" = 1", "a value of `[[stage]] config` has no name (name it, for example: config = { eur-rate = \"1.0\" })".to_owned()),
        (
            "a = \"${env:NO}\"",
            "`[[stage]] config.a`: the environment variable NO is not set (set NO, or give a default: `${env:NO:-default}`)".to_owned(),
        ),
        (
            "\"a.b\" = 1, a = { b = 2 }",
            "`[[stage]] config.a.b` is given twice (it also stands in line 7: quoted or as a table, it is the same name)".to_owned(),
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(one("[[stage]]", &format!("config = {{ {line} }}\ngrants = [\"config\"]")), expected);
    }
    assert_eq!(
        one("[[stage]]", "grants = [\"config\"]\nconfig = 1"),
        "`[[stage]] config` must be a table, not an integer (for example: config = { eur-rate = \"1.0\" })"
    );
}

#[test]
fn settings_need_their_grant() {
    let given = "is given, but the guest may not read it";
    assert_eq!(
        one("[[stage]]", "config = { rate = \"1.0\" }"),
        format!("`[[stage]] config` {given} (add \"config\" to its grants: grants = [\"config\"])")
    );
    let text = with_stages(&["guest = \"h\"\ngrants = [\"clock\"]\n[stage.config]\nrate = 1"]);
    let help = "(add \"config\" to its grants: grants = [\"clock\", \"config\"])";
    assert_eq!(refused(&text), [format!("14:1 `[[stage]] 2 config` {given} {help}")]);
}

#[test]
fn debug_shows_no_setting_of_a_guest() {
    let lines = "grants = [\"config\"]\nconfig = { token = \"hunter2\" }";
    let shown = format!("{:?}", read(&least_with("[[stage]]", lines)).unwrap());
    assert!(!shown.contains("hunter2") && shown.contains("(\"token\", \"***\")"), "{shown}");
}
