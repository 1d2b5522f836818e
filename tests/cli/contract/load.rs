//! What does not fit is said before the first record, in words that name both sides of it.

use super::guest::guest;
use super::story::case;
use crate::case::Case;

const NUMBER: &str = r#"{"type":"record","name":"Number","fields":[{"name":"n","type":"int"}]}"#;
const NODE: &str =
    r#"{"type":"record","name":"Node","fields":[{"name":"n","type":"int"},{"name":"next","type":["null","Node"]}]}"#;

/// A guest that is only looked at, of a world with these items.
fn world(items: &str) -> Vec<u8> {
    guest(&format!("package t:t; world transform {{ {items} }}"), "", "", &[])
}

/// A guest that is only looked at, with an interface of these items, and a world that exports it and others.
fn interface(items: &str, others: &str) -> Vec<u8> {
    let wit = format!("package t:t; interface guest {{ {items} }} world transform {{ export guest; {others} }}");
    guest(&wit, "", "", &[])
}

fn function(name: &str, taken: &str, given: &str) -> String {
    format!("{name}: func(batch: list<{taken}>) -> list<result<{given}, string>>;")
}

fn export(name: &str, taken: &str, given: &str) -> String {
    format!("export {}", function(name, taken, given))
}

/// Two stages: `guest.wasm`, then `second.wasm`.
fn two(first: &[u8], second: &[u8]) -> Case {
    case(first)
        .with("second.wasm", second)
        .edit("guest = \"guest.wasm\"", "guest = \"guest.wasm\"\n\n[[stage]]\nguest = \"second.wasm\"")
}

/// Refused with these words and no other problem.
#[track_caller]
fn refused(case: Case, text: &str) {
    let done = case.check();
    done.mentions(2, &[&format!("error: {text}\n  --> ")]);
    assert_eq!(done.err.matches("error: ").count(), 1, "{}", done.err);
}

/// Text on both sides becomes Avro or JSON of these schemas.
fn typed(guest: &[u8], source: &str, sink: &str) -> Case {
    case(guest)
        .with("source.avsc", source)
        .with("sink.avsc", sink)
        .edit(
            "topics = [\"in\"]\nformat = \"string\"",
            "topics = [\"in\"]\nformat = \"json\"\nschema = \"source.avsc\"",
        )
        .edit("topic = \"out\"\nformat = \"string\"", "topic = \"out\"\nformat = \"json\"\nschema = \"sink.avsc\"")
}

#[test]
fn functions_must_stand_together() {
    let transform = function("transform", "string", "string");
    let elsewhere = export("serialize", "string", "list<u8>");
    refused(
        case(interface(&transform, &elsewhere)),
        "the guest guest.wasm exports its functions in the world and interface `t:t/guest`; they must all stand in the \
         world or in one interface, each once",
    );
    let other = format!("interface other {{ {} }}", function("serialize", "string", "list<u8>"));
    let wit = format!(
        "package t:t; {other} interface guest {{ {transform} }} world transform {{ export guest; export other; }}"
    );
    let done = case(guest(&wit, "", "", &[])).check();
    done.mentions(2, &["exports its functions in interface `t:t/", " and interface `t:t/", "each once"]);
    let twice = interface(&transform, &format!("export {transform}"));
    case(twice).check().mentions(2, &["exports its functions in ", "the world", "interface `t:t/guest`"]);
}

#[test]
fn a_deserialize_or_serialize_of_another_shape_is_refused() {
    let transform = export("transform", "string", "string");
    for (name, ty, found) in [
        ("deserialize", "func(batch: list<string>) -> list<string>", "func(batch: list<string>) -> list<string>"),
        ("serialize", "func(one: string) -> string", "func(one: string) -> string"),
        (
            "serialize",
            "func(batch: list<string>) -> result<list<string>, string>",
            "func(batch: list<string>) -> result<list<string>, string>",
        ),
        (
            "deserialize",
            "func(topic: string, batch: list<string>) -> list<result<string, string>>",
            "func(topic: string, batch: list<string>) -> list<result<string, string>>",
        ),
    ] {
        refused(
            case(world(&format!("{transform} export {name}: {ty};"))),
            &format!(
                "the guest guest.wasm exports `{name}: {found}`; expected \
                 `{name}: func(batch: list<IN>) -> list<result<OUT, fault>>`"
            ),
        );
    }
}

