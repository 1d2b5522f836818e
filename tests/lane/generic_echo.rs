//! Generic records against the Avro library: the nodes that a guest is given, and what comes back through a guest that
//! answers with them, for random schemas, recursive ones too, and random pairs of schemas.

use proptest::prelude::*;

use super::dice::Dice;
use super::echo::{IMAGE_LIMIT, parse};
use super::evolve::{Evolution, resolve};
use super::generic::{Again, fold, has_twins, lane, names, tie, trees};
use super::identity::{config, entropy};
use super::shape::{Shapes, Ty};
use super::value::{self, Blocks, CANONICAL, V};

/// A type, half of the time one that contains itself.
fn shape(dice: &mut Dice<'_>) -> Ty {
    let record = Shapes::record(dice);
    if dice.one_in(2) { tie(&record, dice.below(4), Again::any(dice), 4) } else { record }
}

/// An older and a newer form; both contain themselves or none does.
fn shapes(dice: &mut Dice<'_>) -> (Ty, Ty) {
    let base = Shapes::record(dice);
    let (writer, reader) = Evolution::of(&base, dice);
    match dice.below(3) {
        0 => (writer, reader),
        1 => {
            let again = Again::any(dice);
            (tie(&writer, dice.below(4), again, 3), tie(&reader, dice.below(4), again, 3))
        }
        // The newer form has forgotten that it was recursive, or has become so.
        _ if dice.one_in(2) => (tie(&writer, dice.below(4), Again::any(dice), 3), reader),
        _ => (writer, tie(&reader, dice.below(4), Again::any(dice), 3)),
    }
}

fn read_by_avro(bytes: &[u8], schema: &apache_avro::Schema) -> V {
    let reader = apache_avro::reader::datum::GenericDatumReader::builder(schema).build().expect("a reader");
    let mut rest = bytes;
    let value = reader.read_value(&mut rest).expect("apache-avro reads it");
    assert!(rest.is_empty(), "apache-avro leaves {} bytes", rest.len());
    value::from_avro(&value)
}

