//! What can be wrong with what a guest imports from `millstream:pipeline`, and with its `init`: refused at load, by
//! name.

use crate::case::Case;
use crate::component::{IDLE, build};

/// A guest for the payments, never called, that imports this function of this interface.
fn importing(interface: &str, items: &str, function: &str, signature: &str) -> Case {
    let (name, version) = interface.split_once('@').expect("a version");
    let wit = format!(
        "package t:t;
        world transform {{
            import millstream:pipeline/{interface};
            variant fault {{ reject(string), retry(string), halt(string) }}
            record payment {{ id: string }}
            record enriched {{ risk: s32, amount-eur: f64 }}
            export transform: func(batch: list<payment>) -> list<result<enriched, fault>>;
        }}
        package millstream:pipeline@{version} {{ interface {name} {{ {items} }} }}"
    );
    let import = format!("(module (import \"millstream:pipeline/{interface}\" \"{function}\" (func {signature}))");
    Case::payments()
        .with("guest.wasm", build(&wit, &IDLE.replacen("(module", &import, 1)))
        .edit("\"guest.wasm\"", "\"guest.wasm\"\npassthrough = true")
}

const LEVEL: &str = "enum level { trace, debug, info, warn, error }";
const LOG: &str = "log: func(level: level, message: string);";

#[test]
fn an_import_that_is_not_granted_names_the_grant() {
    let log = format!("{LEVEL} {LOG}");
    for (name, items, function, signature) in [
        ("log", log.as_str(), "log", "(param i32 i32 i32)"),
        ("metrics", "counter-add: func(name: string, value: u64);", "counter-add", "(param i32 i32 i64)"),
        ("config", "entries: func() -> list<tuple<string, string>>;", "entries", "(param i32)"),
    ] {
        let why = format!(
            "the guest guest.wasm imports `millstream:pipeline/{name}@0.1.0`, which is not granted: add \"{name}\" to \
             `grants` in its [[stage]]"
        );
        let done = importing(&format!("{name}@0.1.0"), items, function, signature).check();
        done.mentions(2, &[&why, "--> pipeline.toml:12:9"]);
    }
}

#[test]
fn schemas_need_no_grant_and_any_patch_version_does() {
    for version in ["0.1.0", "0.1.7", "0.1.99"] {
        let case = importing(&format!("schemas@{version}"), "input: func() -> u32;", "input", "(result i32)");
        case.check().shows(&["\nok\n"]);
    }
}

#[test]
fn an_interface_of_types_only_needs_no_grant_and_fits_in_any_version() {
    for version in ["0.0.9", "0.1.0", "0.7.0", "3.0.0"] {
        let wit = format!(
            "package t:t;
            world transform {{
                use millstream:pipeline/log@{version}.{{level}};
                variant fault {{ reject(string), retry(string), halt(string) }}
                record payment {{ id: string }}
                record enriched {{ risk: s32, amount-eur: f64 }}
                export transform: func(batch: list<payment>) -> list<result<enriched, fault>>;
            }}
            package millstream:pipeline@{version} {{ interface log {{ enum level {{ trace, debug }} }} }}"
        );
        let case = Case::payments().with("guest.wasm", build(&wit, IDLE));
        case.edit("\"guest.wasm\"", "\"guest.wasm\"\npassthrough = true").check().shows(&["\nok\n"]);
    }
}

#[test]
fn an_interface_that_is_not_there_is_named_with_those_that_are() {
    for version in ["0.1.0", "0.2.0"] {
        let done = importing(&format!("teleport@{version}"), "jump: func();", "jump", "").check();
        let why = format!(
            "the guest guest.wasm imports `millstream:pipeline/teleport@{version}`, which this host does not offer; it \
             speaks version 0.1 of millstream:pipeline, with `config`, `log`, `metrics`, `schemas`"
        );
        done.mentions(2, &[&why, "--> pipeline.toml:12:9"]);
    }
}

#[test]
fn another_version_is_named_with_the_one_that_is_there() {
    for version in ["0.0.9", "0.9.0", "1.0.0", "0.10.0"] {
        let done = importing(&format!("schemas@{version}"), "input: func() -> u32;", "input", "(result i32)").check();
        let why = format!(
            "the guest guest.wasm imports `millstream:pipeline/schemas@{version}`, but this host offers version 0.1 of \
             millstream:pipeline; make its WIT folder with the `millstream wit` of this host and build it again"
        );
        done.mentions(2, &[&why]);
    }
}