#[test]
fn a_deserialize_gives_a_value_for_each_record() {
    let many = [export("deserialize", "string", "option<string>"), export("transform", "string", "string")].concat();
    refused(
        case(world(&many)),
        "`transform` of the guest guest.wasm takes other values than `deserialize` gives:\n  - value: option<string> is \
         given, string is taken",
    );
}

#[test]
fn a_serialize_takes_what_transform_gives() {
    let types = "record order { id: string, amount: s64 } record bill { id: string, amount: s32 }";
    let functions = [export("transform", "string", "order"), export("serialize", "bill", "string")].concat();
    refused(
        case(world(&format!("{types} {functions}"))),
        "`serialize` of the guest guest.wasm takes other values than `transform` gives:\n  - field `amount`: s64 is given, \
         s32 is taken",
    );
}

#[test]
fn a_resource_does_not_leave_its_guest() {
    let resource = "resource order;";
    let [deserialize, transform, serialize] =
        [function("deserialize", "string", "order"), function("transform", "order", "order"), String::new()];
    refused(
        case(interface(&[resource, &deserialize, &transform, &serialize].concat(), "")),
        "the guest guest.wasm does not fit `[sink] format = \"string\"`:\n  - value: the guest's type is a resource; with \
         format = \"string\" it must be string",
    );
    let first = interface(&[resource, &deserialize, &transform].concat(), "");
    let second = interface(&[resource, &function("transform", "order", "string")].concat(), "");
    refused(
        two(&first, &second),
        "`transform` of the guest second.wasm takes other values than `transform` of guest.wasm before it gives:\n  - \
         value: a resource is given, and must not leave its guest; let it export `serialize` too",
    );
}

#[test]
fn a_resource_within_a_value_is_refused() {
    let types = "resource order; record pair { id: string, order: order }";
    let functions = [function("deserialize", "string", "pair"), function("serialize", "pair", "string")].concat();
    refused(
        case(interface(&[types, &functions].concat(), "")),
        "what `deserialize` of the guest guest.wasm gives cannot be handed on:\n  - value: a resource cannot be handed \
         on within a value",
    );
}

#[test]
fn neighbours_that_do_not_fit_are_named_with_field_and_types() {
    let order =
        |amount: &str| format!("record line {{ count: {amount} }} record order {{ id: string, lines: list<line> }}");
    let first = world(&[order("s32"), export("transform", "string", "order")].concat());
    let second = world(&[order("u8"), export("transform", "order", "string")].concat());
    refused(
        two(&first, &second),
        "`transform` of the guest second.wasm takes other values than `transform` of guest.wasm before it gives:\n  - field \
         `lines[].count`: s32 is given, u8 is taken",
    );
    let more = "record order { id: string, lines: list<string>, note: string }";
    let second = world(&[more, &export("transform", "order", "string")].concat());
    let done = two(&first, &second).check();
    done.mentions(2, &["`transform` of guest.wasm before it gives:\n", "field `lines[]`: ", "`note`"]);
    two(&first, &world(&[order("s32"), export("transform", "order", "string")].concat())).check().shows(&["\nok\n"]);
}

#[test]
fn bytes_and_text_are_not_typed() {
    let order = "record order { id: string }";
    for (format, taken, given) in
        [("string", "list<u8> or string", "string"), ("bytes", "list<u8> or string", "list<u8>")]
    {
        let case = case(world(&[order, &export("transform", "order", "order")].concat()))
            .edit("topics = [\"in\"]\nformat = \"string\"", &format!("topics = [\"in\"]\nformat = \"{format}\""))
            .edit("topic = \"out\"\nformat = \"string\"", &format!("topic = \"out\"\nformat = \"{format}\""));
        let why = |side: &str, expected: &str| {
            format!(
                "error: the guest guest.wasm does not fit `[{side}] format = \"{format}\"`:\n  - value: the guest's type is \
                 record {{ id }}; with format = \"{format}\" it must be {expected}\n"
            )
        };
        case.check().mentions(2, &[&why("source", taken), &why("sink", given), "pipeline.toml: 2 problems"]);
    }
}

