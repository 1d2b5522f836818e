//! `millstream new`: what it writes, what it refuses, and how it says so.
//!
//! That the projects build and pass their own tests is shown in tests/guests, where the tool chains are.

use std::collections::BTreeMap;
use std::path::Path;

use harness::paths;

use crate::case::{Case, Done};

const FRAME: [&str; 17] = [
    ".gitignore",
    "README.md",
    "pipeline.toml",
    "samples.jsonl",
    "schemas/enriched.avsc",
    "schemas/ids.toml",
    "schemas/payment.avsc",
    "tests.toml",
    "wit/deps/millstream-pipeline/config.wit",
    "wit/deps/millstream-pipeline/envelope.wit",
    "wit/deps/millstream-pipeline/generic.wit",
    "wit/deps/millstream-pipeline/log.wit",
    "wit/deps/millstream-pipeline/metrics.wit",
    "wit/deps/millstream-pipeline/schemas.wit",
    "wit/deps/millstream-pipeline/types.wit",
    "wit/types.wit",
    "wit/world.wit",
];

/// A folder with the two schemas of payments.
fn folder() -> Case {
    let mut case = Case::of("");
    for name in ["payment", "enriched"] {
        let text = std::fs::read_to_string(paths::schema(name)).expect("the schema");
        case = case.with(&format!("{name}.avsc"), text);
    }
    case
}

fn new(case: &Case, name: &str, lang: &str, more: &[&str]) -> Done {
    let input = ["new", name, "--lang", lang, "--input", "payment.avsc", "--output", "enriched.avsc"];
    case.run(&[&input[..], more].concat())
}

/// All files below a folder, by their paths.
fn files(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
            found.insert(name, std::fs::read_to_string(&path).expect("text"));
        }
    }
    found
}

