//! Nodes that are not what the sink's schema has: each is one record's own fault and says what, where and in which
//! field. Memory that breaks the canonical ABI condemns the guest, as anywhere.

use millstream::encode::OutputLimits;

use super::echo::{OUTPUT_LIMITS, parse};
use super::generic::{N, answer, encoded, encoded_nodes, encoding};

const SINK: &str = r#"{"type": "record", "name": "a.S", "fields": [
    {"name": "id", "type": "string"},
    {"name": "kind", "type": {"type": "enum", "name": "K", "symbols": ["X", "Y"]}},
    {"name": "tags", "type": {"type": "array", "items": "long"}},
    {"name": "pick", "type": ["null", {"type": "record", "name": "P", "fields": [{"name": "x", "type": "int"}]},
                              {"type": "record", "name": "Q", "fields": [{"name": "y", "type": "double"}]},
                              {"type": "fixed", "name": "F2", "size": 2}, {"type": "fixed", "name": "F3", "size": 3}]},
    {"name": "props", "type": {"type": "map", "values": "int"}},
    {"name": "next", "type": ["null", "S"]}]}"#;

/// What is said to these nodes after the start of the record; they are given in the sink's schema.
fn said(nodes: &[N]) -> String {
    let sink = parse(SINK);
    let all: Vec<N> = std::iter::once(N::Record(0, 6)).chain(nodes.iter().cloned()).collect();
    encoded_nodes(&encoding(&sink, &sink), 1, &all).expect_err("the nodes are wrong")
}

#[test]
fn right_nodes_are_a_value() {
    let sink = parse(SINK);
    let nodes = [
        N::Record(0, 6),
        N::String("a"),
        N::Enum(1, 1),
        N::Array(2),
        N::Int(-1),
        N::Long(300),
        N::Record(3, 1),
        N::Float(1.5),
        N::Map(1),
        N::String("k"),
        N::Int(7),
        N::Null,
    ];
    let mut expected = vec![2, b'a', 2, 4, 1, 0xd8, 4, 0, 4];
    expected.extend(1.5f64.to_le_bytes());
    expected.extend([2, 2, b'k', 14, 0, 0]);
    for schema in [0, 1] {
        assert_eq!(encoded_nodes(&encoding(&sink, &sink), schema, &nodes), Ok(expected.clone()));
    }
}

#[test]
fn nodes_of_other_types_than_the_schemas() {
    let cases: &[(&[N], &str)] = &[
        (&[N::Long(1)], "node 1: the schema wants string, the guest gave long, field `id`"),
        (&[N::String("a"), N::String("X")], "node 2: the schema wants enum a.K, the guest gave string, field `kind`"),
        (&[N::String("a"), N::Enum(1, 2)], "node 2: enum a.K has 2 symbols, the guest gave number 2, field `kind`"),
        (
            &[N::String("a"), N::Enum(0, 0)],
            "node 2: the schema wants enum a.K, the guest gave record a.S, field `kind`",
        ),
        (
            &[N::String("a"), N::Enum(99, 0)],
            "node 2: the sink's schema has 6 named types, the guest gave number 99, field `kind`",
        ),
        (
            &[N::String("a"), N::Enum(1, 0), N::Array(1), N::Double(1.0)],
            "node 4: the schema wants long, the guest gave double, field `tags`",
        ),
        (
            &[N::String("a"), N::Enum(1, 0), N::Array(0), N::Record(2, 1), N::Null],
            "node 5: the schema wants int, the guest gave null, field `pick.x`",
        ),
    ];
    for (nodes, text) in cases {
        assert_eq!(said(nodes), *text);
    }
    let sink = parse(SINK);
    let plan = encoding(&sink, &sink);
    let said = |node| encoded_nodes(&plan, 1, &[node]).expect_err("the node is wrong");
    assert_eq!(said(N::Null), "node 0: the schema wants record a.S, the guest gave null");
    assert_eq!(said(N::Record(3, 6)), "node 0: the schema wants record a.S, the guest gave record a.Q");
    assert_eq!(said(N::Record(0, 5)), "node 0: record a.S has 6 fields, the guest gave 5");
    assert_eq!(said(N::Record(6, 6)), "node 0: the sink's schema has 6 named types, the guest gave number 6");
    let schema = encoded_nodes(&plan, 2, &[N::Null]).expect_err("there is no schema 2");
    assert_eq!(schema, "the generic record is of schema 2; there are 0, the source's, and 1, the sink's");
}

