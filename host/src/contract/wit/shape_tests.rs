//! Every shape of a guest that can be asked for, and what cannot.

use proptest::prelude::*;
use wit_parser::{Function, Resolve, TypeDefKind, WorldItem};

use super::tests::{KITCHEN, any_schema, resolve};
use super::*;
use crate::schema::{Schema, parse};

pub(super) fn options() -> Options {
    Options { package: "acme:payments".into(), ..Options::default() }
}

/// The folder's own files, after the WIT parser has accepted them all.
pub(super) fn accepted<'a>(input: impl Into<Value<'a>>, output: impl Into<Value<'a>>, options: &'a Options) -> String {
    let folder = package(input, output, options).unwrap_or_else(|refusal| panic!("{refusal}"));
    resolve(&folder).unwrap_or_else(|why| panic!("{why}"));
    folder.files.iter().filter(|(name, _)| !name.starts_with("deps/")).map(|(_, text)| text.as_str()).collect()
}

pub(super) fn refused<'a>(input: impl Into<Value<'a>>, output: impl Into<Value<'a>>, options: &'a Options) -> String {
    package(input, output, options).map(|folder| format!("{folder:#?}")).unwrap_err().to_string()
}

pub(super) fn record(name: &str) -> Schema {
    parse(&format!(r#"{{"type": "record", "name": "{name}", "fields": [{{"name": "f", "type": "int"}}]}}"#)).unwrap()
}

#[track_caller]
pub(super) fn has(text: &str, parts: &[&str]) {
    parts.iter().for_each(|part| assert!(text.contains(part), "no `{part}` in:\n{text}"));
}

fn all_of(fields: &[EnvelopeField]) -> std::collections::BTreeSet<EnvelopeField> {
    fields.iter().copied().collect()
}

#[test]
fn values_without_a_schema() {
    for (value, ty) in [(Value::Generic, "generic-record"), (Value::Bytes, "list<u8>"), (Value::Text, "string")] {
        let text = accepted(value, value, &options());
        has(&text, &[&format!("export transform: func(batch: list<{ty}>) -> list<result<{ty}, fault>>;")]);
        assert!(!text.contains("interface"), "no types of its own: {text}");
    }
    has(&accepted(Value::Generic, Value::Text, &options()), &["/// Turns generic records into text."]);
}

#[test]
fn filters_and_fan_outs() {
    let (a, b) = (record("A"), record("B"));
    let filter = Options { answers: Answers::Filter, ..options() };
    has(&accepted(&a, &b, &filter), &["-> list<result<option<b>, fault>>;", "with none, it has no output."]);
    let fan_out = Options { answers: Answers::FanOut, ..options() };
    has(&accepted(&a, &b, &fan_out), &["-> list<result<list<b>, fault>>;", "with all its outputs."]);
}

#[test]
fn envelopes_have_the_chosen_fields_in_one_order() {
    let (a, b) = (record("A"), record("B"));
    let all = EnvelopeField::ALL.map(|(field, _)| field);
    let mut out = all_of(&all);
    out.remove(&EnvelopeField::Offset);
    out.remove(&EnvelopeField::TimestampType);
    let wanted = Options { envelope_in: all_of(&all), envelope_out: out, tombstones: true, ..options() };
    let text = accepted(&a, &b, &wanted);
    let bare: String =
        text.lines().filter(|line| !line.trim().starts_with("///")).map(|line| format!("{line}\n")).collect();
    has(
        &bare,
        &[
            "    record a-in {
        value: option<a>,
        key: option<list<u8>>,
        headers: list<header>,
        topic: string,
        partition: u32,
        offset: u64,
        timestamp: s64,
        timestamp-type: timestamp-type,
    }
",
            "    record b-out {
        value: option<b>,
        key: option<list<u8>>,
        headers: list<header>,
        topic: option<string>,
        partition: option<u32>,
        timestamp: option<s64>,
    }
",
            "use millstream:pipeline/envelope@0.1.0.{header, timestamp-type};",
            "use types.{a-in, b-out, a, b};",
            "export transform: func(batch: list<a-in>) -> list<result<b-out, fault>>;",
        ],
    );
    let one = Options { envelope_in: all_of(&[EnvelopeField::Offset]), ..options() };
    has(&accepted(Value::Bytes, &b, &one), &["record record-in {", "value: list<u8>,", "list<result<b, fault>>"]);
}

