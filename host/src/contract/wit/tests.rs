use std::collections::BTreeSet;

use proptest::prelude::*;
use wit_parser::{Resolve, SourceMap, WorldId, WorldItem};

use super::*;
use crate::schema::parse;

fn options() -> Options {
    Options { package: "acme:payments".into(), ..Options::default() }
}

fn made(input: &str, output: &str, options: &Options) -> Result<WitFolder, String> {
    let (input, output) = (parse(input).unwrap(), parse(output).unwrap());
    package(&input, &output, options).map_err(|refusal| refusal.to_string())
}

/// The text of `types.wit` and `world.wit`, after the WIT parser has accepted the folder.
fn accepted(input: &str, output: &str, options: &Options) -> (String, String) {
    let folder = made(input, output, options).unwrap();
    let (resolve, world) = resolve(&folder).unwrap();
    let exports = &resolve.worlds[world].exports;
    assert!(exports.values().all(|item| matches!(item, WorldItem::Function(f) if f.name == "transform")));
    assert_eq!(exports.len(), 1);
    let text = |name: &str| folder.files.iter().find(|(n, _)| n == name).map(|(_, text)| text.clone());
    (text("types.wit").unwrap_or_default(), text("world.wit").unwrap())
}

/// The guest's folder and its world, as the WIT parser sees them.
pub(super) fn resolve(folder: &WitFolder) -> Result<(Resolve, WorldId), String> {
    let show = |error: String| format!("{error}\n{folder:#?}");
    let mut resolve = Resolve::new();
    let mut last = None;
    for deps in [true, false] {
        let mut map = SourceMap::new();
        let files = folder.files.iter().filter(|(name, _)| name.starts_with("deps/") == deps);
        files.for_each(|(name, text)| map.push_str(name, text.clone()));
        let group = map.parse().map_err(|(_, e)| show(format!("{e:?}")))?;
        last = Some(resolve.push_group(group).map_err(|e| show(format!("{e:?}")))?);
    }
    let world = resolve.select_world(&[last.unwrap()], Some("transform")).map_err(|e| show(format!("{e:?}")))?;
    Ok((resolve, world))
}

pub(super) const KITCHEN: &str = r#"{"type": "record", "name": "shop.Order", "doc": "An order.\n\nTwo parts */ of it.", "fields": [
    {"name": "id", "type": {"type": "string", "logicalType": "uuid"}, "doc": "  Which.  "},
    {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}},
    {"name": "nothing", "type": "null"},
    {"name": "mac", "type": {"type": "fixed", "name": "Mac", "size": 6}},
    {"name": "type", "type": ["string", "null"]},
    {"name": "lines", "type": {"type": "array", "items": {"type": "record", "name": "Line", "fields": [
        {"name": "day", "type": {"type": "int", "logicalType": "date"}}, {"name": "share", "type": "float"}]}}},
    {"name": "extra", "type": {"type": "map", "values": ["null", "boolean", "Line",
        {"type": "record", "name": "Empty", "fields": []}]}},
    {"name": "state", "type": ["null", {"type": "enum", "name": "State", "symbols": ["NEW", "record"]}]},
    {"name": "days", "type": {"type": "array", "items": {"type": "int", "logicalType": "date"}}}]}"#;

#[test]
fn every_shape_has_its_wit() {
    let (types, world) = accepted(KITCHEN, "\"bytes\"", &options());
    assert_eq!(
        types,
        "/// The records of this guest, made from its Avro schemas by `millstream wit`.
interface types {
    /// An order.
    ///
    /// Two parts * / of it.
    record order {
        /// Which.
        /// Avro uuid.
        id: string,
        /// Avro decimal(10, 2).
        total: list<u8>,
        /// Always 6 bytes.
        mac: list<u8>,
        %type: option<string>,
        lines: list<line>,
        extra: list<tuple<string, order-extra-value>>,
        state: option<state>,
        /// Items: Avro date.
        days: list<s32>,
    }

    record line {
        /// Avro date.
        day: s32,
        share: f32,
    }

    /// One of the schema's [null, boolean, record shop.Line, record shop.Empty].
    variant order-extra-value {
        null,
        boolean(bool),
        line(line),
        empty,
    }

    enum state {
        new,
        %record,
    }
}
"
    );
    assert_eq!(
        world,
        "// Written by `millstream wit` from the guest's Avro schemas; run it again when they change.
package acme:payments;

/// Turns record shop.Order into bytes.
world transform {
    use types.{order};
    use millstream:pipeline/types@0.1.0.{fault};

    /// Answers each record of the batch by its position.
    export transform: func(batch: list<order>) -> list<result<list<u8>, fault>>;
}
"
    );
}

