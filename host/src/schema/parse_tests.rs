use super::*;
use crate::schema::{Decimal, Record, TypeId};

fn record(schema: &Schema) -> &Record {
    match schema.kind(schema.root()) {
        Kind::Record(record) => record,
        other => panic!("no record: {other:?}"),
    }
}

fn field(schema: &Schema, name: &str) -> TypeId {
    record(schema).fields.iter().find(|field| field.name == name).unwrap().ty
}

fn error(json: &str) -> String {
    parse(json).unwrap_err().to_string()
}

/// A record `R` with one field `f` of the given type.
fn with_field(ty: &str) -> String {
    format!(r#"{{"type": "record", "name": "R", "fields": [{{"name": "f", "type": {ty}}}]}}"#)
}

#[test]
fn names_resolve_as_the_specification_says() {
    let schema = parse(
        r#"{"type": "record", "name": "Outer", "namespace": "a.b", "aliases": ["Old", "x.Older"], "doc": "outer", "fields": [
            {"name": "inner", "type": {"type": "record", "name": "Inner", "fields": [
                {"name": "e", "type": {"type": "enum", "name": "z.E", "symbols": ["A", "B"], "default": "B", "doc": "e"}},
                {"name": "again", "type": "z.E"}]}, "aliases": ["core"], "doc": "inner"},
            {"name": "same", "type": "Inner"},
            {"name": "full", "type": "a.b.Inner"},
            {"name": "raw", "type": {"type": "fixed", "name": "F", "size": 3, "namespace": ""}},
            {"name": "bare", "type": ".F"},
            {"name": "up", "type": ["null", "Outer"], "default": null}]}"#,
    )
    .unwrap();
    let outer = record(&schema);
    assert_eq!((outer.name.0.as_str(), outer.doc.as_deref()), ("a.b.Outer", Some("outer")));
    assert_eq!(outer.aliases.iter().map(|a| a.0.as_str()).collect::<Vec<_>>(), ["a.b.Old", "x.Older"]);
    assert_eq!(outer.fields[0].aliases, ["core"]);
    assert_eq!(field(&schema, "same"), field(&schema, "inner"));
    assert_eq!(field(&schema, "full"), field(&schema, "inner"));
    assert_eq!(field(&schema, "bare"), field(&schema, "raw"));
    assert_eq!(schema.describe(field(&schema, "raw")), "fixed F (3 bytes)");
    assert_eq!(schema.describe(field(&schema, "up")), "[null, record a.b.Outer]");
    assert_eq!(schema.recursive().unwrap().0, "a.b.Outer");
    let Kind::Record(inner) = schema.kind(field(&schema, "inner")) else { panic!() };
    assert_eq!(inner.name.0, "a.b.Inner");
    assert_eq!(schema.describe(inner.fields[1].ty), "enum z.E");
}

