use std::sync::Arc;

use super::*;
use crate::schema::parse;

fn reader(schema: &str) -> Reader {
    Reader::new(Arc::new(parse(schema).unwrap()))
}

fn read_with(mut reader: Reader, text: impl AsRef<[u8]>) -> Result<Vec<u8>, String> {
    let mut out = vec![0xEE];
    match reader.read(text.as_ref(), &mut out) {
        Ok(()) => Ok(out.split_off(1)),
        Err(error) => {
            assert_eq!(out, [0xEE], "nothing may be left behind by a failure");
            Err(error.to_string())
        }
    }
}

fn read(schema: &str, text: impl AsRef<[u8]>) -> Result<Vec<u8>, String> {
    read_with(reader(schema), text)
}

#[track_caller]
fn refused(schema: &str, text: impl AsRef<[u8]>, expected: &str) {
    assert_eq!(read(schema, text).unwrap_err(), expected);
}

const ORDER: &str = r#"{"type": "record", "name": "shop.Order", "fields": [
    {"name": "lines", "type": {"type": "array", "items": {"type": "record", "name": "Line", "fields": [
        {"name": "price", "type": "double"},
        {"name": "unit", "type": {"type": "enum", "name": "Unit", "symbols": ["PIECE", "KILO"]}, "default": "PIECE"}]}}},
    {"name": "labels", "type": {"type": "map", "values": ["null", "int", "string"]}, "default": {"a": 1}},
    {"name": "parent", "type": ["null", "Line"]},
    {"name": "mac", "type": {"type": "fixed", "name": "Mac", "size": 2}, "default": "\u00ff\u0000"}]}"#;
const INTS: &str = r#"{"type": "array", "items": "int"}"#;
const MAP: &str = r#"{"type": "map", "values": "int"}"#;

#[test]
fn fields_come_in_any_order_and_missing_ones_are_filled() {
    let whole =
        br#"{"lines": [], "labels": {"a": 1}, "parent": {"price": 1.5, "unit": "KILO"}, "mac": "\u00ff\u0000"}"#;
    let mut expected = vec![0, 2, 2, b'a', 2, 2, 0, 2];
    expected.extend(1.5f64.to_le_bytes());
    expected.extend([2, 0xFF, 0]);
    assert_eq!(read(ORDER, whole).unwrap(), expected);
    let turned = br#"{"parent": {"unit": "KILO", "price": 1.5}, "lines": []}"#;
    assert_eq!(read(ORDER, turned).unwrap(), expected);
    assert_eq!(read(ORDER, "{\"lines\": []}").unwrap(), [0, 2, 2, b'a', 2, 2, 0, 0, 0xFF, 0]);
}