#[test]
fn a_function_that_an_interface_lacks_is_named_with_those_it_has() {
    let done = importing("schemas@0.1.0", "forget: func(schema: u32);", "forget", "(param i32)").check();
    let why = "the guest guest.wasm imports `forget` of `millstream:pipeline/schemas@0.1.0`, which this host does not \
               offer; it offers `named-types`, `text`, `input`, `output`";
    done.mentions(2, &[why]);
}

#[test]
fn a_function_of_another_type_is_named_with_both_types() {
    for (item, function, signature, types) in [
        (
            "input: func() -> u64;",
            "input",
            "(result i64)",
            "`input` of * as func() -> u64, but this host offers func() -> u32",
        ),
        (
            "text: func(schema: u32, pretty: bool) -> string;",
            "text",
            "(param i32 i32 i32)",
            "`text` of * as func(u32, bool) -> string, but this host offers func(u32) -> string",
        ),
        (
            "text: func(schema: u32);",
            "text",
            "(param i32)",
            "`text` of * as func(u32), but this host offers func(u32) -> string",
        ),
        (
            "named-types: func(schema: u32) -> list<string>;",
            "named-types",
            "(param i32 i32)",
            "`named-types` of * as func(u32) -> list<string>, but this host offers func(u32) -> list<variant { record, \
             enum, fixed }>",
        ),
    ] {
        let done = importing("schemas@0.1.0", item, function, signature).check();
        let why = types.replace('*', "`millstream:pipeline/schemas@0.1.0`");
        done.mentions(2, &[&format!("the guest guest.wasm imports {why}")]);
    }
}

/// A guest for the payments with this `init`.
fn with_init(ty: &str, code: &str) -> Case {
    let wit = format!(
        "package t:t;
        world transform {{
            variant fault {{ reject(string), retry(string), halt(string) }}
            record payment {{ id: string }}
            record enriched {{ risk: s32, amount-eur: f64 }}
            export transform: func(batch: list<payment>) -> list<result<enriched, fault>>;
            export init: {ty};
        }}"
    );
    let wat = IDLE.replacen("unreachable)", &format!("unreachable) (func (export \"init\") {code})"), 1);
    Case::payments()
        .with("guest.wasm", build(&wit, &wat))
        .edit("\"guest.wasm\"", "\"guest.wasm\"\npassthrough = true\nlimits = { time = \"100ms\" }")
}

const INIT: &str = "func() -> result<_, string>";

#[test]
fn an_init_of_another_shape_is_refused() {
    for (ty, code) in [
        ("func() -> bool", "(result i32) unreachable"),
        ("func()", ""),
        ("func(rate: f64) -> result<_, string>", "(param f64) (result i32) unreachable"),
        ("func() -> result<string, string>", "(result i32) unreachable"),
    ] {
        let why = format!("the guest guest.wasm exports `init: {ty}`; expected `init: func() -> result<_, string>`");
        with_init(ty, code).check().mentions(2, &[&why, "--> pipeline.toml:12:9"]);
    }
}

#[test]
fn an_init_that_succeeds_is_no_matter() {
    with_init(INIT, "(result i32) (i32.const 16)").check().shows(&["\nok\n"]);
}

#[test]
fn an_init_that_fails_is_told_in_its_words() {
    let says_hi = "(result i32) (i32.store8 (i32.const 16) (i32.const 1)) (i32.store (i32.const 20) (i32.const 64))
        (i32.store (i32.const 24) (i32.const 3)) (i32.store (i32.const 64) (i32.const 0x0a6968)) (i32.const 16)";
    let hangs = "(result i32) (loop $for_ever (br $for_ever)) unreachable";
    for (code, why) in [
        (says_hi, r"hi\n"),
        ("(result i32) unreachable", "the guest trapped: wasm `unreachable` instruction executed"),
        (hangs, "the guest ran longer than its time limit of 100ms"),
    ] {
        let why = format!("the guest guest.wasm does not start: its init failed: {why}\n");
        with_init(INIT, code).check().mentions(2, &[&why, "--> pipeline.toml:12:9"]);
    }
}