#[test]
fn a_project_has_these_files() {
    let case = folder();
    for (lang, own) in [
        ("rust", &["Cargo.lock", "Cargo.toml", "rust-toolchain.toml", "src/lib.rs"][..]),
        (
            "go",
            &[
                "export_wit_world/in-go.go",
                "export_wit_world/in-go_test.go",
                "go.mod",
                "main.go",
                "tools/go.mod",
                "tools/wit/runtime/empty.s",
                "tools/wit/runtime/runtime.go",
                "tools/wit/types/types.go",
            ],
        ),
        ("c", &["Makefile", "in-c.c"]),
    ] {
        let name = format!("in-{lang}");
        new(&case, &name, lang, &[]).shows(&["\n    millstream build\n    millstream test\n", &format!("cd {name}")]);
        let written = files(&case.path(&name));
        let mut wanted: Vec<&str> = FRAME.into_iter().chain(own.iter().copied()).collect();
        wanted.sort_unstable();
        assert_eq!(written.keys().map(String::as_str).collect::<Vec<_>>(), wanted, "{lang}");
        // Whatever a template asks for was put in.
        for (file, text) in &written {
            let left = text
                .split('@')
                .skip(1)
                .step_by(2)
                .find(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
            assert_eq!(left, None, "{lang}: {file}");
        }
        assert!(written["README.md"].lines().count() <= 45, "{lang}: a README is one screen");
    }
}

#[test]
fn the_same_request_gives_the_same_files() {
    let case = folder();
    for lang in ["rust", "go", "c"] {
        for shape in ["map", "filter", "fan-out"] {
            let folder = |number: u8| format!("{lang}-{shape}-{number}");
            for number in [1, 2] {
                new(&case, "same", lang, &["--shape", shape, "--folder", &folder(number)]).shows(&["same"]);
            }
            assert_eq!(files(&case.path(&folder(1))), files(&case.path(&folder(2))), "{lang} {shape}");
        }
    }
}

#[test]
fn without_an_output_it_is_the_input() {
    let case = folder();
    case.run(&["new", "same", "--lang", "rust", "--input", "payment.avsc"]).shows(&["same/schemas/payment.avsc\n"]);
    let written = files(&case.path("same"));
    assert!(!written.contains_key("schemas/enriched.avsc"));
    assert!(written["src/lib.rs"].contains("    Ok(input)\n"), "{}", written["src/lib.rs"]);
    case.run(&["wit", "--input", "payment.avsc", "--output", "payment.avsc", "--package", "acme:same"]).shows(&[""]);
    assert_eq!(std::fs::read_to_string(case.path("wit/world.wit")).expect("wit"), written["wit/world.wit"]);
}

#[test]
fn missing_flags_are_told_with_an_example() {
    let case = folder();
    case.run(&["new"]).mentions(
        2,
        &[
            "missing: NAME, the project's name; --lang, the language; --input, the Avro schema of what comes in",
            "for instance: millstream new payments --lang rust --input schemas/payment.avsc",
        ],
    );
    case.run(&["new", "x", "--input", "payment.avsc"]).mentions(2, &["missing: --lang, the language\n"]);
}

#[test]
fn an_unknown_language_or_shape_is_told_with_the_nearest() {
    let case = folder();
    new(&case, "x", "pyton", &[]).mentions(
        2,
        &[
            "no language `pyton`; there are rust, go, python, javascript, typescript, c",
            "did you mean `python`?",
            "--lang",
        ],
    );
    new(&case, "x", "go", &["--shape", "fanout"]).mentions(
        2,
        &["no shape `fanout`; there are map, filter, fan-out, generic, user-functions", "did you mean `fan-out`?"],
    );
    assert!(!case.path("x").exists());
}

#[test]
fn a_bad_name_is_told_with_one_near_by() {
    let case = folder();
    new(&case, "My_Stream", "rust", &[]).mentions(2, &["\"My_Stream\" is no project name", "for instance `my-stream`"]);
    new(&case, "../up", "go", &[]).mentions(2, &["\"../up\" is no project name", "for instance `up`"]);
    new(&case, "match", "rust", &[]).mentions(
        2,
        &["a project cannot be called `match`: Rust has a word or a crate of this name; for instance `match-stream`"],
    );
    assert!(!case.path("match").exists());
}

#[test]
fn a_schema_that_is_missing_or_none_is_told_as_wit_tells_it() {
    let case = folder().with("bad.avsc", "{\n  \"type\": \"record\"\n  \"name\": \"R\"\n}\n");
    let run = |input: &str| case.run(&["new", "x", "--lang", "c", "--input", input]);
    let wit = |input: &str| case.run(&["wit", "--package", "a:b", "--input", input, "--output", input]);
    for input in ["none.avsc", "bad.avsc"] {
        let (new, wit) = (run(input), wit(input));
        assert_eq!((new.code, &new.err), (wit.code, &wit.err));
        new.mentions(2, &[input]);
    }
    run("bad.avsc").mentions(2, &["line 3, column 3: this is not JSON"]);
    // An array of nothing has no type in WIT.
    let case = case.with("nulls.avsc", r#"{"type": "array", "items": "null"}"#);
    case.run(&["new", "x", "--lang", "c", "--input", "nulls.avsc"])
        .mentions(2, &["which carries no data", "nulls.avsc"]);
}

#[test]
fn what_is_there_is_not_overwritten() {
    let case = folder();
    std::fs::create_dir(case.path("taken")).expect("a folder");
    std::fs::write(case.path("taken/mine.txt"), "mine").expect("a file");
    new(&case, "taken", "go", &[]).mentions(2, &["taken is there already, and `new` overwrites nothing"]);
    assert_eq!(files(&case.path("taken")).keys().collect::<Vec<_>>(), ["mine.txt"]);
    std::fs::create_dir(case.path("empty")).expect("a folder");
    new(&case, "empty", "go", &[]).shows(&["empty/go.mod"]);
    // Nothing is left beside either.
    let hidden = std::fs::read_dir(case.path("")).expect("the folder");
    let names = hidden.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    assert_eq!(names.filter(|name| name.starts_with('.')).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let case = folder();
    new(&case, "x", "go", &["--folder", "payment.avsc"]).mentions(2, &["cannot write payment.avsc"]);
}

#[test]
fn a_type_of_which_there_is_no_value_is_refused() {
    let text = r#"{"type": "record", "name": "Loop", "fields": [{"name": "again", "type": "Loop"}]}"#;
    let case = folder().with("loop.avsc", text);
    case.run(&["new", "x", "--lang", "go", "--input", "loop.avsc"])
        .mentions(2, &["no value of record Loop can be made without another one in it", "loop.avsc"]);
}

#[test]
fn what_a_bindings_generator_cannot_do_is_told_before() {
    let field = |field: &str| {
        format!(r#"{{"type": "record", "name": "R", "namespace": "a", "fields": [{{"name": {field}}}]}}"#)
    };
    let tag =
        field(r#""u", "type": ["int", {"type": "record", "name": "Tag", "fields": [{"name": "x", "type": "int"}]}]"#);
    let twice = field(
        r#""s", "type": [{"type": "enum", "name": "State", "symbols": ["Of"]},
           {"type": "record", "name": "StateOf", "fields": [{"name": "x", "type": "int"}]}]"#,
    );
    let restrict = field(r#""restrict", "type": "int""#);
    let list = field(
        r#""l", "type": {"type": "array", "items": {"type": "record", "name": "Item", "fields": [
           {"name": "x", "type": {"type": "record", "name": "ListItem", "fields": [{"name": "y", "type": "int"}]}}]}}"#,
    );
    for (lang, schema, why) in [
        ("rust", &field(r#""gen", "type": "int""#), "`gen` in `r` would be a field's name"),
        ("go", &tag, "two methods `Tag`"),
        ("go", &twice, "two things would be called `StateOf`"),
        ("c", &restrict, "`restrict` in `r` would be a member's name"),
        ("c", &list, "the type `list_item` of the schema would be called as the list"),
    ] {
        let case = folder().with("r.avsc", schema);
        let run = |lang: &str| case.run(&["new", &format!("in-{lang}"), "--lang", lang, "--input", "r.avsc"]);
        run(lang).mentions(2, &[&format!("the bindings for {lang} cannot be made of this schema: "), why, "--lang"]);
        let other = if lang == "rust" { "go" } else { "rust" };
        run(other).shows(&[&format!("in-{other}")]);
    }
}
