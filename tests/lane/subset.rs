//! Guests that name only some of the fields: the rest is skipped, carried past them, or takes its default.

use proptest::prelude::*;

use super::dice::Dice;
use super::echo::{Fields, Lane, Setup, echo_component, parse};
use super::identity::{config, entropy};
use super::shape::{Field, Shapes, Ty};
use super::value::{self, Blocks, CANONICAL, V};

/// A record, and which of its fields the guest names: at least one that carries data.
fn case(bytes: &[u8]) -> (Ty, Vec<bool>, Vec<V>) {
    let mut dice = Dice::new(bytes);
    let ty = Shapes::record(&mut dice);
    let Ty::Record(_, fields) = &ty else { unreachable!("shapes makes records") };
    let mut named: Vec<bool> = fields.iter().map(|_| dice.one_in(2)).collect();
    let carries_data = |(named, field): (&bool, &Field)| *named && !field.ty.is_unit();
    if !named.iter().zip(fields).any(carries_data) {
        let first = fields.iter().position(|field| !field.ty.is_unit()).expect("a record with data");
        named[first] = true;
    }
    let values = (0..2).map(|_| value::random(&ty, &mut dice)).collect();
    (ty, named, values)
}

fn names(ty: &Ty, chosen: &[bool]) -> Vec<String> {
    let Ty::Record(_, fields) = ty else { unreachable!("shapes makes records") };
    fields.iter().zip(chosen).filter(|(_, chosen)| **chosen).map(|(field, _)| field.name.clone()).collect()
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn what_the_guest_does_not_name_passes_it_by(bytes in entropy(), sized: bool) {
        let (ty, named, values) = case(&bytes);
        let schema = parse(&ty.schema(true));
        let chosen = Some(names(&ty, &named));
        let component = echo_component(&schema, &schema, &Fields { input: chosen.clone(), output: chosen });
        let setup = Setup { passthrough: true, ..Setup::same(&schema, &component) };
        let mut lane = Lane::start(&setup).map_err(TestCaseError::fail)?;
        let blocks = Blocks { items: 2, sized };
        let encoded: Vec<_> = values.iter().map(|value| value::encode(value, blocks)).collect();
        let batch: Vec<(usize, &[u8])> = encoded.iter().map(|bytes| (0, bytes.as_slice())).collect();
        let outputs = lane.run(&batch).map_err(|error| TestCaseError::fail(error.to_string()))?;
        for (output, value) in outputs.iter().zip(&values) {
            // What goes past the guest keeps its bytes; what it names is written anew.
            let V::Record(fields) = value else { unreachable!("shapes makes records") };
            let field = |(value, named): (&V, &bool)| value::encode(value, if *named { CANONICAL } else { blocks });
            let expected: Vec<u8> = fields.iter().zip(&named).flat_map(field).collect();
            prop_assert_eq!(output.as_ref(), Ok(&expected), "{}", ty.schema(true));
        }
    }

    #[test]
    fn a_subset_of_the_input_is_enough(bytes in entropy()) {
        let (ty, named, values) = case(&bytes);
        let input = parse(&ty.schema(true));
        // The output is a record of just those fields.
        let Ty::Record(name, fields) = &ty else { unreachable!("shapes makes records") };
        let kept: Vec<Field> = fields.iter().zip(&named).filter(|(_, n)| **n).map(|(f, _)| f.clone()).collect();
        let smaller = Ty::Record(name.clone(), kept);
        let output = parse(&smaller.schema(true));
        let fields = Fields { input: Some(names(&ty, &named)), output: None };
        let component = echo_component(&input, &output, &fields);
        let setup = Setup { output: &output, ..Setup::same(&input, &component) };
        let mut lane = Lane::start(&setup).map_err(TestCaseError::fail)?;
        let encoded: Vec<_> = values.iter().map(|value| value::encode(value, CANONICAL)).collect();
        let batch: Vec<(usize, &[u8])> = encoded.iter().map(|bytes| (0, bytes.as_slice())).collect();
        let outputs = lane.run(&batch).map_err(|error| TestCaseError::fail(error.to_string()))?;
        for (output, value) in outputs.iter().zip(&values) {
            let V::Record(fields) = value else { unreachable!("shapes makes records") };
            let kept = fields.iter().zip(&named).filter(|(_, named)| **named);
            let expected: Vec<u8> = kept.flat_map(|(value, _)| value::encode(value, CANONICAL)).collect();
            prop_assert_eq!(output.as_ref(), Ok(&expected), "{}", ty.schema(true));
        }
    }
}

