//! Values that contain themselves: how deep they may go, how guests with types of their own get them, and what becomes
//! of the parts that a guest does not want.

use std::path::Path;

use millstream::decode;
use millstream::guest::{Grants, Guest};

use super::echo::{ENGINE, IDLE, IMAGE_LIMIT, Lane, Setup, copying, parse, transform_of};
use super::generic::{GUEST, Tree, guest_of, lane, trees};

const LIST: &str = r#"{"type": "record", "name": "L", "fields": [
    {"name": "v", "type": "int"}, {"name": "next", "type": ["null", "L"]}]}"#;

fn list(levels: usize) -> Vec<u8> {
    let mut bytes = [2, 2].repeat(levels - 1);
    bytes.extend([2, 0]);
    bytes
}

#[test]
fn a_value_may_nest_128_levels() {
    let schema = parse(LIST);
    let mut lane = lane(vec![&schema], &schema, &schema).unwrap_or_else(|error| panic!("{error}"));
    let outputs = lane.run(&[(0, &list(128)), (0, &list(129)), (0, &list(50_000)), (0, &list(1))]);
    let outputs = outputs.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(outputs[0], Ok(list(128)));
    let path = ["next"; 128].join(".");
    assert_eq!(outputs[1], Err(format!("value nests deeper than 128 levels at byte 256, field `{path}`")));
    assert!(outputs[2].is_err());
    assert_eq!(outputs[3], Ok(list(1)));
}

#[test]
fn a_value_without_end_has_none() {
    let schema =
        parse(r#"{"type": "record", "name": "E", "fields": [{"name": "a", "type": "E"}, {"name": "b", "type": "E"}]}"#);
    let mut lane = lane(vec![&schema], &schema, &schema).unwrap_or_else(|error| panic!("{error}"));
    let outputs = lane.run(&[(0, &[])]).unwrap_or_else(|error| panic!("{error}"));
    assert!(outputs[0].as_ref().is_err_and(|why| why.starts_with("value nests deeper than 128 levels at byte 0")));
}

#[test]
fn counts_that_promise_more_than_memory() {
    let schema = parse(r#"{"type": "array", "items": "null"}"#);
    let mut lane = lane(vec![&schema], &schema, &schema).unwrap_or_else(|error| panic!("{error}"));
    let mut bytes = Vec::new();
    super::value::put_long(&mut bytes, 1 << 40);
    bytes.push(0);
    let outputs = lane.run(&[(0, &bytes), (0, &[6, 0])]).unwrap_or_else(|error| panic!("{error}"));
    let text = format!("value needs more than {IMAGE_LIMIT} bytes in guest memory at byte 6");
    assert_eq!(outputs, [Err(text), Ok(vec![6, 0])]);
}

/// A lane of a guest with a type of its own that answers with its input.
fn typed(types: &str, name: &str, writer: &str, reader: &str, fields: usize) -> Lane {
    let idle = guest_of(types, name, name, IDLE);
    let idle = Guest::compile(&ENGINE, Path::new("idle.wasm"), &idle, &Grants::default())
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(transform_of(&idle).input.offsets().len(), fields);
    let module = copying(
        &transform_of(&idle).input,
        &transform_of(&idle).outcome,
        &[(0, 0, transform_of(&idle).input.layout().size)],
    );
    let component = guest_of(types, name, name, &module);
    let (writer, reader) = (parse(writer), parse(reader));
    let setup = Setup {
        writers: vec![&writer],
        reader: &reader,
        output: &reader,
        passthrough: false,
        component: &component,
        allowance: None,
    };
    Lane::start(&setup).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_recursive_field_of_a_record_is_generic() {
    for next in ["option<generic-record>", "generic-record"] {
        let mut lane = typed(&format!("record l {{ v: s32, next: {next} }}"), "l", LIST, LIST, 2);
        let outputs = lane.run(&[(0, &list(1)), (0, &list(7)), (0, &list(130))]);
        let outputs = outputs.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(outputs[..2], [Ok(list(1)), Ok(list(7))]);
        assert!(outputs[2].as_ref().is_err_and(|why| why.contains("deeper than 128 levels")), "{:?}", outputs[2]);
    }
}

#[test]
fn lists_of_generic_records_grow_around_them() {
    let schema = r#"{"type": "record", "name": "Out", "fields": [{"name": "all", "type": {"type": "array", "items":
        {"type": "record", "name": "T", "fields": [{"name": "name", "type": "string"},
            {"name": "kids", "type": {"type": "array", "items": "T"}}]}}}]}"#;
    let mut lane = typed("record o { all: list<generic-record> }", "o", schema, schema, 1);
    // Each in a block of its own, so that the list moves while its items' nodes stay.
    let tree = [2, b'x', 2, 4, b'y', b'z', 0, 0];
    let blocks: Vec<u8> = (0..40).flat_map(|_| [&[2][..], &tree].concat()).chain([0]).collect();
    let whole: Vec<u8> = [80].into_iter().chain(tree.repeat(40)).chain([0]).collect();
    let outputs = lane.run(&[(0, &blocks), (0, &whole)]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(outputs, [Ok(whole.clone()), Ok(whole)]);
}

