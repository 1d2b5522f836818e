//! What goes through an echo guest comes out as the same bytes, whatever the schema; and the engine's dynamic values
//! see the same records.

use proptest::prelude::*;
use proptest::test_runner::Config;
use wasmtime::component::Val;

use super::dice::{Dice, Seeded};
use super::dynamic::{to_val, transform};
use super::echo::{Fields, Lane, Setup, echo_component, parse, transform_of};
use super::shape::{Shapes, Ty};
use super::value::{self, Blocks, CANONICAL, V};

/// Schemas for each property; each with several values.
pub fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, max_shrink_iters: 400, ..Config::default() }
}

/// Bytes to make schemas and values from.
pub fn entropy() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..2500)
}

fn case(bytes: &[u8]) -> (Ty, Vec<V>) {
    let mut dice = Dice::new(bytes);
    let ty = Shapes::record(&mut dice);
    let count = 1 + dice.below(4);
    let values = (0..count).map(|_| value::random(&ty, &mut dice)).collect();
    (ty, values)
}

/// What apache-avro makes of the value, which must agree with the tests' own encoder.
fn encoded_by_avro(value: &V, ty: &Ty, schema: &apache_avro::Schema) -> Vec<u8> {
    let own = value::encode(value, CANONICAL);
    let avro = value::to_avro(value, ty);
    let writer = apache_avro::writer::datum::GenericDatumWriter::builder(schema).build().expect("a writer");
    let theirs = writer.write_value_to_vec(avro).expect("the value fits its schema");
    if !value::has_order(value) {
        assert_eq!(theirs, own, "the tests' encoder and apache-avro differ");
    }
    assert_eq!(decoded_by_avro(&own, schema), value::sorted(value), "apache-avro reads something else");
    own
}

fn decoded_by_avro(bytes: &[u8], schema: &apache_avro::Schema) -> V {
    let reader = apache_avro::reader::datum::GenericDatumReader::builder(schema).build().expect("a reader");
    let mut rest = bytes;
    let value = reader.read_value(&mut rest).expect("apache-avro reads it");
    assert!(rest.is_empty(), "apache-avro leaves {} bytes", rest.len());
    value::from_avro(&value)
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn any_record_comes_back_as_the_same_bytes(bytes in entropy()) {
        let (ty, values) = case(&bytes);
        let text = ty.schema(true);
        let schema = parse(&text);
        let avro = apache_avro::Schema::parse_str(&ty.schema(false)).expect("apache-avro takes the schema");
        let component = echo_component(&schema, &schema, &Fields::default());
        let mut lane = Lane::start(&Setup::same(&schema, &component)).map_err(TestCaseError::fail)?;
        let encoded: Vec<Vec<u8>> = values.iter().map(|value| encoded_by_avro(value, &ty, &avro)).collect();
        let batch: Vec<(usize, &[u8])> = encoded.iter().map(|bytes| (0, bytes.as_slice())).collect();
        // Twice: an instance and its buffers are used again and again.
        for _ in 0..2 {
            let outputs = lane.run(&batch).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            for (output, expected) in outputs.iter().zip(&encoded) {
                prop_assert_eq!(output.as_ref(), Ok(expected), "{}", text);
            }
        }
        let records: Vec<Val> = values.iter().map(|value| to_val(value, &ty, &transform_of(&lane.guest).input)).collect();
        let answers: Vec<Val> = records.iter().map(|record| Val::Result(Ok(Some(Box::new(record.clone()))))).collect();
        prop_assert_eq!(transform(&component, records), answers, "{}", text);
    }

    #[test]
    fn blocks_of_every_size_become_one(bytes in entropy(), items in 1usize..4, sized: bool) {
        let (ty, values) = case(&bytes);
        let schema = parse(&ty.schema(true));
        let avro = apache_avro::Schema::parse_str(&ty.schema(false)).expect("apache-avro takes the schema");
        let mut lane = Lane::echo(&schema);
        let encoded: Vec<_> = values.iter().map(|value| value::encode(value, Blocks { items, sized })).collect();
        let batch: Vec<(usize, &[u8])> = encoded.iter().map(|bytes| (0, bytes.as_slice())).collect();
        let outputs = lane.run(&batch).map_err(|error| TestCaseError::fail(error.to_string()))?;
        for ((output, value), encoded) in outputs.iter().zip(&values).zip(&encoded) {
            prop_assert_eq!(decoded_by_avro(encoded, &avro), value::sorted(value));
            prop_assert_eq!(output.as_ref(), Ok(&value::encode(value, CANONICAL)), "{}", ty.schema(true));
        }
    }
}

/// A property over schemas proves nothing about types that the generator never makes.
#[test]
fn the_generator_makes_every_type() {
    let mut random = Seeded(1);
    let mut texts = String::new();
    for _ in 0..400 {
        let count = random.below(2500);
        texts.push_str(&case(&random.bytes(count)).0.schema(true));
    }
    let words = "null boolean int long float double bytes string fixed enum array map record timestamp-millis decimal";
    for word in words.split(' ') {
        assert!(texts.matches(&format!("\"{word}\"")).count() > 10, "too few of {word}");
    }
    assert!(texts.matches("\"S299\"").count() > 3, "too few enumerations of more than 256 symbols");
    for start in ["[\"null\",{", "[\"int\",\"", ",\"null\"]", "\"items\":{\"type\":\"array\"", "\"values\":[\"null\""] {
        assert!(texts.matches(start).count() > 3, "too few of {start}");
    }
}
