//! What can be wrong with a guest before its first record: the file, the component, its types, its imports.

use crate::case::Case;
use crate::component::{IDLE, build, core, idle};

const FAULT: &str = "variant fault { reject(string), retry(string), halt(string) }";
const TRANSFORM: &str = "export transform: func(batch: list<payment>) -> list<result<enriched, fault>>;";

/// A guest with these fields in its two records, never called.
fn typed(payment: &str, enriched: &str) -> Case {
    let items = format!("{FAULT} record payment {{ {payment} }} record enriched {{ {enriched} }} {TRANSFORM}");
    Case::payments().with("guest.wasm", idle(&items))
}

#[test]
fn a_missing_guest_is_named() {
    let text = "\
error: cannot read the guest none.wasm: No such file or directory (os error 2); build it first, or correct `guest` in [[stage]]
  --> pipeline.toml:12:9
   |
12 | guest = \"none.wasm\"
   |         ^^^^^^^^^^^
";
    Case::payments().edit("\"guest.wasm\"", "\"none.wasm\"").check().says(2, text);
}

#[test]
fn a_file_that_is_no_wasm_is_refused() {
    let why = "the guest guest.wasm is not a WebAssembly component: it does not begin with the four bytes that every wasm \
               file begins with\n  --> pipeline.toml:12:9";
    for content in [&b"fn main() {}"[..], b"", b"\0as"] {
        Case::payments().with("guest.wasm", content).check().mentions(2, &[why]);
    }
}

#[test]
fn half_a_component_is_refused() {
    let whole = std::fs::read(harness::paths::guest("enrich")).expect("the guest enrich");
    let case = Case::payments().with("guest.wasm", &whole[..whole.len() / 2]);
    case.check().mentions(2, &["the guest guest.wasm is not a WebAssembly component: ", "--> pipeline.toml:12:9"]);
}

#[test]
fn a_core_module_without_its_wit_is_told_from_a_component() {
    let module = wat::parse_str(IDLE).expect("a module");
    let why = "the guest guest.wasm is a core wasm module that does not carry its WIT, so that no component can be made of \
               it; build it with `millstream build`, or embed its WIT with `wasm-tools component embed`";
    Case::payments().with("guest.wasm", module).check().mentions(2, &[why, "--> pipeline.toml:12:9"]);
}

/// A guest for the payments that takes one field and gives two, with this code.
fn subset(wat: &str) -> Vec<u8> {
    let items =
        format!("{FAULT} record payment {{ id: string }} record enriched {{ risk: s32, amount-eur: f64 }} {TRANSFORM}");
    core(&format!("package t:t; world transform {{ {items} }}"), wat)
}

#[test]
fn a_core_module_that_carries_its_wit_is_made_a_component_at_load() {
    let prints = r#"(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#;
    for wat in [IDLE.to_owned(), IDLE.replacen("(module", prints, 1)] {
        let case = Case::payments().with("guest.wasm", subset(&wat));
        let case = case.edit("\"guest.wasm\"", "\"guest.wasm\"\npassthrough = true");
        case.check().shows(&["guest      guest.wasm: transform\n", "\nok\n"]);
        let form = "form       core module with its WIT; the host makes a component of it at load\n";
        case.run(&["inspect", "guest.wasm"]).shows(&[form, "exports    transform: func("]);
        let json = case.run(&["inspect", "guest.wasm", "--json"]);
        json.shows(&["\"form\": \"core-module\""]);
    }
}

#[test]
fn a_core_module_that_is_not_what_its_wit_says_is_refused() {
    let lacks = IDLE.replace("\"transform\"", "\"transfer\"");
    let odd = r#"(module (import "wasi_snapshot_preview1" "fd_teleport" (func (param i32)))"#;
    let whole = subset(IDLE);
    for (module, why) in [
        (subset(&lacks), "transform"),
        (subset(&IDLE.replacen("(module", odd, 1)), "fd_teleport"),
        (whole[..whole.len() - 20].to_vec(), "unexpected end"),
    ] {
        let begin = "the guest guest.wasm is a core wasm module, and no component can be made of it: ";
        let done = Case::payments().with("guest.wasm", module).check();
        done.mentions(2, &[begin, why, "; build it with `millstream build`\n  --> pipeline.toml:12:9"]);
    }
}

#[test]
fn a_component_of_another_world_says_what_it_exports() {
    let wit = "package t:t; world transform { export wasi:cli/run@0.2.6; }
        package wasi:cli@0.2.6 { interface run { run: func() -> result; } }";
    let wat = r#"(module (func (export "wasi:cli/run@0.2.6#run") (result i32) unreachable))"#;
    let why = "the guest guest.wasm exports neither `transform` nor `deserialize` nor `serialize`; it exports \
               `wasi:cli/run@0.2.6`. Generate its world with `millstream wit`";
    Case::payments().with("guest.wasm", build(wit, wat)).check().mentions(2, &[why, "--> pipeline.toml:12:9"]);
}

#[test]
fn a_component_without_transform_says_what_it_exports() {
    let wat = r#"(module (func (export "other")) (func (export "another")))"#;
    let guest = build("package t:t; world transform { export other: func(); export another: func(); }", wat);
    Case::payments().with("guest.wasm", guest).check().mentions(
        2,
        &["the guest guest.wasm exports neither `transform` nor `deserialize` nor `serialize`; it exports `other`, `another`. Generate its world with `millstream wit`"],
    );
}