#[test]
fn a_field_that_was_never_written_is_made_of_its_default() {
    let writer = r#"{"type": "record", "name": "R", "fields": [{"name": "id", "type": "int"}]}"#;
    let reader = r#"{"type": "record", "name": "R", "fields": [{"name": "id", "type": "int"},
        {"name": "more", "type": {"type": "map", "values": "string"}, "default": {"key": "a default", "none": ""}}]}"#;
    let mut lane = typed("record r { id: s32, more: generic-record }", "r", writer, reader, 2);
    let outputs = lane.run(&[(0, &[6]), (0, &[8])]).unwrap_or_else(|error| panic!("{error}"));
    let value = |id: u8| Ok([&[id, 4, 6][..], b"key", &[18], b"a default", &[8], b"none", &[0, 0]].concat());
    assert_eq!(outputs, [value(6), value(8)]);
}

#[test]
fn recursive_fields_are_passed_over_and_carried() {
    let schema = r#"{"type": "record", "name": "R", "fields": [
        {"name": "tree", "type": {"type": "record", "name": "T", "fields": [
            {"name": "s", "type": "string"}, {"name": "kids", "type": {"type": "array", "items": "T"}}]}},
        {"name": "n", "type": "int"}]}"#;
    let leaf = [2, b'x', 0];
    let deep = |levels: usize| {
        let mut tree = [2, b'x', 2].repeat(levels - 1);
        tree.extend(leaf);
        tree.resize(tree.len() + levels - 1, 0);
        tree
    };
    let record = |tree: &[u8], n: u8| [tree, &[n]].concat();
    let schema = parse(schema);
    let types = "record r { n: s32 }";
    let idle = guest_of(types, "r", "r", IDLE);
    let idle = Guest::compile(&ENGINE, Path::new("idle.wasm"), &idle, &Grants::default())
        .unwrap_or_else(|error| panic!("{error}"));
    let component =
        guest_of(types, "r", "r", &copying(&transform_of(&idle).input, &transform_of(&idle).outcome, &[(0, 0, 4)]));
    let setup = Setup { passthrough: true, ..Setup::same(&schema, &component) };
    let mut lane = Lane::start(&setup).unwrap_or_else(|error| panic!("{error}"));
    let mut broken = record(&deep(3), 2);
    broken[1] = 0xff;
    let batch = [record(&deep(1), 2), record(&deep(128), 4), record(&deep(129), 6), broken];
    let batch: Vec<(usize, &[u8])> = batch.iter().map(|bytes| (0, bytes.as_slice())).collect();
    let outputs = lane.run(&batch).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(outputs[..2], [Ok(record(&deep(1), 2)), Ok(record(&deep(128), 4))]);
    assert!(outputs[2].as_ref().is_err_and(|why| why.starts_with("value nests deeper than 128 levels")));
    assert_eq!(outputs[3], Err("string is not valid UTF-8 at byte 2, field `tree`".into()));
    // What nobody wants is not looked at, but still not followed without end.
    let plan =
        decode::compile(&schema, &schema, &transform_of(&idle).input, &[]).unwrap_or_else(|error| panic!("{error:?}"));
    let mut decode = |bytes: &[u8]| {
        lane.image.begin(plan.stride(), 1, 0, IMAGE_LIMIT);
        plan.decode(bytes, 0, &mut lane.image).map_err(|error| error.to_string())
    };
    assert_eq!(decode(batch[3].1), Ok(()));
    assert!(decode(batch[2].1).is_err_and(|why| why.starts_with("value nests deeper than 128 levels")));
}