#[test]
fn a_type_both_sides_have_is_written_once_and_another_of_its_name_twice() {
    let side = |symbol: &str| {
        format!(
            r#"{{"type": "record", "name": "R", "fields": [
                {{"name": "s", "type": {{"type": "enum", "name": "Same", "symbols": ["A"]}}}},
                {{"name": "o", "type": {{"type": "enum", "name": "Other", "symbols": ["{symbol}"]}}}}]}}"#
        )
    };
    let (types, world) = accepted(&side("A"), &side("B"), &options());
    for line in ["record r {", "record r-output {", "enum same {", "enum other {", "enum other-output {"] {
        assert_eq!(types.matches(line).count(), 1, "{line} in {types}");
    }
    assert!(types.contains("o: other-output,"), "{types}");
    assert!(world.contains("use types.{r, r-output};"), "{world}");
    let (types, world) = accepted(&side("A"), &side("A"), &options());
    assert!(!types.contains("-output"), "{types}");
    assert!(world.contains("use types.{r};"), "{world}");
}

#[test]
fn fields_can_be_chosen() {
    let chosen = Options {
        input_fields: Some(vec!["type".into(), "mac".into()]),
        output_fields: Some(vec!["state".into()]),
        ..options()
    };
    let (types, _) = accepted(KITCHEN, KITCHEN, &chosen);
    assert!(types.contains(
        "record order {\n        /// Always 6 bytes.\n        mac: list<u8>,\n        %type: option<string>,\n    }"
    ));
    assert!(types.contains("record order-output {\n        state: option<state>,\n    }"));
    assert!(!types.contains("line"), "what no chosen field needs is left out: {types}");
}

