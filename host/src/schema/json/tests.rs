use serde_json::{Value, json};

use super::*;
use crate::schema::parse;

fn default(schema: &str, value: Value) -> Result<Vec<u8>, String> {
    let schema = parse(schema).unwrap();
    encode_default(&schema, schema.root(), &value).map_err(|error| error.to_string())
}

#[test]
fn defaults_follow_the_rules_for_defaults() {
    let default = |value| default(r#"["null", "string", {"type": "record", "name": "R", "fields": []}]"#, value);
    assert_eq!(default(json!(null)).unwrap(), [0]);
    assert_eq!(default(json!("x")).unwrap(), [2, 2, b'x']);
    assert_eq!(default(json!({"extra": 1})).unwrap(), [4]);
    assert_eq!(
        default(json!({"string": "tags do not count here"})).unwrap(),
        [4],
        "an object can only mean the record"
    );
    assert_eq!(default(json!(1)).unwrap_err(), "expected [null, string, record R], found the number 1");
}

#[test]
fn the_bytes_are_avro() {
    assert_eq!(default("\"long\"", json!(-65)).unwrap(), [0x81, 0x01]);
    assert_eq!(default("[\"int\", \"long\"]", json!(1)).unwrap(), [0, 2]);
    assert_eq!(default(r#"{"type": "array", "items": "boolean"}"#, json!([true])).unwrap(), [2, 1, 0]);
    assert_eq!(
        default(r#"{"type": "map", "values": "bytes"}"#, json!({"a": "\u{ff}"})).unwrap(),
        [2, 2, b'a', 2, 255, 0]
    );
    assert_eq!(default("\"float\"", json!(0.1)).unwrap(), 0.1f32.to_le_bytes());
    assert_eq!(default("\"double\"", json!("-Infinity")).unwrap(), f64::NEG_INFINITY.to_le_bytes());
    assert_eq!(default(r#"{"type": "fixed", "name": "F", "size": 2}"#, json!("\u{ff}\0")).unwrap(), [255, 0]);
}

#[test]
fn errors_name_the_field_and_both_types() {
    const ORDER: &str = r#"{"type": "record", "name": "shop.Order", "fields": [
        {"name": "lines", "type": {"type": "array", "items": {"type": "record", "name": "Line", "fields": [
            {"name": "price", "type": "double"},
            {"name": "unit", "type": {"type": "enum", "name": "Unit", "symbols": ["PIECE", "KILO"]}}]}}},
        {"name": "parent", "type": ["null", "Line"], "default": null}]}"#;
    let line = |line: Value| default(ORDER, json!({"lines": [{"price": 1, "unit": "KILO"}, line]})).unwrap_err();
    assert_eq!(line(json!({"price": "x"})), "field lines[1].price: expected double, found the string \"x\"");
    assert_eq!(line(json!({})), "field lines[1].price: the field is missing and the schema has no default for it");
    assert_eq!(
        line(json!({"price": 1, "unit": "TON"})),
        "field lines[1].unit: expected enum shop.Unit, one of PIECE, KILO, found the string \"TON\""
    );
    assert_eq!(
        default(ORDER, json!({"lines": [], "parent": {"price": []}})).unwrap_err(),
        "field parent.price: expected double, found an array of 0 items"
    );
    assert_eq!(default("\"int\"", json!(1u64 << 40)).unwrap_err(), "expected int, found the number 1099511627776");
    assert_eq!(default("\"float\"", json!(1e300)).unwrap_err(), "expected float, found the number 1e+300");
    assert_eq!(
        default("\"bytes\"", json!("\u{100}")).unwrap_err(),
        "expected bytes, a string of characters up to U+00FF, found the string \"\u{100}\""
    );
}

#[test]
fn a_float_of_few_digits_is_the_one_that_was_written() {
    // As a double these digits are just between two floats, and the other one is even.
    let digits: f64 = "7.038531e-26".parse().unwrap();
    let meant: f32 = "7.038531e-26".parse().unwrap();
    assert_ne!(digits as f32, meant);
    assert_eq!(narrowed(digits), meant);
    for n in [0.1, -0.0, 1.0, f64::MAX, f64::INFINITY, 5e-324, 1e-45, 16_777_217.0] {
        assert_eq!(narrowed(n).to_bits(), (n as f32).to_bits(), "{n}");
    }
    assert!(narrowed(f64::NAN).is_nan());
}