#[test]
fn unions_take_no_node_that_has_no_branch() {
    let before = [N::String("a"), N::Enum(1, 0), N::Array(0)];
    let pick = |node: N| said(&[&before[..], &[node]].concat());
    let union = "[null, record a.P, record a.Q, fixed a.F2 (2 bytes), fixed a.F3 (3 bytes)]";
    let cases = [
        (N::Boolean(true), "boolean"),
        (N::Record(0, 6), "record a.S"),
        (N::Enum(1, 0), "enum a.K"),
        (N::Fixed(vec![1, 2, 3, 4]), "fixed of 4 bytes"),
    ];
    for (node, given) in cases {
        let text = format!("node 4: the schema wants one of {union}, the guest gave {given}, field `pick`");
        assert_eq!(pick(node), text);
    }
    let text = "node 4: the sink's schema has 6 named types, the guest gave number 77, field `pick`";
    assert_eq!(pick(N::Record(77, 1)), text);
    let sink = parse(SINK);
    let nodes =
        [N::Record(0, 6), N::String(""), N::Enum(1, 0), N::Array(0), N::Fixed(vec![1, 2, 3]), N::Map(0), N::Null];
    assert_eq!(encoded_nodes(&encoding(&sink, &sink), 1, &nodes), Ok(vec![0, 0, 0, 8, 1, 2, 3, 0, 0]));
    let twins = r#"["null", {"type": "fixed", "name": "A", "size": 2}, {"type": "fixed", "name": "B", "size": 2}]"#;
    let twins = parse(twins);
    assert_eq!(encoded_nodes(&encoding(&twins, &twins), 1, &[N::Fixed(vec![7, 7])]), Ok(vec![2, 7, 7]));
}

#[test]
fn counts_that_lie() {
    let start = [N::String("a"), N::Enum(1, 0)];
    let cases: &[(&[N], &str)] = &[
        (&[], "the nodes end before node 3, where the schema wants array, field `tags`"),
        (&[N::Array(u32::MAX)], "node 3: array of 4294967295 items, but only 0 nodes follow, field `tags`"),
        (&[N::Array(2), N::Long(1)], "node 3: array of 2 items, but only 1 nodes follow, field `tags`"),
        (
            &[N::Array(0), N::Null, N::Map(2), N::String("k"), N::Int(1), N::Null],
            "node 5: map of 2 entries, but only 3 nodes follow, field `props`",
        ),
        (
            &[N::Array(0), N::Null, N::Map(1), N::Bytes(vec![b'k']), N::Int(1), N::Null],
            "node 6: a map's key is a string, the guest gave bytes, field `props`",
        ),
        (&[N::Array(0), N::Null, N::Map(0), N::Null, N::Null], "the value ends before node 7, but 1 more follow"),
    ];
    for (nodes, text) in cases {
        assert_eq!(said(&[&start[..], nodes].concat()), *text);
    }
    let sink = parse(SINK);
    let none = encoded_nodes(&encoding(&sink, &sink), 1, &[]).expect_err("a value has nodes");
    assert_eq!(none, "the nodes end before node 0, where the schema wants record a.S");
}