#[test]
fn a_component_without_any_export_is_refused() {
    let guest = build("package t:t; world transform { }", "(module)");
    Case::payments()
        .with("guest.wasm", guest)
        .check()
        .mentions(2, &["exports neither `transform` nor `deserialize` nor `serialize`; it exports nothing"]);
}

#[test]
fn a_transform_of_another_shape_is_refused() {
    let records = "record payment { id: string } record enriched { id: string }";
    for (export, found) in [
        ("list<payment>) -> list<enriched>", "func(batch: list<record { id }>) -> list<record { id }>"),
        ("string) -> string", "func(batch: string) -> string"),
        ("list<payment>) -> list<option<enriched>>", "func(batch: list<record { id }>) -> list<option<record { id }>>"),
    ] {
        let items = format!("{records} export transform: func(batch: {export};");
        let expected = "expected `transform: func(batch: list<IN>) -> list<result<OUT, fault>>`";
        let found = format!("the guest guest.wasm exports `transform: {found}`; {expected}");
        Case::payments().with("guest.wasm", idle(&items)).check().mentions(2, &[&found, "--> pipeline.toml:12:9"]);
    }
}

#[test]
fn a_field_of_another_type_is_named_with_both_types() {
    let done = typed("id: string, amount: string", "id: string").check();
    done.mentions(
        2,
        &[
            "the guest guest.wasm does not fit the source schema payment.avsc:",
            "  - field `amount`: the guest's type is string, the schema's long is s64 in WIT",
        ],
    );
}

#[test]
fn a_field_that_the_schema_lacks_is_named() {
    let done = typed("id: string, colour: string", "id: string").check();
    done.mentions(2, &["  - value: the guest has a field `colour` that the schema lacks; it has id, account, amount"]);
}

#[test]
fn what_does_not_fit_is_told_of_both_schemas_at_once() {
    let done = typed("id: string, amount: string", "id: s32").check();
    done.mentions(
        2,
        &[
            "the source schema payment.avsc:",
            "field `amount`",
            "the sink schema enriched.avsc:",
            "field `id`",
            "pipeline.toml: 2 problems",
        ],
    );
}

#[test]
fn every_output_field_that_nothing_fills_is_named() {
    let done = typed("id: string", "id: string, risk: s32").check();
    done.mentions(2, &["the guest guest.wasm does not fit the sink schema enriched.avsc:"]);
    for field in ["account", "amount", "currency", "ts", "tags", "rate", "country", "seq", "amount_eur"] {
        assert!(done.err.contains(&format!("nothing fills the output's field `{field}`: ")), "{field}: {}", done.err);
    }
    for field in ["id", "risk", "note"] {
        assert!(!done.err.contains(&format!("`{field}`: ")), "{field} is filled or has a default: {}", done.err);
    }
}

#[test]
fn passthrough_fills_what_the_input_has_and_nothing_else() {
    let case = typed("id: string", "risk: s32").edit("\"guest.wasm\"", "\"guest.wasm\"\npassthrough = true");
    let done = case.check();
    done.mentions(2, &["nothing fills the output's field `amount_eur`: "]);
    assert_eq!(done.err.matches("\n  - ").count(), 1, "{}", done.err);
    let case = typed("id: string", "risk: s32, amount-eur: f64");
    case.edit("\"guest.wasm\"", "\"guest.wasm\"\npassthrough = true").check().shows(&["\nok\n"]);
}

#[test]
fn an_enum_that_lacks_a_symbol_is_named() {
    let currency = "enum currency { eur, usd }";
    let items = format!(
        "{FAULT} {currency} record payment {{ currency: currency }} record enriched {{ id: string }} {TRANSFORM}"
    );
    let done = Case::payments().with("guest.wasm", idle(&items)).check();
    done.mentions(2, &["  - field `currency`: the guest lacks the case `gbp` for the schema's symbol GBP of enum acme.payments.Currency"]);
}

#[test]
fn an_import_that_no_pipeline_offers_is_named() {
    let wit = "package acme:shop; interface store { get: func() -> s32; }
        world transform { import store; import now: func(); export transform: func(batch: list<s32>) -> list<result<s32, string>>; }";
    for (import, name) in [
        (r#"(import "acme:shop/store" "get" (func (result i32)))"#, "acme:shop/store"),
        (r#"(import "$root" "now" (func))"#, "now"),
    ] {
        let guest = build(wit, &IDLE.replacen("(module", &format!("(module {import}"), 1));
        let why = format!("the guest guest.wasm imports `{name}`, which this host does not offer");
        Case::payments().with("guest.wasm", guest).check().mentions(2, &[&why]);
    }
}

#[test]
fn a_guest_that_does_not_come_up_is_refused() {
    let items =
        format!("{FAULT} record payment {{ id: string }} record enriched {{ risk: s32, amount-eur: f64 }} {TRANSFORM}");
    let wit = format!("package t:t; world transform {{ {items} }}");
    for (start, why) in [
        ("unreachable", "the guest trapped: "),
        ("(loop $for_ever (br $for_ever))", "the guest ran longer than its time limit of 100ms"),
    ] {
        let wat = IDLE.replacen("(module", &format!("(module (func $start {start}) (start $start)"), 1);
        let case = Case::payments().with("guest.wasm", build(&wit, &wat));
        let case = case.edit("\"guest.wasm\"", "\"guest.wasm\"\npassthrough = true\nlimits = { time = \"100ms\" }");
        case.check().mentions(2, &["the guest guest.wasm does not start: ", why]);
    }
}
