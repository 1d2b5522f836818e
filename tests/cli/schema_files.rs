//! What can be wrong with schema files: the pipeline file's line is shown, and the place in the schema named.

use crate::case::Case;

const ENUM: &str =
    r#"{"type": "record", "name": "R", "fields": [{"name": "e", "type": {"type": "enum", "name": "E"}}]}"#;

#[test]
fn a_missing_schema_is_named() {
    let text = "\
error: cannot read schema none.avsc: No such file or directory (os error 2)
 --> pipeline.toml:9:10
  |
9 | schema = \"none.avsc\"
  |          ^^^^^^^^^^^
";
    Case::payments().edit("\"payment.avsc\"", "\"none.avsc\"").check().says(2, text);
}

#[test]
fn a_schema_that_is_no_json_is_shown_by_line_and_column() {
    let case = Case::payments().with("payment.avsc", "{\n  \"type\": \"record\"\n  \"name\": \"R\"\n}\n");
    case.check().mentions(
        2,
        &[
            "schema payment.avsc: line 3, column 3: this is not JSON: ",
            "--> pipeline.toml:9:10",
            "9 | schema = \"payment.avsc\"",
        ],
    );
}

#[test]
fn an_empty_schema_is_no_json() {
    Case::payments()
        .with("payment.avsc", "")
        .check()
        .mentions(2, &["schema payment.avsc: line 1, column 1: this is not JSON"]);
}

#[test]
fn json_that_is_no_schema_says_where() {
    let field = r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "strng"}]}"#;
    for (schema, words) in [
        (field, "at R.a: no type is called \"strng\""),
        (ENUM, "at R.e: "),
        ("{\"a\": 1}", "this is not an Avro schema: "),
        ("[1, 2]", "this is not an Avro schema"),
        ("17", "this is not an Avro schema"),
    ] {
        let done = Case::payments().with("enriched.avsc", schema).check();
        done.mentions(
            2,
            &["error: schema enriched.avsc: this is not an Avro schema", words, "--> pipeline.toml:16:10"],
        );
    }
}

#[test]
fn a_schema_that_is_no_text_says_so() {
    Case::payments()
        .with("payment.avsc", [b'{', 0xff])
        .check()
        .mentions(2, &["schema payment.avsc", "byte 1 is not UTF-8"]);
}

#[test]
fn a_recursive_schema_is_matched_with_the_guest_like_any() {
    let node = r#"{"type":"record","name":"Node","fields":[{"name":"next","type":["null","Node"]}]}"#;
    Case::payments()
        .with("payment.avsc", node)
        .check()
        .mentions(2, &["payment.avsc", "the guest has a field `amount` that the schema lacks; it has next"]);
}

#[test]
fn a_schema_without_an_id_says_where_to_give_it_one() {
    let case = Case::payments().with("ids.toml", "[ids]\n1 = \"payment.avsc\"\n");
    case.check().mentions(
        2,
        &["enriched.avsc has no schema id", "`ids.toml`", "framing = \"none\"", "--> pipeline.toml:16:10"],
    );
}
