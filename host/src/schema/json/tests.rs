use serde_json::json;

use super::*;
use crate::schema::parse;

fn encode(schema: &str, value: Value) -> Result<Vec<u8>, String> {
    let mut out = vec![0xEE];
    let result = encode_json(&parse(schema).unwrap(), &value, &mut out);
    match result {
        Ok(()) => Ok(out.split_off(1)),
        Err(error) => {
            assert_eq!(out, [0xEE], "nothing may be left behind by a failure");
            Err(error.to_string())
        }
    }
}

fn decode(schema: &str, mut bytes: &[u8]) -> Result<Value, String> {
    decode_json(&parse(schema).unwrap(), &mut bytes).map_err(|error| error.to_string())
}

use serde_json::Value;

const ORDER: &str = r#"{"type": "record", "name": "shop.Order", "fields": [
    {"name": "lines", "type": {"type": "array", "items": {"type": "record", "name": "Line", "fields": [
        {"name": "price", "type": "double"},
        {"name": "unit", "type": {"type": "enum", "name": "Unit", "symbols": ["PIECE", "KILO"]}, "default": "PIECE"}]}}},
    {"name": "labels", "type": {"type": "map", "values": ["null", "int", "string"]}, "default": {"a": 1}},
    {"name": "parent", "type": ["null", "Line"], "default": null},
    {"name": "mac", "type": {"type": "fixed", "name": "Mac", "size": 2}, "default": "\u00ff\u0000"}]}"#;

#[test]
fn records_take_their_defaults_and_come_back_whole() {
    let value = json!({"lines": [{"price": 1.5}, {"price": "NaN", "unit": "KILO"}]});
    let bytes = encode(ORDER, value).unwrap();
    let whole = json!({
        "lines": [{"price": 1.5, "unit": "PIECE"}, {"price": "NaN", "unit": "KILO"}],
        "labels": {"a": {"int": 1}},
        "parent": null,
        "mac": "\u{ff}\0",
    });
    assert_eq!(decode(ORDER, &bytes).unwrap(), whole);
    assert_eq!(encode(ORDER, whole).unwrap(), bytes);
}