#[test]
fn what_cannot_be_carried_past_the_guest_is_said() {
    let pair = |ty: &str| {
        format!(
            r#"{{"type":"record","name":"Pair","fields":[{{"name":"n","type":"int"}},{{"name":"m","type":"{ty}"}}]}}"#
        )
    };
    let guest = world(&["record number { n: s32 }", &export("transform", "number", "number")].concat());
    let through = |case: Case| case.edit("\"guest.wasm\"", "\"guest.wasm\"\npassthrough = true");
    let done = through(typed(&guest, &pair("long"), &pair("string"))).check();
    done.mentions(2, &["nothing fills the output's field `m`: ", "the input has no such field of the same type"]);
    let text = world(&["record number { n: s32 }", &export("transform", "string", "number")].concat());
    refused(
        through(typed(&text, &pair("long"), &pair("long"))),
        "the guest guest.wasm leaves `m` to `passthrough = true`, which needs a first guest that takes the source \
         schema's record as a type of its own",
    );
    through(typed(&guest, &pair("long"), &pair("long"))).check().shows(&["\nok\n"]);
}

#[test]
fn a_key_of_a_type_needs_its_schema() {
    let envelope = "record id { n: s32 } record input { key: id, value: string }";
    let case = |more: &str| {
        let guest = world(&[envelope, &export("transform", "input", "input")].concat());
        case(guest).with("number.avsc", NUMBER).edit("topic = \"out\"\n", &format!("topic = \"out\"\n{more}"))
    };
    let expected = "field `key`: the guest's type is record { n }; it must be list<u8>, string, s32, u32, s64 or u64, or \
                    `key-schema` must say what it is; each may be in an option";
    let source = format!("error: the guest guest.wasm does not fit `[source] format = \"string\"`:\n  - {expected}\n");
    let sink = format!("error: the guest guest.wasm does not fit `[sink] format = \"string\"`:\n  - {expected}\n");
    case("").check().mentions(2, &[&source, &sink, "pipeline.toml: 2 problems"]);
    let source_only = case("key-schema = \"number.avsc\"\n").check();
    source_only.mentions(2, &[&source]);
    assert_eq!(source_only.err.matches("error: ").count(), 1, "{}", source_only.err);
    let both = case("key-schema = \"number.avsc\"\n")
        .edit("topics = [\"in\"]", "topics = [\"in\"]\nkey-schema = \"number.avsc\"");
    both.check().shows(&["\nok\n"]);
}

#[test]
fn a_key_schema_must_be_there_and_have_an_id() {
    let guest = world(&["record number { n: s32 }", &export("transform", "number", "number")].concat());
    let avro = |guest: &[u8]| {
        case(guest)
            .with("number.avsc", NUMBER)
            .with("key.avsc", "\"string\"")
            .with("ids.toml", "[ids]\n1 = \"number.avsc\"\n")
            .edit("topics = [\"in\"]\nformat = \"string\"", "topics = [\"in\"]\nschema = \"number.avsc\"")
            .edit("topic = \"out\"\nformat = \"string\"", "topic = \"out\"\nschema = \"number.avsc\"")
    };
    avro(&guest).check().shows(&["\nok\n"]);
    let keyed = |case: Case, side: &str| case.edit(side, &format!("{side}\nkey-schema = \"key.avsc\""));
    for (side, section) in [("topics = [\"in\"]", "source"), ("topic = \"out\"", "sink")] {
        let done = keyed(avro(&guest), side).check();
        done.mentions(
            2,
            &[
                "error: key.avsc has no schema id; ids.toml has 1 = number.avsc\n",
                &format!("set `framing = \"none\"` in [{section}]"),
                "key-schema = \"key.avsc\"",
            ],
        );
        let missing = avro(&guest).edit(side, &format!("{side}\nkey-schema = \"none.avsc\"")).check();
        missing.mentions(2, &["error: cannot read schema none.avsc: ", "key-schema = \"none.avsc\""]);
    }
}