#[test]
fn a_fixed_of_another_length() {
    let sink = parse(r#"{"type": "fixed", "name": "F", "size": 4}"#);
    let plan = encoding(&sink, &sink);
    assert_eq!(encoded_nodes(&plan, 1, &[N::Fixed(vec![9; 4])]), Ok(vec![9; 4]));
    let why = encoded_nodes(&plan, 1, &[N::Fixed(vec![9; 5])]).expect_err("too long");
    assert_eq!(why, "node 0: 5 bytes for a fixed of 4");
    let why = encoded_nodes(&plan, 1, &[N::Bytes(vec![9; 4])]).expect_err("bytes are not fixed");
    assert_eq!(why, "node 0: the schema wants fixed of 4 bytes, the guest gave bytes");
}

#[test]
fn numbers_are_promoted_and_never_narrowed() {
    let given = [N::Int(3), N::Long(3), N::Float(3.0), N::Double(3.0)];
    let wanted = ["int", "long", "float", "double"];
    for (width, wanted) in wanted.iter().enumerate() {
        let sink = parse(&format!("\"{wanted}\""));
        let plan = encoding(&sink, &sink);
        let three = match width {
            0 | 1 => vec![6],
            2 => 3f32.to_le_bytes().to_vec(),
            _ => 3f64.to_le_bytes().to_vec(),
        };
        for (at, node) in given.iter().enumerate() {
            let done = encoded_nodes(&plan, 1, std::slice::from_ref(node));
            let narrowed = |name| format!("node 0: the schema wants {wanted}, the guest gave {name}");
            match at <= width {
                true => assert_eq!(done, Ok(three.clone())),
                false => assert_eq!(done, Err(narrowed(["int", "long", "float", "double"][at]))),
            }
        }
    }
    let sink = parse(r#"["null", "double", "float", "string"]"#);
    let done = encoded_nodes(&encoding(&sink, &sink), 1, &[N::Long(3)]);
    assert_eq!(done, Ok([&[2][..], &3f64.to_le_bytes()].concat()), "the first branch that it can be promoted to");
}

#[test]
fn nodes_nested_too_deep() {
    let sink = parse(r#"{"type": "record", "name": "L", "fields": [{"name": "next", "type": ["null", "L"]}]}"#);
    let plan = encoding(&sink, &sink);
    let chain = |count| -> Vec<N> { (0..count).map(|_| N::Record(0, 1)).chain([N::Null]).collect() };
    assert_eq!(encoded_nodes(&plan, 1, &chain(128)).map(|bytes| bytes.len()), Ok(128));
    let why = encoded_nodes(&plan, 1, &chain(129)).expect_err("too deep");
    let path = ["next"; 128].join(".");
    assert_eq!(why, format!("node 128: value nests deeper than 128 levels, field `{path}`"));
    assert!(encoded_nodes(&plan, 1, &chain(100_000)).is_err());
    let endless =
        parse(r#"{"type": "record", "name": "E", "fields": [{"name": "a", "type": "E"}, {"name": "b", "type": "E"}]}"#);
    let plan = encoding(&endless, &endless);
    let nodes = vec![N::Record(0, 2); 1000];
    assert!(encoded_nodes(&plan, 1, &nodes).expect_err("no end").contains("value nests deeper than 128 levels"));
}

#[test]
fn more_than_a_record_may_have() {
    let sink = parse(r#"{"type": "array", "items": {"type": "array", "items": "null"}}"#);
    let plan = encoding(&sink, &sink);
    let mut nodes = vec![N::Array(100)];
    (0..100).for_each(|_| nodes.extend(std::iter::once(N::Array(20)).chain(vec![N::Null; 20])));
    let limits = OutputLimits { record: 1000, batch: 10_000, outputs: 10 };
    let why = encoded(&plan, &answer(1, &nodes), limits).expect_err("too large");
    assert_eq!(why, "the output is larger than the limit of a record (1000 bytes)");
    let text = parse(r#""string""#);
    let limits = OutputLimits { record: 3, batch: 100, outputs: 10 };
    let why = encoded(&encoding(&text, &text), &answer(1, &[N::String("four")]), limits).expect_err("too large");
    assert_eq!(why, "the output is larger than the limit of a record (3 bytes)");
}

const SOURCE: &str = r#"{"type": "record", "name": "b.T", "fields": [
    {"name": "junk", "type": {"type": "array", "items": "null"}},
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["Z", "Y", "X"]}},
    {"name": "id", "type": "string"},
    {"name": "pick", "type": ["null", {"type": "record", "name": "Q", "fields": [
        {"name": "z", "type": "int"}, {"name": "y", "type": "float"}]}, {"type": "record", "name": "R", "fields": []}]},
    {"name": "tags", "type": {"type": "array", "items": "int"}}]}"#;
/// As [`SINK`], and what it does not get from the source has a default.
const LENIENT: &str = r#"{"type": "record", "name": "a.S", "fields": [
    {"name": "id", "type": "string"},
    {"name": "kind", "type": {"type": "enum", "name": "K", "symbols": ["X", "Y"]}},
    {"name": "tags", "type": {"type": "array", "items": "long"}},
    {"name": "pick", "type": ["null", {"type": "record", "name": "P", "fields": [{"name": "x", "type": "int"}]},
                              {"type": "record", "name": "Q", "fields": [{"name": "y", "type": "double"}]}]},
    {"name": "props", "type": {"type": "map", "values": "int"}, "default": {"k": 1}}]}"#;