#[test]
fn keys_of_every_type() {
    let (value, key) = (record("R"), record("Key"));
    let envelope = all_of(&[EnvelopeField::Key]);
    for (key, ty) in [
        (Key::Bytes, "list<u8>"),
        (Key::Text, "string"),
        (Key::Int, "s32"),
        (Key::Long, "s64"),
        (Key::Schema(key.clone()), "key"),
    ] {
        let both = Options { envelope_in: envelope.clone(), envelope_out: envelope.clone(), ..options() };
        let same = Options { key: Some(key.clone()), ..both.clone() };
        assert_eq!(accepted(&value, &value, &same).matches(&format!("key: option<{ty}>,")).count(), 2);
        let differs = Options { key: Some(key), key_out: Some(Key::Int), ..both };
        let text = accepted(&value, &value, &differs);
        has(&text, &[&format!("key: option<{ty}>,"), "key: option<s32>,"]);
    }
}

#[test]
fn a_key_shares_what_is_the_same_and_renames_what_is_not() {
    let envelope = all_of(&[EnvelopeField::Key]);
    let other = parse(r#"{"type": "record", "name": "R", "fields": [{"name": "id", "type": "string"}]}"#).unwrap();
    let third = parse(r#"{"type": "record", "name": "R", "fields": [{"name": "no", "type": "long"}]}"#).unwrap();
    let both = Options { envelope_in: envelope.clone(), envelope_out: envelope, ..options() };
    let shared = Options { key: Some(Key::Schema(record("R"))), ..both.clone() };
    let text = accepted(&record("R"), &record("S"), &shared).replace("record r-", "");
    assert_eq!(text.matches("record r {").count(), 1, "{text}");
    has(&text, &["key: option<r>"]);
    let renamed = Options { key: Some(Key::Schema(other)), key_out: Some(Key::Schema(third)), ..both };
    let text = accepted(&record("R"), &record("R"), &renamed);
    has(
        &text,
        &["record r {", "record r-key {", "record r-key-output {", "key: option<r-key>,", "key: option<r-key-output>,"],
    );
}

#[test]
fn envelopes_take_no_name_that_the_schemas_have() {
    let named = r#"{"type": "record", "name": "A", "fields": [
        {"name": "x", "type": {"type": "record", "name": "a_in", "fields": [{"name": "f", "type": "int"}]}},
        {"name": "y", "type": {"type": "record", "name": "header", "fields": [{"name": "f", "type": "int"}]}},
        {"name": "z", "type": {"type": "enum", "name": "timestamp_type", "symbols": ["A"]}},
        {"name": "w", "type": {"type": "record", "name": "Fault", "fields": [{"name": "f", "type": "int"}]}}]}"#;
    let schema = parse(named).unwrap();
    let fields = all_of(&[EnvelopeField::Headers, EnvelopeField::TimestampType]);
    let wanted = Options { envelope_in: fields, key: None, ..options() };
    let text = accepted(&schema, &schema, &wanted);
    has(
        &text,
        &[
            "{header as pipeline-header, timestamp-type as pipeline-timestamp-type};",
            "record a-in2 {",
            "headers: list<pipeline-header>,",
            "timestamp-type: pipeline-timestamp-type,",
            "func(batch: list<a-in2>) -> list<result<a, fault>>;",
        ],
    );
}

#[test]
fn types_that_are_called_as_the_guest_is_are_renamed_in_the_world() {
    let named = ["Guest", "Init", "Deserialize"].map(record);
    for schema in &named {
        let wanted = Options { init: true, deserialize: Some(Raw::Text), ..options() };
        let text = accepted(schema, &record("Other"), &wanted);
        assert!(text.contains("-record, other};"), "{text}");
    }
}

#[test]
fn own_functions_around_schema_types() {
    let payment = record("Payment");
    let csv = Options { deserialize: Some(Raw::Text), ..options() };
    has(
        &accepted(&payment, &payment, &csv),
        &[
            "export deserialize: func(batch: list<string>) -> list<result<payment, fault>>;",
            "export transform: func(batch: list<payment>) -> list<result<payment, fault>>;",
        ],
    );
    let both = Options { deserialize: Some(Raw::Generic), serialize: Some(Raw::Bytes), init: true, ..options() };
    has(
        &accepted(&payment, Value::Text, &both),
        &[
            "export init: func() -> result<_, string>;",
            "export deserialize: func(batch: list<generic-record>) -> list<result<payment, fault>>;",
            "export serialize: func(batch: list<string>) -> list<result<list<u8>, fault>>;",
        ],
    );
    let only = Options { deserialize: Some(Raw::Text), no_transform: true, ..options() };
    let text = accepted(&payment, Value::Bytes, &only);
    has(
        &text,
        &["export deserialize: func(batch: list<string>) -> list<result<payment, fault>>;", "Reads and writes "],
    );
    assert!(!text.contains("transform:"), "{text}");
}