#[test]
fn a_reader_is_used_again_after_errors() {
    let mut reader = reader(ORDER);
    let mut out = Vec::new();
    for _ in 0..3 {
        assert!(reader.read(br#"{"mac": "ab", "lines": [{"price": 1}, {"labels": {"#, &mut out).is_err());
        assert!(reader.read(br#"{"lines": [], "labels": {"a": 1, "a": 1}}"#, &mut out).is_err());
        reader.read(b"{\"lines\": []}", &mut out).unwrap();
    }
    assert_eq!(out.len(), 3 * 10);
}

#[test]
fn scalars_are_those_of_the_specification() {
    assert!(read("\"null\"", "null").unwrap().is_empty());
    assert_eq!(read("\"boolean\"", " true\n").unwrap(), [1]);
    assert_eq!(read("\"long\"", "-65").unwrap(), [0x81, 0x01]);
    assert_eq!(read("\"long\"", "-9223372036854775808").unwrap(), [[0xFF; 9].as_slice(), &[1]].concat());
    assert_eq!(read("\"float\"", "0.1").unwrap(), 0.1f32.to_le_bytes());
    assert_eq!(read("\"float\"", "7.038531e-26").unwrap(), 7.038531e-26f32.to_le_bytes());
    assert_eq!(read("\"double\"", "1").unwrap(), 1f64.to_le_bytes());
    assert_eq!(read("\"double\"", "18446744073709551615").unwrap(), (u64::MAX as f64).to_le_bytes());
    assert_eq!(read("\"double\"", "\"NaN\"").unwrap(), f64::NAN.to_le_bytes());
    assert_eq!(read("\"float\"", "\"-Infinity\"").unwrap(), f32::NEG_INFINITY.to_le_bytes());
    assert_eq!(read("\"bytes\"", r#""\u00ffé\n""#).unwrap(), [6, 0xFF, 0xE9, b'\n']);
    assert_eq!(read("\"string\"", r#""\ud83e\udd80""#).unwrap(), [8, 0xF0, 0x9F, 0xA6, 0x80]);
}

#[test]
fn counts_of_every_size_stand_in_front() {
    for count in [0usize, 1, 63, 64, 8191, 8192] {
        let text = format!("[{}]", vec!["1"; count].join(","));
        let bytes = read(INTS, text).unwrap();
        let mut expected = Vec::new();
        crate::schema::json::put_long(count as i64, &mut expected);
        expected.extend(std::iter::repeat_n(2, count));
        expected.extend((count > 0).then_some(0));
        assert_eq!(bytes, expected);
    }
    let keys: Vec<String> = (0..100).map(|n| format!("\"k{n}\": {n}")).collect();
    assert_eq!(read(MAP, format!("{{{}}}", keys.join(","))).unwrap()[..2], [0xC8, 1]);
}

#[test]
fn unions_are_read_plainly_and_tagged() {
    let option = r#"["null", "string"]"#;
    for (text, bytes) in [("null", &[0][..]), ("\"a\"", &[2, 2, b'a']), ("{\"string\": \"a\"}", &[2, 2, b'a'])] {
        assert_eq!(read(option, text).unwrap(), bytes, "{text}");
    }
    assert_eq!(read(r#"["string", "double"]"#, "\"NaN\"").unwrap(), [0, 6, b'N', b'a', b'N']);
    assert_eq!(read(r#"["null", "float"]"#, "\"Infinity\"").unwrap()[0], 2);
    assert_eq!(read(r#"["boolean", "int", {"type": "array", "items": "int"}]"#, "[1]").unwrap(), [4, 2, 2, 0]);
    assert_eq!(read(r#"["int", "long"]"#, "{\"long\": 1}").unwrap(), [2, 2]);
    let named = r#"["null", {"type": "record", "name": "a.R", "fields": [{"name": "x", "type": "int"}]}]"#;
    for text in ["{\"x\": 1}", "{\"a.R\": {\"x\": 1}}", "{\"R\": {\"x\": 1}}"] {
        assert_eq!(read(named, text).unwrap(), [2, 2], "{text}");
    }
}

#[test]
fn an_object_that_could_be_tagged_is_judged_as_a_whole() {
    let union = r#"["null", {"type": "record", "name": "R", "fields": [
        {"name": "R", "type": ["null", "R", "string"]}, {"name": "x", "type": "int", "default": 7}]}]"#;
    let cases: &[(&str, &[u8])] = &[
        // The value is no object, so it is the field.
        (r#"{"R": "a"}"#, &[2, 4, 2, b'a', 14]),
        (r#"{"R": {"x": 1}}"#, &[2, 0, 2]),
        // Something stands beside it.
        (r#"{"R": {"x": 1}, "x": 2}"#, &[2, 2, 0, 2, 4]),
        (r#"{"x": 2, "R": {"R": {"x": 1}}}"#, &[2, 2, 0, 2, 4]),
    ];
    for (text, bytes) in cases {
        assert_eq!(read(union, text).unwrap(), *bytes, "{text}");
    }
    refused(union, r#"{"R": {}, "x": 1, "x": 1}"#, "field x: the key is there twice (line 1, column 25)");
    refused(union, r#"{"R": {"x": true}}"#, "field x: expected int, found the boolean true (line 1, column 18)");
    let maps = r#"["null", {"type": "map", "values": {"type": "map", "values": "int"}}]"#;
    assert_eq!(
        read(maps, r#"{"map": {"map": {"x": 1}}}"#).unwrap(),
        read(maps, r#"{"map": {"x": 1}, "y": {}}"#)
            .map(|_| vec![2, 2, 6, b'm', b'a', b'p', 2, 2, b'x', 2, 0, 0])
            .unwrap()
    );
}

#[test]
fn several_branches_for_a_value_need_a_tag() {
    refused(
        r#"["int", "string", "long"]"#,
        "5",
        "the number 5 could be any of int, long; say which, as in {\"int\": value} (line 1, column 1)",
    );
    refused(
        r#"["double", "float"]"#,
        "\"NaN\"",
        "the string \"NaN\" could be any of double, float; say which, as in {\"double\": value} (line 1, column 5)",
    );
    refused(
        r#"["bytes", "string"]"#,
        "\"a\"",
        "the string \"a\" could be any of bytes, string; say which, as in {\"bytes\": value} (line 1, column 3)",
    );
    let records = r#"[{"type": "record", "name": "n.A", "fields": []}, {"type": "map", "values": "int"}]"#;
    let expected = "an object could be any of n.A, map; say which, as in {\"n.A\": value} (line 1, column 2)";
    refused(records, "{}", expected);
    refused(
        r#"["null", "int"]"#,
        r#"{"int": 5, "x": 1}"#,
        "{\"int\": ...} names a branch of the union, so nothing may stand beside it (line 1, column 14)",
    );
    refused(r#"["null", "int"]"#, "true", "expected [null, int], found the boolean true (line 1, column 4)");
    refused(r#"["null", "int"]"#, "[1]", "expected [null, int], found an array (line 1, column 1)");
    refused(r#"["null", "int"]"#, r#"{"x": 1}"#, "expected [null, int], found an object (line 1, column 4)");
    refused(r#"["int", "string"]"#, "null", "expected [int, string], found null (line 1, column 4)");
}

#[test]
fn errors_name_the_field_the_types_and_the_place() {
    let two = "{\"lines\": [\n {\"price\": 1},\n {\"price\": \"x\"}]}";
    refused(ORDER, two, "field lines[1].price: expected double, found the string \"x\" (line 3, column 14)");
    let missing = "field lines[0].price: the field is missing and the schema has no default for it (line 1, column 13)";
    refused(ORDER, r#"{"lines": [{}]}"#, missing);
    refused(
        ORDER,
        r#"{"lines": [], "parent": {"price": 1, "unit": "TON"}}"#,
        "field parent.unit: expected enum shop.Unit, one of PIECE, KILO, found the string \"TON\" (line 1, column 50)",
    );
    refused(
        ORDER,
        r#"{"labels": {"b": 1.5}}"#,
        "field labels.b: expected int, found the number 1.5 (line 1, column 20)",
    );
    refused(
        ORDER,
        r#"{"mac": "abc"}"#,
        "field mac: expected fixed shop.Mac (2 bytes), a string of characters up to U+00FF, found the string \"abc\" \
         (line 1, column 13)",
    );
    refused(
        "\"bytes\"",
        "\"Ā\"",
        "expected bytes, a string of characters up to U+00FF, found the string \"Ā\" (line 1, column 4)",
    );
    refused(ORDER, "[]", "expected record shop.Order, found an array (line 1, column 2)");
    refused(MAP, "7", "expected map<int>, found the number 7 (line 1, column 1)");
    refused(INTS, "{}", "expected array<int>, found an object (line 1, column 2)");
    refused(INTS, "[1, null]", "field [1]: expected int, found null (line 1, column 8)");
    let long = format!("\"{}\"", "x".repeat(1000));
    let shown = format!("expected int, found the string \"{}... (line 1, column 1002)", "x".repeat(39));
    refused("\"int\"", long, &shown);
}

#[test]
fn numbers_must_fit() {
    let cases = [
        ("\"int\"", "2147483648", "expected int, found the number 2147483648 (line 1, column 10)"),
        ("\"int\"", "1.0", "expected int, found the number 1.0 (line 1, column 3)"),
        ("\"long\"", "9223372036854775808", "expected long, found the number 9223372036854775808 (line 1, column 19)"),
        ("\"long\"", "1e3", "expected long, found the number 1000.0 (line 1, column 3)"),
        ("\"float\"", "1e300", "expected float, found the number 1e+300 (line 1, column 5)"),
        ("\"double\"", "1e999", "not JSON: number out of range (line 1, column 5)"),
        ("\"double\"", "\"nan\"", "expected double, found the string \"nan\" (line 1, column 5)"),
        ("\"double\"", "NaN", "not JSON: expected value (line 1, column 1)"),
        ("\"string\"", "1", "expected string, found the number 1 (line 1, column 1)"),
        ("\"boolean\"", "1", "expected boolean, found the number 1 (line 1, column 1)"),
        ("\"null\"", "0", "expected null, found the number 0 (line 1, column 1)"),
    ];
    for (schema, text, expected) in cases {
        refused(schema, text, expected);
    }
}

#[test]
fn unknown_keys_are_passed_over_unless_strict() {
    let text = r#"{"x": {"y": [1, {"z": "\u0041"}], "y": 1}, "lines": [], "x": 1}"#;
    assert_eq!(read(ORDER, text).unwrap(), read(ORDER, "{\"lines\": []}").unwrap());
    let strict = |text: &str| read_with(reader(ORDER).strict(), text).unwrap_err();
    assert_eq!(strict(text), "field x: record shop.Order has no such field (line 1, column 4)");
    assert_eq!(
        strict(r#"{"lines": [{"price": 1, "prize": 2}]}"#),
        "field lines[0].prize: record shop.Line has no such field (line 1, column 31)"
    );
}

#[test]
fn keys_stand_once() {
    refused(ORDER, r#"{"lines": [], "lines": []}"#, "field lines: the key is there twice (line 1, column 21)");
    refused(MAP, r#"{"a": 1, "b": 2, "a": 1}"#, "field a: the key is there twice (line 1, column 24)");
    let many: Vec<String> = (0..100).map(|n| format!("\"k{}\": {n}", n % 99)).collect();
    refused(MAP, format!("{{{}}}", many.join(",")), "field k0: the key is there twice (line 1, column 980)");
    let nested = r#"{"type": "map", "values": {"type": "map", "values": "int"}}"#;
    assert!(read(nested, r#"{"a": {"a": 1}, "b": {"a": 1, "b": 2}}"#).is_ok());
}

#[test]
fn what_is_no_json_is_said() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "the text is empty, where JSON should be (line 1, column 1)"),
        (b" \n ", "the text is empty, where JSON should be (line 2, column 1)"),
        (b"\xEF\xBB\xBF{}", "the text begins with a byte order mark; write it as UTF-8 without one (line 1, column 1)"),
        (b"{\"a\": 1} {}", "more text follows the value; a record is one JSON value (line 1, column 10)"),
        (b"{\"a\": 1", "not JSON: EOF while parsing an object (line 1, column 7)"),
        (b"{\"a\": }", "field a: not JSON: expected value (line 1, column 7)"),
        (b"{\"a\": 1,}", "not JSON: trailing comma (line 1, column 9)"),
        (b"{'a': 1}", "not JSON: key must be a string (line 1, column 2)"),
        (b"{\"\xFF\": 1}", "not JSON: a string is not UTF-8 (line 1, column 3)"),
        (b"\0\0\0\0\x01", "not JSON: expected value (line 1, column 1)"),
    ];
    for (text, expected) in cases {
        refused(MAP, text, expected);
    }
    refused("\"string\"", b"\"a\xC3\"", "not JSON: a string is not UTF-8 (line 1, column 3)");
    refused("\"string\"", r#""\ud800""#, "not JSON: unexpected end of hex escape (line 1, column 8)");
}

#[test]
fn depth_and_growth_are_bounded() {
    let list = r#"{"type": "record", "name": "L", "fields": [{"name": "n", "type": ["null", "L"]}]}"#;
    let nested = |levels: usize| format!("{}{{}}{}", "{\"n\": ".repeat(levels), "}".repeat(levels));
    assert_eq!(read(list, nested(60)).unwrap(), [[2; 60].as_slice(), &[0]].concat());
    let deep = read(list, nested(100)).unwrap_err();
    assert!(
        deep.contains("...") && deep.contains(": the value nests deeper than 128 levels (line 1, column "),
        "{deep}"
    );
    assert!(read(MAP, "{\"a\": ".repeat(100_000)).is_err());
    // What is passed over may nest as it likes; nothing of it is kept.
    let unknown = format!("{{\"x\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(read(list, unknown).unwrap(), [0]);
    let tagged = "{\"map\": ".repeat(200);
    let map = r#"{"type": "record", "name": "M", "fields": [{"name": "m", "type": ["null", {"type": "map", "values": "M"}]}]}"#;
    assert!(read(map, format!("{{\"m\": {tagged}")).unwrap_err().contains("the value nests deeper than 128 levels"));
    let wide = format!(
        r#"{{"type": "array", "items": {{"type": "record", "name": "W", "fields": [
            {{"name": "a", "type": "string", "default": "{}"}}]}}}}"#,
        "x".repeat(1 << 20)
    );
    let many = format!("[{}]", vec!["{}"; 70].join(","));
    refused(&wide, many, "field [63]: the value is too large (line 1, column 192)");
}