#[test]
fn logical_types_keep_their_name_where_they_fit() {
    let logical = |ty: &str| {
        let schema = parse(&with_field(ty)).unwrap();
        let ty = schema.get(field(&schema, "f"));
        (ty.kind.word(), ty.logical.clone(), ty.decimal)
    };
    let name = |name: &str| Some(name.to_string());
    for (word, logical_name) in [
        ("int", "date"),
        ("int", "time-millis"),
        ("long", "time-micros"),
        ("long", "timestamp-millis"),
        ("long", "timestamp-micros"),
        ("long", "timestamp-nanos"),
        ("long", "local-timestamp-millis"),
        ("long", "local-timestamp-nanos"),
        ("string", "uuid"),
        ("bytes", "big-decimal"),
    ] {
        let json = format!(r#"{{"type": "{word}", "logicalType": "{logical_name}"}}"#);
        assert_eq!(logical(&json), (word, name(logical_name), None));
    }
    assert_eq!(
        logical(r#"{"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}"#),
        ("bytes", name("decimal"), Some(Decimal { precision: 9, scale: 2 }))
    );
    assert_eq!(
        logical(r#"{"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}"#),
        ("fixed", name("duration"), None)
    );
    for plain in [
        r#"{"type": "long", "logicalType": "date"}"#,
        r#"{"type": "long", "logicalType": "light-years"}"#,
        r#"{"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 9}"#,
        r#"{"type": "fixed", "name": "D", "size": 11, "logicalType": "duration"}"#,
        r#"{"type": "fixed", "name": "D", "size": 11, "logicalType": "uuid"}"#,
    ] {
        assert_eq!(logical(plain).1, None, "{plain}");
    }
}

#[test]
fn what_is_no_json_is_told_with_its_place() {
    assert_eq!(error("{\n  \"type\": \"record\",,\n}"), "line 2, column 20: this is not JSON: key must be a string");
    assert_eq!(error(""), "line 1, column 1: this is not JSON: EOF while parsing a value");
}

#[test]
fn what_is_no_schema_is_told_with_its_field() {
    let at = |ty: &str| error(&with_field(ty));
    for (ty, expected) in [
        ("7", "a type is a name, an object or an array of branches, not 7"),
        ("\"strin\"", "no type is called \"strin\" up to here; a name must be defined before its use"),
        ("\"record\"", "record needs an object that describes it: {\"type\": \"record\", ...}"),
        ("{}", "this object has no \"type\""),
        ("[]", "a union needs at least one branch"),
        ("[\"int\", [\"null\"]]", "a union may not hold another union directly"),
        ("[\"int\", {\"type\": \"int\", \"logicalType\": \"date\"}]", "the union has two branches of type int"),
        ("{\"type\": \"array\"}", "an array needs \"items\""),
        ("{\"type\": \"map\"}", "a map needs \"values\""),
        ("{\"type\": \"enum\", \"symbols\": [\"A\"]}", "this enum has no \"name\""),
        (
            "{\"type\": \"enum\", \"name\": \"E\", \"symbols\": []}",
            "enum E needs \"symbols\", an array of at least one string",
        ),
        ("{\"type\": \"enum\", \"name\": \"E\", \"symbols\": [\"A\", \"A\"]}", "enum E has the symbol A twice"),
        (
            "{\"type\": \"enum\", \"name\": \"E\", \"symbols\": [\"A\"], \"default\": \"B\"}",
            "the default of enum E, \"B\", is none of its symbols",
        ),
        (
            "{\"type\": \"fixed\", \"name\": \"F\", \"size\": -1}",
            "fixed F needs a \"size\", a whole number from 0 to 2147483647",
        ),
        (
            "{\"type\": \"fixed\", \"name\": \"R\", \"size\": 1}",
            "R is defined twice; the second time, refer to it by its name",
        ),
        (
            "{\"type\": \"fixed\", \"name\": \"int\", \"size\": 1}",
            "\"int\" is a type of Avro's own and cannot be defined",
        ),
        (
            "{\"type\": \"fixed\", \"name\": \"1a\", \"size\": 1}",
            "\"1a\" is not a name: names are letters, digits and underscores, and do not start with a digit",
        ),
    ] {
        assert_eq!(at(ty), format!("this is not an Avro schema at R.f: {expected}"), "{ty}");
    }
    assert_eq!(
        error(
            r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}, {"name": "a", "type": "int"}]}"#
        ),
        "this is not an Avro schema at R: two fields are called \"a\""
    );
    assert_eq!(
        error(r#"{"type": "record", "name": "R"}"#),
        "this is not an Avro schema at R: a record needs \"fields\", an array"
    );
    assert_eq!(
        error(r#"{"type": "record", "name": "R", "fields": [5]}"#),
        "this is not an Avro schema at R: a field is an object, not 5"
    );
}

#[test]
fn a_default_must_fit_its_field() {
    let with_default = |ty: &str, default: &str| {
        error(&format!(
            r#"{{"type": "record", "name": "a.R", "fields": [{{"name": "f", "type": {ty}, "default": {default}}}]}}"#
        ))
    };
    assert_eq!(
        with_default("\"int\"", "\"1\""),
        "the default of field a.R.f does not fit: expected int, found the string \"1\""
    );
    let endless = with_default("\"R\"", "{}");
    assert!(endless.ends_with(".f.f.f: the value nests deeper than 128 levels"), "{endless}");
    assert!(endless.len() < 250, "{endless}");
    let doubling = error(
        r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": ["R", "null"], "default": {}},
            {"name": "b", "type": ["R", "null"], "default": {}}]}"#,
    );
    assert!(doubling.ends_with("the value nests deeper than 128 levels"), "{doubling}");
}