fn avro(ty: &Ty) -> apache_avro::Schema {
    apache_avro::Schema::parse_str(&ty.schema(false)).expect("apache-avro takes the schema")
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn any_record_becomes_its_nodes_and_comes_back(bytes in entropy(), items in 1usize..80, sized: bool) {
        let mut dice = Dice::new(&bytes);
        let ty = shape(&mut dice);
        let text = ty.schema(true);
        let (schema, avro, names) = (parse(&text), avro(&ty), names(&ty));
        let mut lane = lane(vec![&schema], &schema, &schema).map_err(TestCaseError::fail)?;
        let values: Vec<V> = (0..1 + dice.below(4)).map(|_| value::random(&ty, &mut dice)).collect();
        let encoded: Vec<_> = values.iter().map(|value| value::encode(value, Blocks { items, sized })).collect();
        let source = encoded.concat();
        lane.image.begin(lane.plans[0].stride(), values.len(), 0, IMAGE_LIMIT);
        let mut base = 0;
        for bytes in &encoded {
            lane.plans[0].decode(bytes, base, &mut lane.image).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
            base += bytes.len() as u32;
        }
        let expected: Vec<_> = encoded.iter().map(|bytes| fold(&read_by_avro(bytes, &avro), &ty, &names)).collect();
        prop_assert_eq!(trees(&lane.image, &source), expected, "{}", text);
        // Twice: an instance and its buffers are used again and again.
        let batch: Vec<(usize, &[u8])> = encoded.iter().map(|bytes| (0, bytes.as_slice())).collect();
        for _ in 0..2 {
            let outputs = lane.run(&batch).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            for (output, value) in outputs.iter().zip(&values).filter(|_| !has_twins(&ty)) {
                prop_assert_eq!(output.as_ref(), Ok(&value::encode(value, CANONICAL)), "{}", text);
            }
        }
    }

    #[test]
    fn older_records_become_the_nodes_that_the_specification_says(bytes in entropy()) {
        let mut dice = Dice::new(&bytes);
        let (writer, reader) = shapes(&mut dice);
        let texts = format!("{}\n{}", writer.schema(true), reader.schema(true));
        let (old, new, names) = (parse(&writer.schema(true)), parse(&reader.schema(true)), names(&reader));
        let mut lane = lane(vec![&old], &new, &new).map_err(|why| TestCaseError::fail(format!("{why}\n{texts}")))?;
        let plan = lane.plans[0].clone();
        for _ in 0..4 {
            let value = value::random(&writer, &mut dice);
            let bytes = value::encode(&value, Blocks { items: 2, sized: true });
            lane.image.begin(plan.stride(), 1, 0, IMAGE_LIMIT);
            let decoded = plan.decode(&bytes, 0, &mut lane.image);
            let output = lane.run(&[(0, &bytes)]).map_err(|error| TestCaseError::fail(error.to_string()))?;
            match resolve(&value, &writer, &reader) {
                Ok(expected) => {
                    prop_assert!(decoded.is_ok(), "{decoded:?}\n{texts}");
                    let same = output[0] == Ok(value::encode(&expected, CANONICAL));
                    prop_assert!(same || has_twins(&reader), "{:?}\n{}", output[0], texts);
                    lane.image.begin(plan.stride(), 1, 0, IMAGE_LIMIT);
                    prop_assert!(plan.decode(&bytes, 0, &mut lane.image).is_ok());
                    let tree = fold(&value::sorted(&expected), &reader, &names);
                    prop_assert_eq!(trees(&lane.image, &bytes), vec![tree], "{}", texts);
                }
                Err(why) => prop_assert!(decoded.is_err(), "{why}\n{texts}"),
            }
        }
    }

    /// What a guest answers in the source's schema becomes the sink's by names, as resolution would have it where no
    /// type changes and nothing is renamed.
    #[test]
    fn nodes_of_the_source_become_the_sinks_by_name(bytes in entropy()) {
        let mut dice = Dice::new(&bytes);
        let source = shape(&mut dice);
        let sink = reordered(&source, &mut dice, &mut Default::default());
        let texts = format!("{}\n{}", source.schema(true), sink.schema(true));
        let (from, to) = (parse(&source.schema(true)), parse(&sink.schema(true)));
        let mut lane = lane(vec![&from], &from, &to).map_err(|why| TestCaseError::fail(format!("{why}\n{texts}")))?;
        for _ in 0..4 {
            let value = value::random(&source, &mut dice);
            let bytes = value::encode(&value, CANONICAL);
            let output = lane.run(&[(0, &bytes)]).map_err(|error| TestCaseError::fail(error.to_string()))?;
            let expected = resolve(&value, &source, &sink).map_err(TestCaseError::fail)?;
            let same = output[0] == Ok(value::encode(&expected, CANONICAL));
            prop_assert!(same || has_twins(&sink), "{:?}\n{}", output[0], texts);
        }
    }
}

/// The same types with fields, symbols and branches in another order, some fields dropped, some added.
fn reordered(ty: &Ty, dice: &mut Dice<'_>, orders: &mut std::collections::HashMap<String, Vec<usize>>) -> Ty {
    let mut order = |name: &str, count: usize, dice: &mut Dice<'_>| {
        orders.entry(name.to_owned()).or_insert_with(|| dice.order(count)).clone()
    };
    match ty {
        Ty::Record(name, fields) => {
            let order = order(&name.name, fields.len(), dice);
            let drop = order.first().copied().filter(|at| fields.len() > 2 && fields[*at].name != "again");
            let drop = drop.filter(|at| order.len() % 3 == 0 && at % 2 == 0);
            let kept = order.iter().filter(|at| Some(**at) != drop);
            let mut fields: Vec<_> = kept
                .map(|at| {
                    let field = &fields[*at];
                    super::shape::Field { ty: reordered(&field.ty, dice, orders), ..field.clone() }
                })
                .collect();
            if order.len().is_multiple_of(2) {
                let added = super::shape::Field::new("added_since", Ty::String);
                fields.insert(0, super::shape::Field { default: Some("new".into()), ..added });
            }
            Ty::Record(name.clone(), fields)
        }
        Ty::Enum(name, symbols, default) => {
            let order = order(&name.name, symbols.len(), dice);
            Ty::Enum(name.clone(), order.iter().map(|at| symbols[*at].clone()).collect(), default.clone())
        }
        Ty::Array(inner) => Ty::Array(Box::new(reordered(inner, dice, orders))),
        Ty::Map(inner) => Ty::Map(Box::new(reordered(inner, dice, orders))),
        Ty::Union(branches) => Ty::Union(branches.iter().map(|branch| reordered(branch, dice, orders)).collect()),
        other => other.clone(),
    }
}
