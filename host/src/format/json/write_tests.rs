use std::sync::Arc;

use super::*;
use crate::schema::parse;

const PLAIN: WriteOptions = WriteOptions { encoding: Encoding::Plain, include_nulls: true, pretty: false };
const AVRO: WriteOptions = WriteOptions { encoding: Encoding::Avro, ..PLAIN };

fn write(schema: &str, options: WriteOptions, avro: &[u8]) -> Result<String, String> {
    let mut out = vec![b'>'];
    match Writer::new(Arc::new(parse(schema).unwrap()), options).write(avro, &mut out) {
        Ok(()) => Ok(String::from_utf8(out.split_off(1)).unwrap()),
        Err(error) => {
            assert_eq!(out, b">", "nothing may be left behind by a failure");
            assert_eq!(error.position, None);
            Err(error.to_string())
        }
    }
}

/// What is read from the text, written.
fn rewritten(schema: &str, options: WriteOptions, text: &str) -> String {
    let mut avro = Vec::new();
    Reader::new(Arc::new(parse(schema).unwrap())).read(text.as_bytes(), &mut avro).unwrap();
    write(schema, options, &avro).unwrap()
}

const ORDER: &str = r#"{"type": "record", "name": "shop.Order", "fields": [
    {"name": "note", "type": ["null", "string"]},
    {"name": "nothing", "type": "null"},
    {"name": "lines", "type": {"type": "array", "items": ["null", {"type": "record", "name": "Line", "fields": [
        {"name": "price", "type": ["null", "double"]}]}]}},
    {"name": "labels", "type": {"type": "map", "values": ["null", "int", "string"]}}]}"#;
const TEXT: &str = r#"{"note": null, "lines": [null, {"price": null}, {"price": 1}], "labels": {"a": null, "b": 1}}"#;

#[test]
fn plain_json_has_the_values_of_unions() {
    let expected =
        r#"{"note":null,"nothing":null,"lines":[null,{"price":null},{"price":1.0}],"labels":{"a":null,"b":1}}"#;
    assert_eq!(rewritten(ORDER, PLAIN, TEXT), expected);
}

#[test]
fn avro_json_has_their_types_and_every_field() {
    let expected = r#"{"note":null,"nothing":null,"lines":[null,{"shop.Line":{"price":null}},{"shop.Line":{"price":{"double":1.0}}}],"labels":{"a":null,"b":{"int":1}}}"#;
    assert_eq!(rewritten(ORDER, AVRO, TEXT), expected);
    assert_eq!(rewritten(ORDER, WriteOptions { include_nulls: false, ..AVRO }, TEXT), expected);
    assert_eq!(rewritten(ORDER, AVRO, expected), expected);
}

