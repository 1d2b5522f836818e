//! Formats, and what goes with each.

use super::refusals::{one, refused};
use super::*;

/// The least file whose source and sink have a format each and further lines.
fn with_formats(source: &str, sink: &str) -> String {
    let text = LEAST.replace("schema = \"in.avsc\"\n", source);
    text.replace("schema = \"/abs/out.avsc\"\n", sink)
}

#[test]
fn framing_follows_the_format() {
    for (format, given) in [("avro", Format::Avro), ("json", Format::Json)] {
        let lines = format!("format = {format:?}\nschema = \"s\"\n");
        let pipeline = read(&with_formats(&lines, &lines)).unwrap_or_else(|problems| panic!("{problems}"));
        let framing = if format == "avro" { Framing::Confluent } else { Framing::None };
        assert_eq!((pipeline.source.format, pipeline.source.framing), (given, framing));
        assert_eq!((pipeline.sink.format, pipeline.sink.framing), (given, framing));
    }
    for (format, given) in [("string", Format::String), ("bytes", Format::Bytes)] {
        let lines = format!("format = {format:?}\n");
        let pipeline = read(&with_formats(&lines, &lines)).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!((pipeline.source.format, pipeline.source.framing), (given, Framing::None));
        assert_eq!((pipeline.sink.format, pipeline.sink.framing), (given, Framing::None));
        assert_eq!((pipeline.source.schema, pipeline.sink.schema), (None, None));
    }
}

#[test]
fn every_value_of_both_ends_has_its_effect() {
    let text = with_formats(
        "format = \"json\"\nframing = \"none\"\nschema = \"in.avsc\"\nkey-schema = \"k.avsc\"\nread-ahead = false\n",
        "format = \"json\"\nschema = \"out.avsc\"\nkey-schema = \"/k2.avsc\"\n[sink.json]\nencoding = \"avro\"\n\
         include-nulls = false\npretty = true\n",
    );
    let pipeline = read(&text).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(pipeline.source.key_schema.as_deref(), Some(Path::new("conf/k.avsc")));
    assert!(!pipeline.source.read_ahead);
    assert_eq!(pipeline.sink.key_schema.as_deref(), Some(Path::new("/k2.avsc")));
    let json = JsonOptions { encoding: JsonEncoding::Avro, include_nulls: false, pretty: true };
    assert_eq!(pipeline.sink.json, json);
    let least = read(LEAST).unwrap();
    assert_eq!((least.source.format, least.source.read_ahead, least.source.key_schema), (Format::Avro, true, None));
    let json = JsonOptions { encoding: JsonEncoding::Plain, include_nulls: true, pretty: false };
    assert_eq!((least.sink.json, least.sink.key_schema), (json, None));
}

#[test]
fn avro_and_json_need_a_schema() {
    let expected = [
        "3:1 `[source] schema` is required with format = \"avro\" (add: schema = \"schemas/payment.avsc\")",
        "7:1 `[sink] schema` is required with format = \"json\" (add: schema = \"schemas/enriched.avsc\")",
    ];
    assert_eq!(refused(&with_formats("", "format = \"json\"\n")), expected);
    // A schema of the wrong form is there, so it is not missing as well.
    assert_eq!(
        one("[source]", "schema = 1"),
        "`[source] schema` must be a string, not an integer (for example: schema = \"schemas/payment.avsc\")"
    );
}

#[test]
fn text_and_bytes_have_no_schema() {
    let nothing = |section: &str, format: &str| {
        let help = "(remove it, or set format to \"avro\" or \"json\")";
        format!("`[{section}] schema` means nothing with format = {format:?} {help}")
    };
    assert_eq!(one("[source]", "format = \"string\""), nothing("source", "string"));
    assert_eq!(one("[sink]", "format = \"bytes\""), nothing("sink", "bytes"));
}

#[test]
fn only_avro_stands_behind_a_schema_id() {
    let lines = |format: &str, schema: &str| format!("format = {format:?}\nframing = \"confluent\"\n{schema}");
    let text = with_formats(&lines("json", "schema = \"s\"\n"), &lines("bytes", ""));
    let help = "(only Avro values stand behind the id of their schema; remove the key, or set framing = \"none\")";
    let expected = [
        format!("6:11 `[source] framing = \"confluent\"` does not go with format = \"json\" {help}"),
        format!("13:11 `[sink] framing = \"confluent\"` does not go with format = \"bytes\" {help}"),
    ];
    assert_eq!(refused(&text), expected);
    let text = with_formats(&lines("string", ""), &lines("avro", "schema = \"s\"\n"));
    assert_eq!(
        refused(&text),
        [format!("6:11 `[source] framing = \"confluent\"` does not go with format = \"string\" {help}")]
    );
}

#[test]
fn json_options_need_json() {
    let help = "(remove the section, or set format = \"json\" in [sink])";
    assert_eq!(
        one("[sink.json]", "pretty = true"),
        format!("`[sink.json]` means nothing with format = \"avro\" {help}")
    );
    assert_eq!(
        refused(&with_formats("schema = \"s\"\n", "format = \"string\"\njson = {}\n")),
        [format!("11:8 `[sink.json]` means nothing with format = \"string\" {help}")]
    );
    let json = "format = \"json\"\nschema = \"s\"\n[sink.json]\n";
    let text = with_formats("schema = \"s\"\n", &format!("{json}encoding = \"plan\"\nnulls = 1\n"));
    let expected = [
        "13:12 `[sink.json] encoding`: \"plan\" is not one of the allowed values (allowed: \"plain\", \"avro\"; did you mean \"plain\"?)",
        "14:1 unknown key `nulls` in `[sink.json]` (known here: encoding, include-nulls, pretty)",
    ];
    assert_eq!(refused(&text), expected);
}

#[test]
fn a_missing_section_is_one_problem() {
    let text = LEAST.replace("[sink]\ntopic = \"out\"\nschema = \"/abs/out.avsc\"\n", "");
    let help = "(add:\n[sink]\ntopic = \"payments.enriched\"\nschema = \"schemas/enriched.avsc\")";
    assert_eq!(refused(&text), [format!("0:0 the section `[sink]` is missing {help}")]);
}