#[test]
fn roots_need_not_be_records() {
    let (types, world) = accepted(r#"{"type": "array", "items": "string"}"#, "[\"null\", \"long\"]", &options());
    assert_eq!(types, "");
    assert!(
        world.contains("transform: func(batch: list<list<string>>) -> list<result<option<s64>, fault>>;"),
        "{world}"
    );
    let (types, world) = accepted("[\"int\", \"string\"]", "[\"int\", \"bytes\"]", &options());
    assert!(types.contains("variant value {") && types.contains("variant value-output {"), "{types}");
    assert!(world.contains("use types.{value, value-output};"), "{world}");
}

#[test]
fn types_may_bear_the_names_that_the_world_uses() {
    let named =
        |name: &str| format!(r#"{{"type": "record", "name": "{name}", "fields": [{{"name": "f", "type": "int"}}]}}"#);
    let (_, world) = accepted(&named("Fault"), &named("transform"), &options());
    assert!(world.contains("use types.{fault as fault-record, transform as transform-record};"), "{world}");
    assert!(world.contains("(batch: list<fault-record>) -> list<result<transform-record, fault>>"), "{world}");
    accepted(&named("Types"), &named("result"), &options());
    accepted(&named("Fault"), &named("fault_record"), &options());
}

#[test]
fn refusals_say_what_and_where() {
    let record = |ty: &str| format!(r#"{{"type": "record", "name": "R", "fields": [{{"name": "f", "type": {ty}}}]}}"#);
    let refused = |input: &str| made(input, "\"int\"", &options()).unwrap_err();
    let no_data = " has no WIT type. Such a type may only be a record's field or a branch among several";
    for (schema, expected) in [
        (
            record(r#"{"type": "array", "items": "null"}"#),
            "an item of R.f is null, which carries no data; as the item of an array it",
        ),
        (
            record(r#"{"type": "map", "values": {"type": "record", "name": "E", "fields": []}}"#),
            "a value of R.f is record E, which carries no data; as the value of a map it",
        ),
        (
            record(r#"["null", {"type": "record", "name": "E", "fields": []}]"#),
            "R.f is record E, which carries no data; as the only branch beside null it",
        ),
        (record("\"null\""), "R is record R, which carries no data; as the whole value it"),
        ("\"null\"".into(), "the outermost type is null, which carries no data; as the whole value it"),
    ] {
        assert_eq!(refused(&schema), format!("input schema: {expected}{no_data}"));
    }
    let symbols: Vec<_> = (0..10_001).map(|i| format!("\"S{i}\"")).collect();
    let wide = format!(r#"{{"type": "enum", "name": "E", "symbols": [{}]}}"#, symbols.join(","));
    assert!(
        refused(&wide).starts_with("input schema: enum E has 10001 members; a component's type has at most 10000.")
    );
}

#[test]
fn wrong_choices_are_refused() {
    let input = |fields: &str, schema: &str| {
        let fields = Some(fields.split(',').map(str::to_string).collect());
        made(schema, "\"int\"", &Options { input_fields: fields, ..options() }).unwrap_err()
    };
    assert_eq!(
        input("id,maac", KITCHEN),
        "--input-fields: shop.Order has no field \"maac\"; it has id, total, nothing, mac, type, lines, extra, state, days"
    );
    assert_eq!(input("id", "\"int\""), "--input-fields: the schema is int; only of a record fields can be chosen");
    assert!(
        input("nothing", KITCHEN).starts_with("input schema: shop.Order is record shop.Order, which carries no data")
    );
    for package in ["payments", "Acme:payments", "acme:", "acme:pay_ments", "a:b@1", "a:b@01.0.0", "a:b:c", "a:b/c"] {
        let refusal = made("\"int\"", "\"int\"", &Options { package: package.into(), ..options() }).unwrap_err();
        assert!(
            refusal.starts_with(&format!("\"{package}\" is not a package name: write namespace:name")),
            "{refusal}"
        );
    }
    let reserved = Options { package: "millstream:pipeline@9.0.0".into(), ..options() };
    assert!(made("\"int\"", "\"int\"", &reserved).unwrap_err().starts_with("millstream:pipeline is the package of"));
    for package in ["a:b@1.0.0", "a:b@1.0.0-rc.1", "list:record", "a1:b-c2"] {
        accepted("\"int\"", "\"int\"", &Options { package: package.into(), ..options() });
    }
}

#[test]
fn a_recursive_field_can_be_left_out() {
    let list = r#"{"type": "record", "name": "R", "fields": [{"name": "v", "type": "int"}, {"name": "next", "type": ["null", "R"]}]}"#;
    let chosen = Options { input_fields: Some(vec!["v".into()]), ..options() };
    let (types, _) = accepted(list, "\"int\"", &chosen);
    assert!(types.contains("record r {\n        v: s32,\n    }"), "{types}");
}

#[test]
fn folders_are_written_and_errors_name_the_file() {
    let dir = std::env::temp_dir().join(format!("millstream-wit-{}", std::process::id()));
    let folder = made(KITCHEN, "\"int\"", &options()).unwrap();
    folder.write(&dir).unwrap();
    folder.write(&dir).unwrap();
    let mut resolve = Resolve::new();
    resolve.push_dir(&dir).unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    std::fs::write(&dir, "a file where a folder should be").unwrap();
    let error = folder.write(&dir).unwrap_err().to_string();
    std::fs::remove_file(&dir).unwrap();
    assert!(error.starts_with("cannot write ") && error.contains("millstream-wit-"), "{error}");
}

#[test]
fn committed_guests_match_their_schemas() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let schema = |name: &str| crate::schema::load(Path::new(&format!("{root}/schemas/{name}.avsc"))).unwrap();
    let list = |names: &str| Some(names.split(',').map(str::to_string).collect());
    let guests = [
        ("enrich", Options { package: "acme:payments".into(), ..Options::default() }),
        (
            "subset",
            Options {
                package: "acme:risk".into(),
                input_fields: list("amount,rate,country"),
                output_fields: list("amount_eur,risk"),
                ..Options::default()
            },
        ),
    ];
    for (guest, options) in guests {
        for (name, text) in package(&schema("payment"), &schema("enriched"), &options).unwrap().files {
            let path = format!("{root}/guests/rust/{guest}/wit/{name}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{path} is stale: run millstream wit again");
        }
    }
}

/// Any schema: names chosen so that they collide, docs chosen so that they hurt.
pub(super) fn any_schema() -> impl Strategy<Value = String> {
    let name = || "[aAbBrR_][a1_]{0,2}";
    let leaf =
        proptest::sample::select(vec!["null", "int", "string", "bytes", "double"]).prop_map(|n| format!("\"{n}\""));
    let doc = prop_oneof![Just(String::new()), "\\PC{0,12}", any::<String>()];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let field = (name(), inner.clone(), doc.clone());
        prop_oneof![
            inner.clone().prop_map(|item| format!(r#"{{"type": "array", "items": {item}}}"#)),
            inner.clone().prop_map(|value| format!(r#"{{"type": "map", "values": {value}}}"#)),
            proptest::collection::vec(inner, 1..4).prop_map(|branches| format!("[{}]", branches.join(","))),
            (name(), proptest::collection::btree_set(name(), 1..4)).prop_map(|(name, symbols)| {
                let symbols: Vec<_> = symbols.into_iter().collect();
                serde_json::json!({"type": "enum", "name": name, "symbols": symbols}).to_string()
            }),
            (name(), proptest::collection::vec(field, 1..4), doc.clone()).prop_map(|(name, fields, doc)| {
                let doc = serde_json::Value::from(doc);
                let mut seen = BTreeSet::new();
                let fields = fields.into_iter().filter(|(name, ..)| seen.insert(name.clone()));
                let fields = fields.map(|(name, ty, doc)| {
                    format!(r#"{{"name": "{name}", "type": {ty}, "doc": {}}}"#, serde_json::Value::from(doc))
                });
                let fields: Vec<_> = fields.collect();
                format!(r#"{{"type": "record", "name": "{name}", "doc": {doc}, "fields": [{}]}}"#, fields.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 100_000, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn whatever_is_not_refused_is_legal_wit(input in any_schema(), output in any_schema()) {
        let (Ok(input), Ok(output)) = (parse(&input), parse(&output)) else { return Err(TestCaseError::reject("invalid")) };
        match package(&input, &output, &options()) {
            Ok(folder) => { resolve(&folder).map_err(TestCaseError::fail)?; }
            Err(refusal) => prop_assert!(matches!(refusal, Refusal::NoData { .. }), "{}", refusal),
        }
    }
}