#[test]
fn null_fields_can_be_left_out_but_not_items_and_entries() {
    let options = WriteOptions { include_nulls: false, ..PLAIN };
    assert_eq!(rewritten(ORDER, options, TEXT), r#"{"lines":[null,{},{"price":1.0}],"labels":{"a":null,"b":1}}"#);
}

#[test]
fn pretty_json_is_indented_by_two() {
    let expected = r#"{
  "lines": [
    null,
    {},
    {
      "price": 1.0
    }
  ],
  "labels": {
    "a": null,
    "b": 1
  }
}"#;
    let options = WriteOptions { include_nulls: false, pretty: true, ..PLAIN };
    assert_eq!(rewritten(ORDER, options, TEXT), expected);
    let empty = rewritten(ORDER, options, r#"{"lines": [], "labels": {}}"#);
    assert_eq!(empty, "{\n  \"lines\": [],\n  \"labels\": {}\n}");
    let tagged = rewritten(r#"["null", "int"]"#, WriteOptions { pretty: true, ..AVRO }, "5");
    assert_eq!(tagged, "{\n  \"int\": 5\n}");
}

#[test]
fn strings_and_bytes_are_escaped() {
    let all: Vec<u8> = (0..=255).collect();
    let mut avro = vec![0x80, 4];
    avro.extend(&all);
    let text = write("\"bytes\"", PLAIN, &avro).unwrap();
    let string: String = all.iter().map(|byte| char::from(*byte)).collect();
    assert_eq!(text, serde_json::to_string(&string).unwrap());
    let fixed = r#"{"type": "fixed", "name": "F", "size": 3}"#;
    assert_eq!(write(fixed, PLAIN, b"\"\x1f\xe9").unwrap(), r#""\"\u001fé""#);
    assert_eq!(write("\"string\"", PLAIN, b"\x08\"\\\n\x7f").unwrap(), "\"\\\"\\\\\\n\x7f\"");
    assert_eq!(write(r#"{"type": "map", "values": "int"}"#, PLAIN, b"\x02\x02\"\x02\0").unwrap(), r#"{"\"":1}"#);
}

#[test]
fn floats_have_their_fewest_digits() {
    for (n, text) in [(0.1f32, "0.1"), (1e20, "1e+20"), (7.038531e-26, "7.038531e-26"), (-0.0, "-0.0")] {
        assert_eq!(write("\"float\"", PLAIN, &n.to_le_bytes()).unwrap(), text);
    }
    for (n, text) in [(0.1f64, "0.1"), (f64::MAX, "1.7976931348623157e+308"), (f64::INFINITY, "\"Infinity\"")] {
        assert_eq!(write("\"double\"", PLAIN, &n.to_le_bytes()).unwrap(), text);
    }
    assert_eq!(write("\"float\"", PLAIN, &f32::NEG_INFINITY.to_le_bytes()).unwrap(), "\"-Infinity\"");
    assert_eq!(write("\"double\"", PLAIN, &(-f64::NAN).to_le_bytes()).unwrap(), "\"NaN\"");
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
        ("\"long\"", &[0, 0, 0], "2 bytes are left behind the value"),
        ("\"int\"", &huge, "2199023255552 does not fit an int"),
        ("\"double\"", &[0; 7], "expected 8 bytes of double, but only 7 bytes are left"),
        ("\"boolean\"", &[2], "a boolean is 0 or 1, not [2]"),
        (r#"{"type": "fixed", "name": "F", "size": 3}"#, &[2], "expected 3 bytes of fixed, but only 1 bytes are left"),
        ("[\"null\", \"int\"]", &[4], "2 is no branch of union [null, int]"),
        ("[\"null\", \"int\"]", &[1], "-1 is no branch of union [null, int]"),
        (r#"{"type": "enum", "name": "E", "symbols": ["A"]}"#, &[2], "1 is no symbol of enum E, which has 1"),
        (array, &huge, "field [0]: expected long, but only 0 bytes are left"),
        (array, &[1, 20, 0], "a block claims 10 bytes, 1 are left"),
        (array, &lowest, "expected the size of a block, but only 0 bytes are left"),
        (nulls, &huge, "the value is too large"),
        (ORDER, &[2, 2, b'a', 2, 2, 2], "field lines[0].price: expected 8 bytes of double, but only 0 bytes are left"),
        (ORDER, &[0, 0, 2, 2, b'a', 6], "field labels.a: 3 is no branch of union [null, int, string]"),
    ];
    for (schema, bytes, expected) in cases {
        assert_eq!(write(schema, PLAIN, bytes).unwrap_err(), *expected, "{schema} of {bytes:?}");
    }
}

#[test]
fn depth_and_growth_are_bounded() {
    let list = r#"{"type": "record", "name": "L", "fields": [{"name": "next", "type": ["null", "L"]}]}"#;
    for options in [PLAIN, AVRO] {
        let deep = write(list, options, &[2; 10_000]).unwrap_err();
        assert!(deep.ends_with("the value nests deeper than 128 levels"), "{deep}");
    }
    let endless = r#"{"type": "record", "name": "L", "fields": [{"name": "next", "type": "L"}]}"#;
    assert!(write(endless, PLAIN, &[]).unwrap_err().ends_with("the value nests deeper than 128 levels"));
    let name = "n".repeat(1 << 16);
    let wide = format!(
        r#"{{"type": "array", "items": {{"type": "record", "name": "W", "fields": [{{"name": "{name}", "type": "int"}}]}}}}"#
    );
    let mut avro = vec![0x80, 0x10];
    avro.resize(2 + 1024, 0);
    assert_eq!(write(&wide, PLAIN, &[&avro[..], &[0]].concat()).unwrap_err(), "field [1023]: the value is too large");
}

#[test]
fn every_plain_sample_is_a_payment_and_no_raw_one_is() {
    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas");
    let schema = Arc::new(crate::schema::load(format!("{FOLDER}/payment.avsc").as_ref()).unwrap());
    let (mut reader, mut writer) = (Reader::new(Arc::clone(&schema)).strict(), Writer::new(schema, PLAIN));
    // What the framed bytes are as a payment, if anything.
    let mut payment = |bytes: &[u8]| -> Option<serde_json::Value> {
        let mut text = Vec::new();
        writer.write(bytes.strip_prefix(&[0, 0, 0, 0, 1])?, &mut text).ok()?;
        serde_json::from_slice(&text).ok()
    };
    let samples = std::fs::read_to_string(format!("{FOLDER}/samples/payments.jsonl")).unwrap();
    let (mut plain, mut negative, mut raw) = (0, 0, 0);
    for line in samples.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        if let Some(hex) = value["raw-hex"].as_str() {
            let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
            assert_eq!(payment(&bytes), None, "{line}");
            raw += 1;
        } else {
            let mut bytes = vec![0, 0, 0, 0, 1];
            reader.read(line.as_bytes(), &mut bytes).unwrap();
            assert_eq!(payment(&bytes), Some(value.clone()));
            plain += 1;
            negative += u32::from(value["amount"].as_i64() < Some(0));
        }
    }
    assert_eq!((plain, negative, raw), (1188, 39, 12));
}