#[test]
fn fields_are_carried_past_a_guest_that_takes_generic_records() {
    let writer = parse(
        r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}, {"name": "b", "type": "int"}]}"#,
    );
    let reader = parse(
        r#"{"type": "record", "name": "R", "fields": [{"name": "b", "type": "int"}, {"name": "a", "type": "string"},
            {"name": "c", "type": "string", "default": "new"}]}"#,
    );
    let output = parse(
        r#"{"type": "record", "name": "O", "fields": [{"name": "c", "type": "string"}, {"name": "a", "type": "string"},
            {"name": "ok", "type": "boolean"}]}"#,
    );
    let types = "record o { ok: bool }";
    let idle = guest_of(types, "generic-record", "o", IDLE);
    let idle = Guest::compile(&ENGINE, Path::new("idle.wasm"), &idle, &Grants::default())
        .unwrap_or_else(|error| panic!("{error}"));
    let component =
        guest_of(types, "generic-record", "o", &copying(&transform_of(&idle).input, &transform_of(&idle).outcome, &[]));
    let setup = Setup {
        writers: vec![&writer],
        reader: &reader,
        output: &output,
        passthrough: true,
        component: &component,
        allowance: None,
    };
    let mut lane = Lane::start(&setup).unwrap_or_else(|error| panic!("{error}"));
    let bytes = [4, b'h', b'i', 14];
    let outputs = lane.run(&[(0, &bytes)]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(outputs, [Ok(vec![6, b'n', b'e', b'w', 4, b'h', b'i', 0])]);
    lane.image.begin(lane.plans[0].stride(), 1, 2, IMAGE_LIMIT);
    assert!(lane.plans[0].decode(&bytes, 0, &mut lane.image).is_ok());
    let [b, a, c] = [Tree::Int(7), Tree::String("hi".into()), Tree::String("new".into())];
    assert_eq!(trees(&lane.image, &bytes), [Tree::Record(0, vec![b, a, c])]);
}

/// What does not fit between writer and reader, with the way there, however the types refer to each other.
#[test]
fn what_cannot_be_resolved_is_refused_with_its_place() {
    let refused = |writer: &str, reader: &str| {
        let mismatches = decode::compile(&parse(writer), &parse(reader), &transform_of(&GUEST).input, &[]).map(drop);
        let mismatches = mismatches.expect_err("the schemas do not fit");
        mismatches.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let list = |value: &str, more: &str| {
        format!(
            r#"{{"type": "record", "name": "L", "fields": [{{"name": "in", "type": {{"type": "array", "items": {{
                "type": "record", "name": "V", "fields": [{{"name": "v", "type": "{value}"}}{more}]}}}}}},
                {{"name": "next", "type": ["null", "L"]}}]}}"#
        )
    };
    let added = r#", {"name": "w", "type": "int"}"#;
    assert_eq!(
        refused(&list("string", ""), &list("int", added)),
        [
            "field `in[].v`: the writer's string cannot be read as the reader's int",
            "field `in[]`: the writer lacks the field `w`, and the reader's schema has no default for it",
        ]
    );
    assert_eq!(refused("\"int\"", "\"string\""), ["value: the writer's int cannot be read as the reader's string"]);
    assert_eq!(
        refused(r#"["int", "long"]"#, "\"string\""),
        ["value: the writer's [int, long] cannot be read as the reader's string"]
    );
}

