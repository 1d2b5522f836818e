//! Schemas of any legal size and depth, those that contain themselves among them.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::shape_tests::{accepted, has, options, record, refused};
use super::*;
use crate::schema::{Schema, parse};

#[test]
fn a_type_that_contains_itself_ends_in_a_generic_record() {
    let schema = parse(
        r#"{"type": "record", "name": "Node", "fields": [
            {"name": "next", "type": ["null", "Node"], "doc": "Hi."},
            {"name": "kids", "type": {"type": "array", "items": {"type": "map", "values": ["null", "Node"]}}},
            {"name": "kind", "type": ["null", "int", "Node"]},
            {"name": "again", "type": "Node"}]}"#,
    )
    .unwrap();
    has(
        &accepted(&schema, &schema, &options()),
        &[
            "    use millstream:pipeline/generic@0.1.0.{generic-record};\n\n    record node {",
            "        /// Hi.\n        /// Node again, as a generic record: a WIT type cannot contain itself.\n        next: option<generic-record>,\n",
            "        kids: list<list<tuple<string, option<generic-record>>>>,\n",
            "        kind: node-kind,\n",
            "        /// Node again, as a generic record: a WIT type cannot contain itself.\n        node(generic-record),\n",
            "        again: generic-record,\n",
        ],
    );
}

const MUTUAL: &str = r#"{"type": "record", "name": "A", "fields": [
    {"name": "b", "type": {"type": "record", "name": "B", "fields": [
        {"name": "c", "type": {"type": "record", "name": "C", "fields": [
            {"name": "a", "type": ["null", "A"]}, {"name": "b", "type": ["null", "B"]}, {"name": "n", "type": "int"}]}}]}},
    {"name": "c", "type": "C"}]}"#;

#[test]
fn types_that_contain_each_other() {
    let schema = parse(MUTUAL).unwrap();
    let text = accepted(&schema, &schema, &options());
    has(
        &text,
        &[
            "record a {\n        b: b,\n        c: c,\n",
            "record b {\n        c: c,\n",
            "a: option<generic-record>,\n",
            "b: option<generic-record>,\n",
        ],
    );
    assert_eq!(text, accepted(&schema, &schema, &options()), "the same every time");
    // What is behind a generic record is not written; choosing fields moves no circle.
    let chosen = Options { input_fields: Some(vec!["c".into()]), ..options() };
    let text = accepted(&schema, &record("Z"), &chosen);
    assert!(!text.contains("record b {"), "{text}");
    has(&text, &["record a {\n        c: c,\n", "b: option<generic-record>,\n"]);
}

#[test]
fn circles_closed_in_different_places_make_different_types() {
    let (a, c) = (
        parse(MUTUAL).unwrap(),
        parse(
            r#"{"type": "record", "name": "C", "fields": [{"name": "a", "type": ["null", {"type": "record", "name": "A", "fields": [
                {"name": "b", "type": {"type": "record", "name": "B", "fields": [{"name": "c", "type": "C"}]}}, {"name": "c", "type": "C"}]}]},
                {"name": "b", "type": ["null", "B"]}, {"name": "n", "type": "int"}]}"#,
        )
        .unwrap(),
    );
    has(
        &accepted(&a, &c, &options()),
        &["record c {", "record c-output {", "a: option<a-output>,", "c: generic-record,"],
    );
}

#[test]
fn a_wide_record_and_a_deep_one() {
    let fields: Vec<_> = (0..500).map(|i| format!(r#"{{"name": "f{i}", "type": ["null", "long"]}}"#)).collect();
    let wide = parse(&format!(r#"{{"type": "record", "name": "Wide", "fields": [{}]}}"#, fields.join(","))).unwrap();
    assert_eq!(accepted(&wide, &wide, &options()).matches(": option<s64>,").count(), 500);
    let deep = (0..12).fold("\"int\"".to_string(), |inner, level| {
        format!(r#"{{"type": "record", "name": "L{level}", "fields": [{{"name": "f", "type": {{"type": "map", "values": {{"type": "array", "items": {inner}}}}}}}]}}"#)
    });
    let deep = parse(&deep).unwrap();
    assert_eq!(accepted(&deep, &deep, &options()).matches("f: list<tuple<string, list<").count(), 12);
}

/// Maps in maps, so many.
fn maps(levels: usize) -> Schema {
    let open = r#"{"type": "map", "values": "#.repeat(levels);
    parse(&format!("{open}\"int\"{}", "}".repeat(levels))).unwrap()
}

#[test]
fn what_nests_too_deep_is_refused() {
    // With the batch's list around 49 maps: 1 + 2 * 49 + 1. The output has a result around it too.
    accepted(&maps(49), Value::Bytes, &options());
    let text = refused(&maps(50), Value::Bytes, &options());
    let rest = " nests 102 levels deep in WIT, where a map counts as two; a component's type nests at most 100 deep. Take \
                the value as `generic` or `bytes`. Of the outermost record, --input-fields names those that are needed";
    assert!(text.starts_with("input schema: with what stands around it, map<map<") && text.ends_with(rest), "{text}");
    let fan_out = Options { answers: Answers::FanOut, ..options() };
    accepted(Value::Bytes, &maps(48), &fan_out);
    assert!(refused(Value::Bytes, &maps(49), &fan_out).starts_with("output schema: "));
}

/// Around a reference.
const WRAPPERS: [(&str, &str); 6] = [
    ("", ""),
    (r#"["null", "#, "]"),
    (r#"["string", "int", "#, "]"),
    (r#"{"type": "array", "items": "#, "}"),
    (r#"{"type": "map", "values": "#, "}"),
    (r#"{"type": "map", "values": ["null", "long", "#, "]}"),
];

/// Record `at`: in full where it is met first, by its name from then on.
fn graph(edges: &[Vec<(usize, usize)>], at: usize, defined: &mut BTreeSet<usize>) -> String {
    if !defined.insert(at) {
        return format!("\"R{at}\"");
    }
    let mut fields = vec![r#"{"name": "n", "type": "int"}"#.to_string()];
    for (i, (wrapper, to)) in edges[at].iter().enumerate() {
        let (before, after) = WRAPPERS[*wrapper];
        let ty = graph(edges, to % edges.len(), defined);
        fields.push(format!(r#"{{"name": "f{i}", "type": {before}{ty}{after}}}"#));
    }
    format!(r#"{{"type": "record", "name": "R{at}", "fields": [{}]}}"#, fields.join(", "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn records_that_refer_to_each_other_in_any_way(
        edges in proptest::collection::vec(proptest::collection::vec((0..WRAPPERS.len(), 0..7usize), 0..4), 1..7),
        choose in any::<bool>(),
    ) {
        let text = |root| graph(&edges, root, &mut BTreeSet::new());
        let (input, output) = (parse(&text(0)).unwrap(), parse(&text(edges.len() - 1)).unwrap());
        let input_fields = choose.then(|| vec!["n".to_string(), "f0".to_string()]);
        let input_fields = input_fields.filter(|_| !edges[0].is_empty());
        let wanted = Options { input_fields, ..options() };
        let first = accepted(&input, &output, &wanted);
        prop_assert_eq!(&first, &accepted(&input, &output, &wanted));
        // Whatever is written is used: every record but the two roots is named somewhere else too.
        for line in first.lines().filter_map(|line| line.strip_prefix("    record ")) {
            let name = line.trim_end_matches(" {");
            let uses = first.matches(name).count();
            prop_assert!(uses > 1, "{} is written and not used:\n{}", name, first);
        }
    }
}