#[test]
fn values_in_the_sources_schema_are_matched_by_name() {
    let plan = encoding(&parse(SOURCE), &parse(LENIENT));
    let nodes = |junk: u32, kind: N, pick: &[N]| {
        let mut nodes = vec![N::Record(0, 5), N::Array(junk)];
        nodes.extend((0..junk).map(|_| N::Null));
        nodes.extend([kind, N::String("a")]);
        nodes.extend(pick.iter().cloned());
        nodes.extend([N::Array(1), N::Int(5)]);
        nodes
    };
    let q = [N::Record(2, 2), N::Int(4), N::Float(0.5)];
    let mut expected = vec![2, b'a', 2, 2, 10, 0, 4];
    expected.extend(0.5f64.to_le_bytes());
    expected.extend([2, 2, b'k', 2, 0]);
    assert_eq!(encoded_nodes(&plan, 0, &nodes(2, N::Enum(1, 1), &q)), Ok(expected));
    let said = |nodes: &[N]| encoded_nodes(&plan, 0, nodes).expect_err("the nodes are wrong");
    assert_eq!(
        said(&nodes(0, N::Enum(1, 0), &q)),
        "node 2: the sink's enum a.K has no symbol `Z` of the source's enum b.Kind, field `kind`"
    );
    assert_eq!(
        said(&nodes(0, N::Enum(1, 3), &q)),
        "node 2: enum b.Kind has 3 symbols, the guest gave number 3, field `kind`"
    );
    assert_eq!(
        said(&nodes(0, N::Enum(2, 0), &q)),
        "node 2: the schema wants enum a.K, the guest gave record b.Q, field `kind`"
    );
    assert_eq!(
        said(&nodes(0, N::Enum(1, 2), &[N::Record(3, 0)])),
        "node 4: the schema wants one of [null, record a.P, record a.Q], the guest gave record b.R, field `pick`"
    );
    assert_eq!(said(&[N::Record(1, 5)]), "node 0: the schema wants record a.S, the guest gave enum b.Kind");
    assert_eq!(said(&[N::Record(0, 4)]), "node 0: record b.T has 5 fields, the guest gave 4");
    assert_eq!(said(&[N::Record(8, 4)]), "node 0: the source's schema has 4 named types, the guest gave number 8");
    assert_eq!(
        said(&[N::Record(0, 5), N::Array(3)]),
        "the nodes end before node 2, where the schema wants the rest of a value"
    );
    let strict = encoding(&parse(SOURCE), &parse(SINK));
    let why = encoded_nodes(&strict, 0, &nodes(0, N::Enum(1, 1), &q)).expect_err("no default");
    assert_eq!(
        why,
        "node 0: the guest gave record b.T, which lacks this field, and the sink's schema has no default for it, \
         field `props`"
    );
    let limits = OutputLimits { record: 100, batch: 1000, outputs: 10 };
    let why = encoded(&plan, &answer(0, &nodes(500, N::Enum(1, 1), &q)), limits).expect_err("too many");
    assert_eq!(why, "the value has more nodes than a record of 100 bytes needs");
}

#[test]
fn memory_that_is_not_what_its_types_promise() {
    let sink = parse(r#"["null", "string", "bytes"]"#);
    let plan = encoding(&sink, &sink);
    let raw = |case: u8, first: u32, second: u32| {
        let mut cell = [0; 16];
        cell[0] = case;
        cell[8..12].copy_from_slice(&first.to_le_bytes());
        cell[12..].copy_from_slice(&second.to_le_bytes());
        encoded_nodes(&plan, 1, &[N::Raw(cell)]).expect_err("broken")
    };
    assert_eq!(raw(13, 0, 0), "broken: the guest returned case 13 of a type of 13 cases");
    let outside = "broken: the guest returned a list of 99 items of 1 bytes at 0x10, outside its memory of 80 bytes";
    assert_eq!(raw(6, 16, 99), outside);
    assert_eq!(raw(7, 16, 99), outside);
    let mut text = answer(1, &[N::String("ab")]);
    *text.last_mut().expect("text") = 0xff;
    let why = encoded(&plan, &text, OUTPUT_LIMITS).expect_err("broken");
    assert_eq!(why, "broken: the guest returned a string that is not valid UTF-8");
    let with = |pointer: u32, count: u32| {
        let mut memory = answer(1, &[N::Null]);
        memory[24..28].copy_from_slice(&pointer.to_le_bytes());
        memory[28..32].copy_from_slice(&count.to_le_bytes());
        encoded(&plan, &memory, OUTPUT_LIMITS).expect_err("broken")
    };
    assert_eq!(with(60, 1), "broken: the guest returned a pointer 0x3c that is not a multiple of 8");
    let outside = "broken: the guest returned a list of 9 items of 16 bytes at 0x40, outside its memory of 80 bytes";
    assert_eq!(with(64, 9), outside);
    assert!(with(64, u32::MAX).contains("a list of 4294967295 items"));
}