/// A branch that leads to what cannot be resolved fails only the records that take it.
#[test]
fn a_branch_that_cannot_be_read_fails_only_who_takes_it() {
    let schema = |value: &str| {
        parse(&format!(
            r#"{{"type": "record", "name": "R", "fields": [{{"name": "u", "type": ["null", {{
                "type": "record", "name": "V", "fields": [
                    {{"name": "v", "type": "{value}"}}, {{"name": "up", "type": ["null", "R"]}}]}}]}}]}}"#
        ))
    };
    let (old, new) = (schema("string"), schema("int"));
    let mut lane = lane(vec![&old], &new, &new).unwrap_or_else(|error| panic!("{error}"));
    let outputs = lane.run(&[(0, &[0]), (0, &[2, 2, b'a', 0])]).unwrap_or_else(|error| panic!("{error}"));
    let why = "the writer's record V cannot be read as [null, record V] at byte 1, field `u`";
    assert_eq!(outputs, [Ok(vec![0]), Err(why.to_owned())]);
}

/// Text of defaults stands once in a batch's image, and is taken out with the record that brought it there.
#[test]
fn defaults_of_a_broken_record_leave_with_it() {
    let record = |more: &str| {
        format!(
            r#"{{"type": "record", "name": "R", "fields": [{{"name": "g", "type": {{"type": "record", "name": "G",
                "fields": [{{"name": "a", "type": "int"}}{more}]}}}}, {{"name": "s", "type": "string"}}]}}"#
        )
    };
    let more = r#", {"name": "d", "type": "string", "default": "never written"}"#;
    let mut lane = typed("record r { g: generic-record, s: string }", "r", &record(""), &record(more), 2);
    let broken = [2, 2, 0xff];
    let outputs = lane.run(&[(0, &broken), (0, &[4, 2, b'x']), (0, &broken), (0, &[6, 2, b'y'])]);
    let outputs = outputs.unwrap_or_else(|error| panic!("{error}"));
    let value = |a: u8, s: u8| Ok([&[a, 26][..], b"never written", &[2, s]].concat());
    assert_eq!([&outputs[1], &outputs[3]], [&value(4, b'x'), &value(6, b'y')]);
    let why = "string is not valid UTF-8 at byte 3, field `s`";
    assert_eq!([&outputs[0], &outputs[2]], [&Err(why.to_owned()), &Err(why.to_owned())]);
    let texts = lane.image.fixups().iter().filter(|fixup| fixup.from == millstream::decode::From::Image(1));
    let starts: Vec<u32> = texts.map(|fixup| fixup.start).collect();
    assert!(starts.len() == 2 && starts[0] == starts[1], "{starts:?}");
}

#[test]
fn defaults_too_long_for_every_record_are_refused() {
    let schema = |more: &str| parse(&format!(r#"{{"type": "record", "name": "R", "fields": [{more}]}}"#));
    let long = "x".repeat((1 << 20) + 1);
    let reader = schema(&format!(r#"{{"name": "d", "type": "string", "default": "{long}"}}"#));
    let refused =
        decode::compile(&schema(""), &reader, &transform_of(&GUEST).input, &[]).map(drop).expect_err("too long");
    let text = "value: the records of the writer's and of the reader's schema meet in too many ways, or with too long \
                defaults, for a generic record";
    assert_eq!(refused.iter().map(ToString::to_string).collect::<Vec<_>>(), [text]);
}
