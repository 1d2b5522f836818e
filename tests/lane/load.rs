//! Guests that cannot be used: each is refused before any record, in words that name the file, the schema, the field
//! and both types.

use std::path::Path;

use millstream::contract::mismatch::Mismatch;
use millstream::decode;
use millstream::encode;
use millstream::guest::{Grants, Guest, LoadError};
use millstream::schema::Schema;

use super::echo::{ENGINE, parse, transform_of, wrap};

const FAULT: &str = "variant fault { reject(string), retry(string), halt(string) }";

/// A core module with the exports that a world with `transform` needs.
const MODULE: &str = r#"(module (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (unreachable))
    (func (export "transform") (param i32 i32) (result i32) (unreachable)))"#;

fn load(bytes: &[u8]) -> Result<Guest, LoadError> {
    Guest::compile(&ENGINE, Path::new("guests/it.wasm"), bytes, &Grants::default())
}

fn refused(bytes: &[u8]) -> String {
    load(bytes).expect_err("this guest must be refused").to_string()
}

/// A guest whose world has these types and this signature.
fn guest(types: &str, transform: &str) -> Guest {
    let world = format!("package test:load; world w {{ {types} {FAULT} export transform: {transform}; }}");
    load(&wrap(&[&world], MODULE)).unwrap_or_else(|error| panic!("{error}"))
}

const TRANSFORM: &str = "func(batch: list<input>) -> list<result<output, fault>>";

#[test]
fn a_file_that_is_not_there() {
    let error = Guest::load(&ENGINE, Path::new("no/such/guest.wasm"), &Grants::default())
        .expect_err("it must be refused")
        .to_string();
    assert!(error.starts_with("cannot read the guest no/such/guest.wasm: No such file"), "{error}");
    assert!(error.ends_with("build it first, or correct `guest` in [[stage]]"), "{error}");
}

#[test]
fn a_file_that_is_no_wasm() {
    let error = refused(b"#!/bin/sh");
    assert!(error.starts_with("the guest guests/it.wasm is not a WebAssembly component: "), "{error}");
    let error = refused(b"");
    assert!(error.starts_with("the guest guests/it.wasm is not a WebAssembly component: "), "{error}");
}

#[test]
fn a_core_module() {
    let expected = "the guest guests/it.wasm is a core wasm module that does not carry its WIT, so that no component can \
                    be made of it; build it with `millstream build`, or embed its WIT with `wasm-tools component embed`";
    assert_eq!(refused(&wat::parse_str(MODULE).unwrap()), expected);
}

#[test]
fn a_component_cut_short() {
    let world = format!(
        "package test:load; world w {{ {FAULT} export transform: func(batch: list<s32>) -> list<result<s32, fault>>; }}"
    );
    let bytes = wrap(&[&world], MODULE);
    load(&bytes).unwrap();
    for end in [9, 20, bytes.len() / 2, bytes.len() - 1] {
        let error = refused(&bytes[..end]);
        assert!(error.starts_with("the guest guests/it.wasm "), "{end}: {error}");
    }
}

#[test]
fn a_world_without_transform() {
    let module = MODULE.replace("transform", "convert");
    let bytes = wrap(&["package test:load; world w { export convert: func(a: u32, b: u32) -> u32; }"], &module);
    let expected = "the guest guests/it.wasm exports neither `transform` nor `deserialize` nor `serialize`; it exports `convert`. Generate its world with \
                    `millstream wit`";
    assert_eq!(refused(&bytes), expected);
}

#[test]
fn a_transform_of_another_shape() {
    let shaped = |transform: &str, module: &str| {
        refused(&wrap(&[&format!("package test:load; world w {{ export transform: {transform}; }}")], module))
    };
    let wanted = "expected `transform: func(batch: list<IN>) -> list<result<OUT, fault>>`";
    let error = shaped("func(batch: list<s32>) -> list<s32>", MODULE);
    assert_eq!(
        error,
        format!("the guest guests/it.wasm exports `transform: func(batch: list<s32>) -> list<s32>`; {wanted}")
    );
    let error = shaped("func(one: string) -> result<string, string>", MODULE);
    let found = "func(one: string) -> result<string, string>";
    assert_eq!(error, format!("the guest guests/it.wasm exports `transform: {found}`; {wanted}"));
    let module = MODULE.replace("(param i32 i32) (result i32) (unreachable)))", "(param i32 i32 i32)))");
    let error = shaped("func(batch: list<s32>, more: u8)", &module);
    assert_eq!(
        error,
        format!("the guest guests/it.wasm exports `transform: func(batch: list<s32>, more: u8)`; {wanted}")
    );
}

#[test]
fn an_import_that_no_pipeline_offers() {
    let world = format!(
        "package test:load; world w {{ import acme:secrets/door@1.0.0; {FAULT}
         export transform: func(batch: list<s32>) -> list<result<s32, fault>>; }}"
    );
    let door = "package acme:secrets@1.0.0; interface door { open: func(); }";
    let module = MODULE.replace("(module", r#"(module (import "acme:secrets/door@1.0.0" "open" (func))"#);
    let error = refused(&wrap(&[door, &world], &module));
    let expected = "the guest guests/it.wasm imports `acme:secrets/door@1.0.0`, which this host does not offer;";
    assert!(error.starts_with(expected), "{error}");
}