#[test]
fn a_resource_stands_in_an_interface_of_its_own() {
    let wanted = Options {
        deserialize: Some(Raw::Generic),
        serialize: Some(Raw::Text),
        resource: Some("header".into()),
        envelope_in: all_of(&[EnvelopeField::Headers, EnvelopeField::Key]),
        envelope_out: all_of(&[EnvelopeField::Key]),
        key: Some(Key::Schema(record("Transform"))),
        answers: Answers::FanOut,
        tombstones: true,
        init: true,
        ..options()
    };
    has(
        &accepted(Value::Bytes, Value::Bytes, &wanted),
        &[
            "world transform {\n    export guest;\n}\n",
            "    use types.{transform as transform-record};\n",
            "{header as pipeline-header};",
            "    resource header;\n",
            "        value: option<header>,\n",
            "        headers: list<pipeline-header>,\n",
            "    init: func() -> result<_, string>;\n",
            "    deserialize: func(batch: list<generic-record>) -> list<result<header, fault>>;\n",
            "    transform: func(batch: list<header-in>) -> list<result<list<header-out>, fault>>;\n",
            "    serialize: func(batch: list<header>) -> list<result<string, fault>>;\n",
        ],
    );
    for name in ["fault", "list", "generic-record", "types", "world", "a1-b2", "header-in", "key"] {
        accepted(Value::Bytes, Value::Bytes, &Options { resource: Some(name.into()), ..wanted.clone() });
    }
}

#[test]
fn imports_say_what_they_need() {
    let imports = Import::ALL.map(|(import, _)| import).into_iter().collect();
    let text = accepted(Value::Bytes, Value::Bytes, &Options { imports, ..options() });
    for (import, name) in Import::ALL {
        let grant =
            if import.needs_grant() { format!("Needs `grants = [\"{name}\"]`") } else { "Needs no grant.".into() };
        let at = text.find(&format!("    import millstream:pipeline/{name}@0.1.0;\n")).unwrap();
        assert!(text[..at].lines().last().unwrap().contains(&grant), "{text}");
    }
}

#[test]
fn choices_that_make_no_sense() {
    let r = record("R");
    let plain = options();
    let key = all_of(&[EnvelopeField::Key]);
    let both = Options { deserialize: Some(Raw::Text), serialize: Some(Raw::Text), ..plain.clone() };
    let named = |name: &str| Options { resource: Some(name.into()), ..both.clone() };
    for (wanted, flag, expected) in [
        (
            Options { tombstones: true, ..plain.clone() },
            "--tombstones",
            "--tombstones needs --envelope-in or --envelope-out: a tombstone is an envelope without a value",
        ),
        (
            Options { key: Some(Key::Int), ..plain.clone() },
            "--key",
            "--key says what type a key has, but neither --envelope-in nor --envelope-out has key",
        ),
        (
            Options { key_out: Some(Key::Int), envelope_in: key, ..plain.clone() },
            "--key-out",
            "--key-out says what type an output's key has, but --envelope-out has no key",
        ),
        (
            Options { envelope_out: all_of(&[EnvelopeField::Offset]), ..plain.clone() },
            "--envelope-out",
            "--envelope-out cannot have offset: Kafka decides it when the output is written; an output has key, headers, topic, partition, timestamp",
        ),
        (
            Options { envelope_out: all_of(&[EnvelopeField::TimestampType]), ..plain.clone() },
            "--envelope-out",
            "--envelope-out cannot have timestamp-type: Kafka decides it when the output is written; an output has key, headers, topic, partition, timestamp",
        ),
        (
            Options { resource: Some("order".into()), deserialize: Some(Raw::Text), ..plain.clone() },
            "--resource",
            "--resource needs both --deserialize and --serialize: only the guest can make its own values and write them",
        ),
        (
            named("Order"),
            "--resource",
            "\"Order\" is no name for a resource: write lower-case words joined by dashes, as order",
        ),
        (
            named("guest"),
            "--resource",
            "a resource cannot be called guest, as the guest's interface has this name already",
        ),
        (
            Options { no_transform: true, ..plain.clone() },
            "--no-transform",
            "--no-transform leaves no function; add --deserialize or --serialize",
        ),
        (
            Options { no_transform: true, answers: Answers::Filter, ..both.clone() },
            "--filter",
            "--filter shapes `transform`, which --no-transform leaves out",
        ),
        (
            Options { input_fields: Some(vec!["f".into()]), ..named("order") },
            "--input-fields",
            "--input-fields chooses fields of a schema's record, and there is no schema here",
        ),
    ] {
        let refusal = package(&r, &r, &wanted).unwrap_err();
        assert_eq!((refusal.to_string().as_str(), refusal.flag()), (expected, flag));
    }
}

