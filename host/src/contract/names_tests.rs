use proptest::prelude::*;
use wit_parser::UnresolvedPackageGroup;

use super::*;
use crate::schema::parse;

fn symbols(names: &[&str]) -> Vec<String> {
    symbol_names(&names.iter().map(|name| name.to_string()).collect::<Vec<_>>())
}

#[test]
fn names_become_words() {
    for (avro, wit) in [
        ("amount_eur", "amount-eur"),
        ("amountEUR", "amount-eur"),
        ("EUR", "eur"),
        ("HTTPServer", "http-server"),
        ("_id", "id"),
        ("__a__b_", "a-b"),
        ("a_1", "a1"),
        ("a1b", "a1b"),
        ("a1B", "a1-b"),
        ("_1", "x1"),
        ("_", "x"),
        ("iPhone", "i-phone"),
        ("A_B", "a-b"),
        ("ISO8601Date", "iso8601-date"),
    ] {
        assert_eq!(kebab(avro), wit, "{avro}");
    }
}

#[test]
fn the_plainest_spelling_keeps_a_name_that_several_want() {
    assert_eq!(symbols(&["aB", "a_b", "A_B"]), ["a-b3", "a-b", "a-b2"]);
    assert_eq!(symbols(&["A_B", "aB", "a_b"]), ["a-b2", "a-b3", "a-b"], "the order plays no part");
    assert_eq!(symbols(&["aB", "a_b", "a_b2"]), ["a-b3", "a-b", "a-b2"], "a number must not take another's name");
}

#[test]
fn what_bindings_write_with_a_capital_is_never_called_self() {
    assert_eq!(symbols(&["SELF", "other"]), ["x-self", "other"]);
    let schema = parse(r#"{"type": "record", "name": "Self", "fields": [{"name": "self", "type": "int"}]}"#).unwrap();
    assert_eq!(type_names(&schema)[0].1, "x-self");
    let Kind::Record(record) = schema.kind(schema.root()) else { panic!() };
    assert_eq!(field_names(record), ["self"]);
}

#[test]
fn types_leave_python_the_names_that_its_bindings_need() {
    let text = r#"{"type": "record", "name": "List", "fields": [{"name": "list", "type": {"type": "enum", "name": "a.enum", "symbols": ["List"]}}]}"#;
    let schema = parse(text).unwrap();
    let names: Vec<String> = type_names(&schema).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["x-list", "x-enum"]);
    let Kind::Record(record) = schema.kind(schema.root()) else { panic!() };
    assert_eq!(field_names(record), ["list"], "fields and symbols are no classes");
}

#[test]
fn keywords_are_escaped_where_they_stand() {
    assert_eq!(escape("type"), "%type");
    assert_eq!(escape("error-context"), "%error-context");
    assert_eq!(escape("amount"), "amount");
}

#[test]
fn branches_are_called_after_their_types() {
    let schema = parse(
        r#"["null", "string", {"type": "array", "items": "int"}, {"type": "record", "name": "a.Card", "fields": []},
            {"type": "record", "name": "b.Card", "fields": []}, {"type": "fixed", "name": "String", "size": 1}]"#,
    )
    .unwrap();
    let Kind::Union(branches) = schema.kind(schema.root()) else { panic!() };
    assert_eq!(branch_names(&schema, branches), ["null", "string", "array", "card", "card2", "string2"]);
}

#[test]
fn types_without_a_name_are_called_after_their_place() {
    let schema = parse(
        r#"{"type": "record", "name": "a.Order", "fields": [
            {"name": "items", "type": {"type": "array", "items": ["null", "int", "string"]}},
            {"name": "byKey", "type": {"type": "map", "values": ["int", "string"]}},
            {"name": "pay", "type": ["int", {"type": "enum", "name": "OrderPay", "symbols": ["A"]}]},
            {"name": "maybe", "type": ["null", "OrderPay"]}]}"#,
    )
    .unwrap();
    let names: Vec<_> = type_names(&schema).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["order", "order-items-item", "order-by-key-value", "order-pay2", "order-pay"]);
}

/// The names as fields, cases and types of a WIT file, with `%` where it is needed.
fn accepted(names: &[String]) -> Result<(), String> {
    let escaped: Vec<_> = names.iter().map(|name| escape(name)).collect();
    let fields: String = escaped.iter().map(|name| format!("{name}: bool, ")).collect();
    let types: String = escaped.iter().map(|name| format!("type {name} = u8;\n")).collect();
    let cases = escaped.join(", ");
    let text = format!(
        "package a:b;\ninterface f {{ record r {{ {fields} }} enum e {{ {cases} }} variant v {{ {cases} }} }}\n\
         interface t {{ {types} }}"
    );
    let group = UnresolvedPackageGroup::parse("test.wit", &text).map_err(|(_, error)| format!("{error:?}\n{text}"))?;
    wit_parser::Resolve::new().push_group(group).map(|_| ()).map_err(|error| format!("{error:?}\n{text}"))
}

#[test]
fn every_keyword_can_be_a_name() {
    let names: Vec<String> = KEYWORDS.iter().map(|word| word.to_string()).collect();
    accepted(&names).unwrap();
    for word in KEYWORDS {
        let text = format!("package a:b;\ninterface i {{ enum e {{ {word} }} }}");
        let refused = UnresolvedPackageGroup::parse("test.wit", &text).is_err();
        assert!(refused, "{word} needs no escape: it is no keyword");
    }
}

fn avro_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z_][A-Za-z0-9_]{0,6}",
        "[aAbB_][aAbB12_]{0,3}",
        proptest::sample::select(KEYWORDS).prop_map(|word| word.replace('-', "_")),
    ]
}

proptest! {
    #[test]
    fn every_set_of_names_is_legal_and_unique(names in proptest::collection::btree_set(avro_name(), 1..20)) {
        let names: Vec<String> = names.into_iter().collect();
        let wit = symbol_names(&names);
        prop_assert_eq!(wit.len(), names.len());
        prop_assert_eq!(wit.iter().collect::<HashSet<_>>().len(), names.len());
        accepted(&wit).unwrap();
    }

    #[test]
    fn the_order_of_names_plays_no_part(names in proptest::collection::btree_set(avro_name(), 1..20)) {
        let forward: Vec<String> = names.iter().cloned().collect();
        let backward: Vec<String> = names.iter().rev().cloned().collect();
        let mut reversed = symbol_names(&backward);
        reversed.reverse();
        prop_assert_eq!(symbol_names(&forward), reversed);
    }
}
