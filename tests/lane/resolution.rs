//! Records written with an older schema, read with a newer one: the lane against the specification and, where it
//! follows the specification, against the Avro library's own resolution.

use proptest::prelude::*;

use super::dice::{Dice, Seeded};
use super::echo::{Fields, Lane, Setup, echo_component, parse};
use super::evolve::{Evolution, has_late_default, resolve};
use super::identity::{config, entropy};
use super::shape::{Shapes, Ty};
use super::value::{self, Blocks, CANONICAL, V};

struct Case {
    writer: Ty,
    reader: Ty,
    values: Vec<V>,
}

fn case(bytes: &[u8]) -> Case {
    let mut dice = Dice::new(bytes);
    let base = Shapes::record(&mut dice);
    let (writer, reader) = Evolution::of(&base, &mut dice);
    let values = (0..3).map(|_| value::random(&writer, &mut dice)).collect();
    Case { writer, reader, values }
}

/// What the Avro library reads; none where it fails.
pub fn resolved_by_avro(bytes: &[u8], writer: &Ty, reader: &Ty) -> Option<V> {
    let writer = apache_avro::Schema::parse_str(&writer.schema(false)).ok()?;
    let reader = apache_avro::Schema::parse_str(&reader.schema(false)).ok()?;
    let resolving = apache_avro::reader::datum::GenericDatumReader::builder(&writer).reader_schema(&reader).build();
    Some(value::from_avro(&resolving.ok()?.read_value(&mut &bytes[..]).ok()?))
}

/// Whether apache-avro 0.22 does as the specification says for this reader. It does not where the specification says:
///
/// - "An implementation may optionally use aliases to map a writer's schema to the reader's" (Aliases): the lane does,
///   this library looks for a field's own name only.
/// - "Default values for union fields correspond to the first schema that matches in the union" (Complex Types,
///   Records): the lane takes any branch, this library only the first, and null for every default of `[null, T]`.
/// - "Default values for bytes and fixed fields are JSON strings, where Unicode code points 0-255 are mapped to unsigned
///   8-bit byte values 0-255" (Complex Types, Records): this library takes the text's UTF-8 bytes.
fn avro_follows(reader: &Ty) -> bool {
    let text = reader.schema(false);
    !text.contains("\"was_") && text.is_ascii() && !has_late_default(reader)
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn older_records_become_what_the_specification_says(bytes in entropy()) {
        let Case { writer, reader, values } = case(&bytes);
        let (writer_text, reader_text) = (writer.schema(true), reader.schema(true));
        let (old, new) = (parse(&writer_text), parse(&reader_text));
        let component = echo_component(&new, &new, &Fields::default());
        // Today's records and yesterday's in one batch, each with the plan of its own writer.
        let setup = Setup { writers: vec![&old, &new], ..Setup::same(&new, &component) };
        let mut lane = Lane::start(&setup).map_err(|e| TestCaseError::fail(format!("{e}\n{writer_text}\n{reader_text}")))?;
        let blocks = Blocks { items: 2, sized: true };
        let expected: Vec<_> = values.iter().map(|value| resolve(value, &writer, &reader)).collect();
        let mut batch: Vec<(usize, Vec<u8>)> = Vec::new();
        for (value, expected) in values.iter().zip(&expected) {
            batch.push((0, value::encode(value, blocks)));
            batch.extend(expected.iter().map(|expected| (1, value::encode(expected, blocks))));
        }
        let refs: Vec<(usize, &[u8])> = batch.iter().map(|(writer, bytes)| (*writer, bytes.as_slice())).collect();
        let outputs = lane.run(&refs).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut outputs = outputs.into_iter();
        for expected in &expected {
            let written = outputs.next().expect("an output for each record");
            match expected {
                Ok(expected) => {
                    let expected = value::encode(expected, CANONICAL);
                    prop_assert_eq!(written.as_ref(), Ok(&expected), "{}\n{}", writer_text, reader_text);
                    prop_assert_eq!(outputs.next(), Some(Ok(expected)));
                }
                Err(why) => prop_assert!(written.is_err(), "{why}: {written:?}\n{writer_text}\n{reader_text}"),
            }
        }
    }
}

/// The expectations of this file against those of others who read the same specification.
#[test]
fn the_avro_library_resolves_alike() {
    let mut random = Seeded(5);
    let (mut compared, mut failed, mut late) = (0, 0, 0);
    for _ in 0..600 {
        let count = random.below(2500);
        let Case { writer, reader, values } = case(&random.bytes(count));
        late += usize::from(has_late_default(&reader));
        for value in values.iter().filter(|_| avro_follows(&reader)) {
            let Ok(ours) = resolve(value, &writer, &reader) else { continue };
            match resolved_by_avro(&value::encode(value, CANONICAL), &writer, &reader) {
                Some(theirs) => {
                    let texts = format!("{}\n{}", writer.schema(false), reader.schema(false));
                    assert_eq!(value::sorted(&ours), theirs, "{texts}");
                    compared += 1;
                }
                None => failed += 1,
            }
        }
    }
    assert!(late > 20, "only {late} defaults of a later branch");
    assert!(compared > 300 && failed < compared / 50, "{compared} compared, {failed} failed");
}