#[test]
fn choices_that_have_nothing_to_do() {
    let (r, plain) = (record("R"), options());
    let nothing = Options { deserialize: Some(Raw::Bytes), ..plain.clone() };
    let text = refused(Value::Bytes, &r, &nothing);
    assert_eq!(text, "--deserialize bytes has nothing to do where --input is bytes too; leave --deserialize out");
    let fields = Options { output_fields: Some(vec!["f".into()]), ..plain };
    let text = refused(&r, Value::Generic, &fields);
    assert_eq!(text, "--output-fields chooses fields of a schema's record, and there is no schema here");
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 100_000, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn whatever_is_asked_for_is_legal_wit_or_refused(
        schemas in [any_schema(), any_schema(), any_schema()],
        bits in any::<u32>(),
        imports in any::<u8>(),
    ) {
        let parsed: Vec<Schema> = schemas.iter().filter_map(|text| parse(text).ok()).collect();
        let [input, output, key] = &parsed[..] else { return Err(TestCaseError::reject("invalid")) };
        let bit = |n: u32| bits >> n & 1 == 1;
        let raw = |a, b| match (bit(a), bit(b)) {
            (false, _) => None,
            (true, true) => Some(Raw::Generic),
            (true, false) => Some(Raw::Text),
        };
        let chosen = |from: u32, without: &[EnvelopeField]| {
            let all = EnvelopeField::ALL.iter().zip(from..).filter(|(_, n)| bit(*n)).map(|((field, _), _)| *field);
            all.filter(|field| !without.contains(field)).collect()
        };
        let wanted = Options {
            answers: [Answers::One, Answers::Filter, Answers::FanOut][bits as usize % 3],
            envelope_in: chosen(0, &[]),
            envelope_out: chosen(7, &[EnvelopeField::Offset, EnvelopeField::TimestampType]),
            tombstones: bit(14) && bits & 0x7f != 0,
            key: (bit(0) || bit(7)).then(|| Key::Schema(key.clone())),
            key_out: (bit(7) && bit(15)).then(|| Key::Schema(output.clone())),
            deserialize: raw(16, 17),
            serialize: raw(18, 19),
            resource: (bit(16) && bit(18) && bit(20)).then(|| "a".to_string()),
            imports: Import::ALL.iter().zip(0..).filter(|(_, n)| imports >> n & 1 == 1).map(|((import, _), _)| *import).collect(),
            init: bit(21),
            ..options()
        };
        match package(input, output, &wanted) {
            Ok(folder) => {
                let (resolve, world) = resolve(&folder).map_err(TestCaseError::fail)?;
                let functions = exported(&resolve, world);
                prop_assert!(functions.iter().any(|f| f.name == "transform"));
                prop_assert_eq!(functions.len(), 1 + [wanted.init, bit(16), bit(18)].iter().filter(|b| **b).count());
            }
            Err(refusal) => prop_assert!(matches!(refusal, Refusal::NoData { .. }), "{}", refusal),
        }
    }
}

/// The functions that a world exports, those of its interfaces included.
fn exported(resolve: &Resolve, world: wit_parser::WorldId) -> Vec<&Function> {
    let of = |item: &WorldItem| match item {
        WorldItem::Function(_) => Vec::new(),
        WorldItem::Interface { id, .. } => resolve.interfaces[*id].functions.values().collect(),
        WorldItem::Type { .. } => Vec::new(),
    };
    let exports = &resolve.worlds[world].exports;
    let own = exports.values().filter_map(|item| match item {
        WorldItem::Function(function) => Some(function),
        _ => None,
    });
    own.chain(exports.values().flat_map(of)).collect()
}

#[test]
fn the_kitchen_sink_goes_with_everything() {
    let kitchen = parse(KITCHEN).unwrap();
    let fields = all_of(&[EnvelopeField::Key, EnvelopeField::Headers]);
    let wanted = Options { envelope_in: fields.clone(), envelope_out: fields, tombstones: true, ..options() };
    let folder = package(&kitchen, &kitchen, &wanted).unwrap();
    let (resolve, _) = resolve(&folder).unwrap();
    let records = resolve.types.iter().filter(|(_, ty)| matches!(ty.kind, TypeDefKind::Record(_)));
    let names: Vec<_> = records.filter_map(|(_, ty)| ty.name.as_deref()).collect();
    assert!(["order", "line", "order-in", "order-out", "header"].iter().all(|name| names.contains(name)), "{names:?}");
}
