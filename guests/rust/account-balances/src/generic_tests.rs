//! Tests of the file that `millstream new` gives to guests.

use std::collections::BTreeMap;

use crate::generic::{Record, Schema, Value};
use crate::millstream::pipeline::generic::{EnumSymbol, Node, RecordStart};
use crate::millstream::pipeline::schemas::{EnumType, FixedType, NamedType, RecordType};

const FIELDS: [&str; 12] = [
    "none", "yes", "int", "long", "float", "double", "bytes", "text", "code", "kind", "list", "map",
];

fn schema() -> Schema {
    let all = RecordType {
        name: "acme.All".into(),
        fields: FIELDS.map(str::to_owned).to_vec(),
    };
    let kind = EnumType {
        name: "acme.Kind".into(),
        symbols: vec!["A".into(), "B".into()],
    };
    let code = FixedType {
        name: "acme.Code".into(),
        size: 2,
    };
    let empty = RecordType {
        name: "acme.P".into(),
        fields: Vec::new(),
    };
    Schema::new(vec![
        NamedType::Record(all),
        NamedType::Fixed(code),
        NamedType::Enum(kind),
        NamedType::Record(empty),
    ])
}

fn nodes() -> Vec<Node> {
    let text = |text: &str| Node::String(text.to_owned());
    let mut nodes = vec![
        Node::Record(RecordStart {
            name: 0,
            fields: 12,
        }),
        Node::Null,
        Node::Boolean(true),
    ];
    nodes.extend([
        Node::Int(-7),
        Node::Long(7),
        Node::Float(0.5),
        Node::Double(0.1),
        Node::Bytes(vec![1]),
        text("t"),
    ]);
    nodes.extend([
        Node::Fixed(vec![2, 3]),
        Node::Enum(EnumSymbol { name: 2, symbol: 1 }),
    ]);
    nodes.extend([
        Node::Array(2),
        Node::Null,
        Node::Long(5),
        Node::Map(1),
        text("k"),
    ]);
    nodes.push(Node::Record(RecordStart { name: 3, fields: 0 }));
    nodes
}

fn value() -> [(&'static str, Value); 12] {
    [
        ("none", Value::Null),
        ("yes", true.into()),
        ("int", Value::Int(-7)),
        ("long", Value::Long(7)),
        ("float", Value::Float(0.5)),
        ("double", Value::Double(0.1)),
        ("bytes", vec![1_u8].into()),
        ("text", "t".to_owned().into()),
        ("code", Value::Fixed(vec![2, 3])),
        ("kind", Value::symbol("acme.Kind", "B")),
        ("list", vec![Value::Null, Value::Long(5)].into()),
        (
            "map",
            BTreeMap::from([("k".to_owned(), Record::new("acme.P", []).into())]).into(),
        ),
    ]
}

#[test]
fn every_kind_goes_there_and_back() {
    let folded = schema().fold(nodes()).unwrap();
    assert_eq!(folded, Record::new("acme.All", value()).into());
    assert_eq!(
        format!("{:?}", schema().unfold(folded).unwrap()),
        format!("{:?}", nodes())
    );
    let mut turned = value();
    turned.reverse();
    let unfolded = schema()
        .unfold(Record::new("acme.All", turned).into())
        .unwrap();
    assert_eq!(format!("{unfolded:?}"), format!("{:?}", nodes()));
}

#[test]
fn fields_are_read_as_types_of_rust() {
    let mut all: Record = schema().fold(nodes()).unwrap().try_into().unwrap();
    assert_eq!(
        (all.read("long"), all.read("text")),
        (Ok(7_i64), Ok("t".to_owned()))
    );
    assert_eq!(
        (all.read("bytes"), all.read("code")),
        (Ok(vec![1_u8]), Ok(vec![2_u8, 3]))
    );
    assert_eq!(
        all.read::<i64>("int").unwrap_err(),
        "int: expected Long, found Int(-7)"
    );
    assert_eq!(all.take("nome").unwrap_err(), "acme.All has no field nome");
    assert_eq!(all.get("long"), Some(&Value::Null));
}

#[test]
fn broken_nodes_are_told() {
    let told = |change: fn(&mut Vec<Node>)| {
        let mut nodes = nodes();
        change(&mut nodes);
        schema().fold(nodes).unwrap_err()
    };
    assert_eq!(
        told(|nodes| nodes.truncate(5)),
        "the nodes end within the value"
    );
    assert_eq!(told(Vec::clear), "the nodes end within the value");
    assert_eq!(
        told(|nodes| nodes[11] = Node::Array(u32::MAX)),
        "the nodes end within the value"
    );
    assert_eq!(
        told(|nodes| nodes[15] = Node::Null),
        "a map's key is a string"
    );
    assert_eq!(
        told(|nodes| nodes.push(Node::Int(1))),
        "Node::Int(1) follows the value"
    );
    assert_eq!(
        told(|nodes| nodes[0] = Node::Record(RecordStart {
            name: 9,
            fields: 12
        })),
        "the schema has no such type 9"
    );
    assert_eq!(
        told(|nodes| nodes[0] = Node::Record(RecordStart {
            name: 2,
            fields: 12
        })),
        "the schema has no such type 2"
    );
    assert_eq!(
        told(|nodes| nodes[0] = Node::Record(RecordStart { name: 0, fields: 9 })),
        "acme.All has 12 fields, not 9"
    );
    let symbol = told(|nodes| nodes[10] = Node::Enum(EnumSymbol { name: 2, symbol: 2 }));
    assert_eq!(symbol, "acme.Kind has no symbol 2");
}

#[test]
fn what_does_not_fit_is_told() {
    let told = |value: Value| schema().unfold(value).unwrap_err();
    let [_, fields @ ..] = value();
    assert_eq!(
        told(Record::new("acme.All", fields).into()),
        "acme.All: none is missing"
    );
    assert_eq!(
        told(Record::new("acme.P", [("x", Value::Null)]).into()),
        "acme.P has no field x"
    );
    assert_eq!(
        told(Record::new("acme.Q", []).into()),
        "the schema has no type acme.Q"
    );
    assert_eq!(
        told(Value::symbol("acme.Kind", "C")),
        "acme.Kind has no symbol C"
    );
    assert_eq!(
        told(Value::symbol("acme.P", "C")),
        "acme.P is of another kind in the schema"
    );
}

#[test]
fn depth_has_a_limit() {
    let why = "the value nests deeper than 128 levels";
    let deep = |levels: usize| {
        vec![Node::Array(1); levels]
            .into_iter()
            .chain([Node::Array(0)])
            .collect::<Vec<_>>()
    };
    assert!(schema().fold(deep(127)).is_ok());
    assert_eq!(schema().fold(deep(128)).unwrap_err(), why);
    let tree = (0..128).fold(Value::Array(Vec::new()), |tree, _| Value::Array(vec![tree]));
    assert_eq!(schema().unfold(tree).unwrap_err(), why);
}