const INPUT: &str = r#"{"type": "record", "name": "acme.Payment", "fields": [
    {"name": "id", "type": "string"}, {"name": "amountCents", "type": "long"},
    {"name": "kind", "type": {"type": "enum", "name": "acme.Kind", "symbols": ["CARD", "CASH"]}},
    {"name": "notes", "type": {"type": "array", "items": ["null", "string"]}}]}"#;

/// What does not fit between the schema and a guest's input, each as the user reads it.
fn input_mismatches(fields: &str) -> Vec<Mismatch> {
    let types = format!("enum kind {{ card, cash }} record input {{ {fields} }} record output {{ id: string }}");
    let schema = parse(INPUT);
    decode::compile(&schema, &schema, &transform_of(&guest(&types, TRANSFORM)).input, &[])
        .expect_err("they must not fit")
}

fn texts(mismatches: &[Mismatch]) -> Vec<String> {
    mismatches.iter().map(ToString::to_string).collect()
}

#[test]
fn an_input_field_of_another_type() {
    let found = texts(&input_mismatches("id: string, amount-cents: s32, notes: list<string>"));
    let expected = [
        "field `amountCents`: the guest's type is s32, the schema's long is s64 in WIT",
        "field `notes[]`: the guest's type is string, the schema's [null, string] is option<string> in WIT",
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_input_field_that_the_schema_lacks() {
    let found = texts(&input_mismatches("id: string, amount: s64"));
    let expected = "value: the guest has a field `amount` that the schema lacks; it has id, amount-cents, kind, notes";
    assert_eq!(found, [expected]);
}

#[test]
fn an_enumeration_without_all_symbols() {
    let types = "enum kind { card } record input { kind: kind } record output { id: string }";
    let schema = parse(INPUT);
    let mismatches = decode::compile(&schema, &schema, &transform_of(&guest(types, TRANSFORM)).input, &[]).unwrap_err();
    let expected = "field `kind`: the guest lacks the case `cash` for the schema's symbol CASH of enum acme.Kind";
    assert_eq!(texts(&mismatches), [expected]);
}

#[test]
fn the_whole_load_error() {
    let mismatches = input_mismatches("id: s32, amount: s64");
    let schema = "schemas/payment.avsc".to_owned();
    let error = LoadError::Mismatch { path: "guests/it.wasm".into(), side: "source", schema, mismatches };
    let expected = "the guest guests/it.wasm does not fit the source schema schemas/payment.avsc:\n  \
                    - value: the guest has a field `amount` that the schema lacks; it has id, amount-cents, kind, notes\n  \
                    - field `id`: the guest's type is s32, the schema's string is string in WIT";
    assert_eq!(error.to_string(), expected);
}

fn output_mismatches(types: &str, transform: &str, output: &Schema) -> Vec<String> {
    let input = parse(INPUT);
    let guest = guest(&format!("record input {{ id: string }} {types}"), transform);
    texts(&encode::compile(&transform_of(&guest).outcome, output, &input, false, &[]).expect_err("they must not fit"))
}

#[test]
fn an_output_of_another_type() {
    let output = parse(
        r#"{"type": "record", "name": "acme.Out", "fields": [{"name": "id", "type": "string"},
            {"name": "score", "type": "double"}, {"name": "by", "type": {"type": "map", "values": "int"}}]}"#,
    );
    let found = output_mismatches("record output { id: string, score: f32, extra: bool }", TRANSFORM, &output);
    let expected = [
        "value: the guest has a field `extra` that the schema lacks; it has id, score, by",
        "field `score`: the guest's type is f32, the schema's double is f64 in WIT",
        "value: nothing fills the output's field `by`: the guest's record lacks it and the schema has no default \
         (`passthrough = true` would carry it over)",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_fault_of_another_type() {
    let output = parse(r#"{"type": "record", "name": "O", "fields": [{"name": "id", "type": "string"}]}"#);
    let transform = "func(batch: list<input>) -> list<result<output, s32>>";
    let found = output_mismatches("record output { id: string }", transform, &output);
    let expected = "value: the guest's fault is s32; it must be `fault` of millstream:pipeline/types (variant { \
                    reject(string), retry(string), halt(string) }) or string";
    assert_eq!(found, [expected]);
}

#[test]
fn a_writer_that_cannot_be_read() {
    let writer = parse(
        r#"{"type": "record", "name": "acme.Payment", "fields": [{"name": "id", "type": "int"},
            {"name": "notes", "type": {"type": "array", "items": "double"}}]}"#,
    );
    let types = "enum kind { card, cash } record input { id: string, amount-cents: s64, notes: list<option<string>> }
        record output { id: string }";
    let mismatches =
        decode::compile(&writer, &parse(INPUT), &transform_of(&guest(types, TRANSFORM)).input, &[]).unwrap_err();
    let expected = [
        "field `id`: the writer's int cannot be read as the reader's string",
        "field `notes[]`: the writer's double cannot be read as the reader's [null, string]",
        "value: the writer lacks the field `amountCents`, and the reader's schema has no default for it",
    ];
    assert_eq!(texts(&mismatches), expected);
}