#[test]
fn what_kafka_decides_is_not_the_guests_to_set() {
    for (field, ty) in [("offset", "s64"), ("timestamp-type", "enum { create-time, log-append-time }")] {
        let (types, ty) = match ty.strip_prefix("enum ") {
            Some(cases) => (format!("enum kind {cases}"), "kind"),
            None => (String::new(), ty),
        };
        let output = format!("{types} record output {{ value: string, {field}: {ty} }}");
        refused(
            case(world(&[output, export("transform", "string", "output")].concat())),
            &format!(
                "the guest guest.wasm does not fit `[sink] format = \"string\"`:\n  - field `{field}`: a guest cannot set it; \
                 leave it out of what `transform` answers"
            ),
        );
    }
}

#[test]
fn parts_of_an_envelope_have_their_types() {
    let wrong = "record input { value: string, headers: list<string>, topic: u8, partition: s64, offset: s32, \
                 timestamp: f64, timestamp-type: bool }";
    let done = case(world(&[wrong, &export("transform", "input", "string")].concat())).check();
    done.mentions(
        2,
        &[
            "field `headers`: the guest's type is list<string>; it must be list<header>, with `header` of \
             millstream:pipeline/envelope",
            "field `topic`: the guest's type is u8; it must be string",
            "field `partition`: the guest's type is s64; it must be s32 or u32",
            "field `offset`: the guest's type is s32; it must be s64 or u64",
            "field `timestamp`: the guest's type is f64; it must be s64 or u64",
            "field `timestamp-type`: the guest's type is bool; it must be `timestamp-type` of millstream:pipeline/envelope",
        ],
    );
}

#[test]
fn a_recursive_schema_cannot_be_a_type() {
    let node = "record node { n: s32, next: option<list<s32>> }";
    let guest = world(&[node, &export("transform", "node", "node")].concat());
    let done = typed(&guest, NODE, NODE).check();
    done.mentions(
        2,
        &["does not fit the source schema source.avsc:", "field `next`", "Node", "pipeline.toml: 2 problems"],
    );
    let part = world(&["record node { n: s32 }", &export("transform", "node", "node")].concat());
    let done = typed(&part, NODE, NUMBER).check();
    done.shows(&["\nok\n"]);
}

#[test]
fn a_fault_is_text_or_the_packages_own() {
    let items =
        "enum trouble { small, large } export transform: func(batch: list<string>) -> list<result<string, trouble>>;";
    refused(
        case(world(items)),
        "the guest guest.wasm does not fit `[sink] format = \"string\"`:\n  - value: the guest's fault is enum { small, large }; \
         it must be `fault` of millstream:pipeline/types (variant { reject(string), retry(string), halt(string) }) or string",
    );
}

#[test]
fn the_problems_of_all_stages_are_told_at_once() {
    let first = world(&["record order { id: string }", &export("transform", "order", "order")].concat());
    let second = world(&["record order { id: s32 }", &export("transform", "order", "order")].concat());
    let done = two(&first, &second).check();
    done.mentions(
        2,
        &[
            "the guest guest.wasm does not fit `[source] format = \"string\"`",
            "`transform` of the guest second.wasm takes other values",
            "field `id`: string is given, s32 is taken",
            "the guest second.wasm does not fit `[sink] format = \"string\"`",
            "pipeline.toml: 3 problems",
        ],
    );
    let done = two(&first, b"no wasm").with("guest.wasm", b"none either").check();
    done.mentions(
        2,
        &[
            "the guest guest.wasm is not a WebAssembly component",
            "the guest second.wasm is not a WebAssembly component",
            "pipeline.toml: 2 problems",
        ],
    );
}