#[test]
fn hostile_schemas_are_bounded() {
    let deep = format!("{}\"int\"{}", r#"{"type": "array", "items": "#.repeat(65), "}".repeat(65));
    assert_eq!(error(&deep), "the schema nests deeper than 64 levels");
    assert_eq!(error(&"[".repeat(1_000_000)), "the schema nests deeper than 64 levels");
    assert_eq!(error(&" ".repeat(MAX_TEXT + 1)), "the schema is 16777217 bytes long; at most 16777216 are accepted");
    assert!(error(&chain(100, 1, "")).starts_with("the schema nests deeper than 64 levels at R"));
    assert_eq!(
        error(&chain(30, 2, "")),
        "written out in full, the schema has more than 65536 types; split it into smaller ones"
    );
    assert!(parse(&chain(12, 2, r#", "default": {}"#)).is_ok(), "nested defaults within bounds are fine");
    let again = r#"[{"type": "record", "name": "A", "fields": []}, {"type": "record", "name": "A", "fields": [
        {"name": "f", "type": "A", "default": {}}]}]"#;
    assert_eq!(
        error(again),
        "this is not an Avro schema: A is defined twice; the second time, refer to it by its name"
    );
}

/// Records that each refer to the one before, as often as `width` says.
fn chain(length: usize, width: usize, default: &str) -> String {
    let mut text = r#"{"type": "record", "name": "R0", "fields": []}"#.to_string();
    let mut branches = vec![text.clone()];
    for i in 1..length {
        let fields: Vec<_> =
            (0..width).map(|w| format!(r#"{{"name": "f{w}", "type": "R{}"{default}}}"#, i - 1)).collect();
        text = format!(r#"{{"type": "record", "name": "R{i}", "fields": [{}]}}"#, fields.join(", "));
        branches.push(text.clone());
    }
    format!("[{}]", branches.join(", "))
}

#[test]
fn emptiness_and_encodings_are_known() {
    let schema = |json: &str| parse(json).unwrap();
    let nested = schema(
        r#"{"type": "record", "name": "A", "fields": [
        {"name": "n", "type": "null"}, {"name": "b", "type": {"type": "record", "name": "B", "fields": []}}]}"#,
    );
    assert!(nested.is_empty(nested.root()));
    assert!(nested.recursive().is_none());
    let endless = schema(&with_field("\"R\""));
    assert!(!endless.is_empty(endless.root()));
    let same = |a: &Schema, b: &Schema| Schema::same_encoding(a, a.root(), b, b.root());
    let (a, b) =
        (schema(&with_field("[\"null\", \"R\"]")), schema(&with_field("[\"null\", \"R\"]").replace("\"R\"", "\"S\"")));
    assert!(same(&a, &b), "names of records do not matter");
    assert!(!same(&a, &endless));
    assert!(!same(&a, &schema(&with_field("[\"null\", \"R\"]").replace("\"f\"", "\"g\""))), "names of fields do");
    assert!(!same(&schema("\"int\""), &schema("\"long\"")));
    assert!(same(&schema("\"int\""), &schema(r#"{"type": "int", "logicalType": "date"}"#)));
    let symbols = |s: &str| schema(&format!(r#"{{"type": "enum", "name": "E", "symbols": [{s}]}}"#));
    assert!(!same(&symbols("\"A\", \"B\""), &symbols("\"B\", \"A\"")));
}

#[test]
fn files_are_named_in_errors() {
    let folder = std::env::temp_dir().join(format!("millstream-parse-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("x.avsc");
    std::fs::write(&file, b"\"a\xFF\"").unwrap();
    let not_text = load(&file).unwrap_err().to_string();
    std::fs::write(&file, "\"lon\"").unwrap();
    let no_schema = load(&file).unwrap_err().to_string();
    std::fs::remove_dir_all(&folder).unwrap();
    let gone = load(&file).unwrap_err().to_string();
    assert!(not_text.ends_with("x.avsc: this is not JSON: byte 2 is not UTF-8"), "{not_text}");
    assert!(no_schema.contains("x.avsc: this is not an Avro schema: no type is called \"lon\""), "{no_schema}");
    assert!(gone.starts_with("cannot read schema ") && gone.contains("x.avsc: No such file"), "{gone}");
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    const WHOLE: &str = r#"{"type":"record","name":"R","namespace":"a","aliases":["S"],"fields":[{"name":"f","type":["null",
        {"type":"fixed","name":"F","size":12,"logicalType":"duration"},{"type":"map","values":{"type":"enum","name":"E",
        "symbols":["A","B"],"default":"A"}}],"default":null},{"name":"g","type":{"type":"array","items":"R"},"default":[]},
        {"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":4,"scale":2},"default":""}]}"#;

    proptest! {
        #[test]
        fn any_damage_ends_in_a_schema_or_an_error(damage in proptest::collection::vec((any::<prop::sample::Index>(), 0..9usize), 1..4)) {
            let mut words: Vec<&str> = WHOLE.split_inclusive(['"', ':', ',', '[', '{', ']', '}']).collect();
            for (at, with) in damage {
                let at = at.index(words.len());
                let other = words[(at * 7 + 3) % words.len()];
                words[at] = ["", "\"", "record\"", "R\"", ".", "7", "{", "null", other][with];
            }
            if let Ok(schema) = parse(&words.concat()) {
                prop_assert!(!schema.describe(schema.root()).is_empty());
            }
        }
    }
}