#[test]
fn the_bytes_are_avro() {
    assert_eq!(encode("\"long\"", json!(-65)).unwrap(), [0x81, 0x01]);
    assert_eq!(encode("[\"null\", \"string\"]", json!("a")).unwrap(), [2, 2, b'a']);
    assert_eq!(encode("[\"int\", \"long\"]", json!({"long": 1})).unwrap(), [2, 2]);
    assert_eq!(encode("[\"int\", \"long\"]", json!(1)).unwrap(), [0, 2]);
    assert_eq!(encode(r#"{"type": "array", "items": "boolean"}"#, json!([true])).unwrap(), [2, 1, 0]);
    assert_eq!(encode("\"float\"", json!(0.1)).unwrap(), 0.1f32.to_le_bytes());
    assert_eq!(decode("\"float\"", &0.1f32.to_le_bytes()).unwrap(), json!(0.1));
}

#[test]
fn errors_name_the_field_and_both_types() {
    let line = |line: Value| encode(ORDER, json!({"lines": [{"price": 1}, line]})).unwrap_err();
    assert_eq!(line(json!({"price": "x"})), "field lines[1].price: expected double, found the string \"x\"");
    assert_eq!(line(json!({})), "field lines[1].price: the field is missing and the schema has no default for it");
    assert_eq!(
        line(json!({"price": 1, "unit": "TON"})),
        "field lines[1].unit: expected enum shop.Unit, one of PIECE, KILO, found the string \"TON\""
    );
    assert_eq!(line(json!({"price": 1, "prize": 2})), "field lines[1].prize: record shop.Line has no such field");
    let order = |key: &str, value: Value| encode(ORDER, json!({"lines": [], key: value})).unwrap_err();
    assert_eq!(order("parent", json!({"price": []})), "field parent.price: expected double, found an array of 0 items");
    assert_eq!(
        order("labels", json!({"a": 1.5})),
        "field labels.a: expected [null, int, string], found the number 1.5"
    );
    assert_eq!(
        order("mac", json!("abc")),
        "field mac: expected fixed shop.Mac (2 bytes), a string of characters up to U+00FF, found the string \"abc\""
    );
    assert_eq!(encode("\"int\"", json!(1u64 << 40)).unwrap_err(), "expected int, found the number 1099511627776");
    assert_eq!(encode("\"float\"", json!(1e300)).unwrap_err(), "expected float, found the number 1e+300");
}

#[test]
fn defaults_follow_the_rules_for_defaults() {
    let schema = parse(r#"["null", "string", {"type": "record", "name": "R", "fields": []}]"#).unwrap();
    let default = |value: Value| encode_default(&schema, schema.root(), &value).map_err(|error| error.to_string());
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
fn hostile_bytes_are_refused_with_their_reason() {
    let array = r#"{"type": "array", "items": "long"}"#;
    let nulls = r#"{"type": "array", "items": "null"}"#;
    let huge = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
    let over = [0xFF; 11];
    let lowest = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01];
    let cases: &[(&str, &[u8], &str)] = &[
        ("\"string\"", &huge, "expected 2199023255552 bytes of string, but only 0 bytes are left"),
        ("\"string\"", &[1], "-1 is no length of string"),
        ("\"string\"", &[4, b'a', 0xFF], "a string is not UTF-8 at its byte 1"),
        ("\"long\"", &over, "a number is longer than 64 bits"),
        ("\"long\"", &[0x80], "expected long, but only 0 bytes are left"),
        ("\"int\"", &huge, "2199023255552 does not fit an int"),
        ("\"boolean\"", &[2], "a boolean is 0 or 1, not [2]"),
        ("[\"null\", \"int\"]", &[4], "2 is no branch of union [null, int]"),
        ("[\"null\", \"int\"]", &[1], "-1 is no branch of union [null, int]"),
        (r#"{"type": "enum", "name": "E", "symbols": ["A"]}"#, &[2], "1 is no symbol of enum E, which has 1"),
        (array, &huge, "field [0]: expected long, but only 0 bytes are left"),
        (array, &[1, 20, 0], "a block claims 10 bytes, 1 are left"),
        (array, &lowest, "expected the size of a block, but only 0 bytes are left"),
        (nulls, &huge, "the value is too large"),
    ];
    for (schema, bytes, expected) in cases {
        assert_eq!(decode(schema, bytes).unwrap_err(), *expected, "{schema} of {bytes:?}");
    }
}

#[test]
fn endless_recursion_ends() {
    let list = r#"{"type": "record", "name": "L", "fields": [{"name": "next", "type": ["null", "L"]}]}"#;
    assert!(decode(list, &[2; 10_000]).unwrap_err().ends_with("the value nests deeper than 256 levels"));
    let loops = r#"{"type": "record", "name": "L", "fields": [{"name": "next", "type": "L"}]}"#;
    assert!(decode(loops, &[]).unwrap_err().ends_with("the value nests deeper than 256 levels"));
}

#[test]
fn an_object_that_looks_like_a_tag_keeps_its_meaning() {
    let schema = r#"["null", {"type": "map", "values": {"type": "map", "values": "int"}}]"#;
    let value = json!({"map": {"map": {"x": 1}}});
    let bytes = encode(schema, value.clone()).unwrap();
    assert_eq!(decode(schema, &bytes).unwrap(), value);
    assert_eq!(encode(schema, decode(schema, &bytes).unwrap()).unwrap(), bytes);
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    const ALL: &str = r#"{"type": "record", "name": "All", "fields": [
        {"name": "i", "type": "int"}, {"name": "l", "type": "long"}, {"name": "f", "type": "float"},
        {"name": "d", "type": "double"}, {"name": "b", "type": "bytes"}, {"name": "s", "type": "string"},
        {"name": "o", "type": ["null", {"type": "map", "values": "boolean"}]},
        {"name": "u", "type": {"type": "array", "items": ["null", "long", "string", "bytes", "double"]}}]}"#;

    fn value() -> impl Strategy<Value = Value> {
        let latin = proptest::collection::vec(any::<u8>(), 0..6).prop_map(|b| b.into_iter().map(char::from).collect());
        let branch = prop_oneof![
            Just(json!(null)),
            any::<i64>().prop_map(|n| json!({"long": n})),
            ".{0,5}".prop_map(|s| json!({"string": s})),
            Just(json!({"double": "-Infinity"})),
            Just(json!({"bytes": "\u{80}"})),
        ];
        let map = proptest::option::of(proptest::collection::btree_map("[a-c]", any::<bool>(), 0..3));
        let numbers = (any::<i32>(), any::<i64>(), any::<f32>(), -1e300..1e300f64);
        (numbers, latin, ".{0,9}", map, proptest::collection::vec(branch, 0..4)).prop_map(
            |((i, l, f, d), b, s, o, u): (_, String, String, _, _)| {
                let f: f64 = f.to_string().parse().unwrap_or(0.0);
                json!({"i": i, "l": l, "f": f, "d": d, "b": b, "s": s, "o": o, "u": u})
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_by_both_decoders(value in value()) {
            let bytes = encode(ALL, value.clone()).unwrap();
            let back = decode(ALL, &bytes).unwrap();
            prop_assert_eq!(encode(ALL, back).unwrap(), bytes.clone());
            let library = apache_avro::Schema::parse_str(ALL).unwrap();
            let mut rest = bytes.as_slice();
            let datum = apache_avro::reader::datum::GenericDatumReader::builder(&library).build().unwrap();
            datum.read_value(&mut rest).unwrap();
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn any_bytes_end_in_a_value_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode(ALL, &bytes);
            let _ = decode(ORDER, &bytes);
        }
    }
}

mod samples {
    use super::*;

    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas");

    /// What the framed bytes are as a payment, if anything.
    fn payment(bytes: &[u8]) -> Option<Value> {
        let schema = crate::schema::load(format!("{FOLDER}/payment.avsc").as_ref()).unwrap();
        let mut rest = bytes.strip_prefix(&[0, 0, 0, 0, 1])?;
        decode_json(&schema, &mut rest).ok().filter(|_| rest.is_empty())
    }

    #[test]
    fn every_plain_sample_is_a_payment_and_no_raw_one_is() {
        let text = std::fs::read_to_string(format!("{FOLDER}/samples/payments.jsonl")).unwrap();
        let schema = crate::schema::load(format!("{FOLDER}/payment.avsc").as_ref()).unwrap();
        let (mut plain, mut negative, mut raw) = (0, 0, 0);
        for line in text.lines() {
            let value: Value = serde_json::from_str(line).unwrap();
            if let Some(hex) = value["raw-hex"].as_str() {
                let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
                let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
                assert_eq!(payment(&bytes), None, "{line}");
                raw += 1;
            } else {
                let mut bytes = vec![0, 0, 0, 0, 1];
                encode_json(&schema, &value, &mut bytes).unwrap();
                assert_eq!(payment(&bytes), Some(value.clone()));
                plain += 1;
                negative += u32::from(value["amount"].as_i64() < Some(0));
            }
        }
        assert_eq!((plain, negative, raw), (1188, 39, 12));
    }
}