const INPUT: &str = r#"{"type": "record", "name": "In", "fields": [
    {"name": "id", "type": "string"}, {"name": "tags", "type": {"type": "array", "items": "string"}},
    {"name": "active", "type": "boolean", "default": true}]}"#;
const OUTPUT: &str = r#"{"type": "record", "name": "Out", "fields": [
    {"name": "level", "type": "int", "default": -3}, {"name": "id", "type": "string"},
    {"name": "note", "type": ["null", "string"], "default": null}, {"name": "nothing", "type": "null"},
    {"name": "active", "type": "boolean"}, {"name": "tags", "type": {"type": "array", "items": "string"}, "default": ["a"]},
    {"name": "blob", "type": "bytes", "default": "\u00ff\u0001"}]}"#;

fn id_only(passthrough: bool, writer: &str) -> Result<Lane, String> {
    let (input, output) = (parse(INPUT), parse(OUTPUT));
    let id = || Some(vec!["id".to_owned()]);
    let component = echo_component(&input, &output, &Fields { input: id(), output: id() });
    let writer = parse(writer);
    Lane::start(&Setup { writers: vec![&writer], output: &output, passthrough, ..Setup::same(&input, &component) })
}

#[test]
fn the_outputs_defaults_fill_what_nothing_else_does() {
    let mut lane = id_only(true, INPUT).unwrap();
    assert_eq!(lane.encode.carried().iter().map(|name| &**name).collect::<Vec<_>>(), ["active", "tags"]);
    let outputs = lane.run(&[(0, b"\x04me\x02\x02x\0\0")]).unwrap();
    // level -3, id, note none, active false and tags from the input, blob.
    assert_eq!(outputs, [Ok(b"\x05\x04me\0\0\x02\x02x\0\x04\xff\x01".to_vec())]);
}

#[test]
fn a_carried_field_that_the_writer_lacks_takes_the_inputs_default() {
    let older = r#"{"type": "record", "name": "In", "fields": [
        {"name": "tags", "type": {"type": "array", "items": "string"}}, {"name": "id", "type": "string"}]}"#;
    let mut lane = id_only(true, older).unwrap();
    let outputs = lane.run(&[(0, b"\0\x04me"), (0, b"\0\x04you"), (0, b"\x02\x02y\0\x02u")]).unwrap();
    assert_eq!(outputs[0], Ok(b"\x05\x04me\0\x01\0\x04\xff\x01".to_vec()));
    assert_eq!(outputs[1], Err("1 bytes follow the value's end at byte 4".into()));
    assert_eq!(outputs[2], Ok(b"\x05\x02u\0\x01\x02\x02y\0\x04\xff\x01".to_vec()));
}

#[test]
fn an_output_field_that_nothing_fills_is_a_load_error() {
    let Err(error) = id_only(false, INPUT) else { panic!("this must not load") };
    let expected = "value: nothing fills the output's field `active`: the guest's record lacks it and the schema has no \
                    default (`passthrough = true` would carry it over)";
    assert_eq!(error, expected);
}

#[test]
fn carried_bytes_are_checked_though_no_guest_sees_them() {
    let mut lane = id_only(true, INPUT).unwrap();
    let mut error = |bytes: &[u8]| match lane.run(&[(0, bytes)]) {
        Ok(mut outputs) => outputs.remove(0).unwrap_err(),
        Err(error) => error.to_string(),
    };
    assert_eq!(error(b"\x02u\x02\x02\xff\0\0"), "string is not valid UTF-8 at byte 5, field `tags`");
    assert_eq!(error(b"\x02u\0\x02"), "boolean byte is 2, not 0 or 1 at byte 4, field `active`");
    assert_eq!(error(b"\x02u\x01\x06\x02x\0\0"), "block of 2 bytes says that it has 3 at byte 6, field `tags`");
}
