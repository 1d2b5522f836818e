//! JSON by a schema, against a plain model of it: what is written says the value, what is read is the value, however
//! it is put, and whatever the bytes are, both ends agree.

use std::sync::Arc;

use millstream::format::json::{Encoding, Reader, WriteOptions, Writer};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::dice::{Dice, Seeded};
use super::echo::parse;
use super::fuzz::{INPUTS, hex, mutate, noise, read_by_avro, run};
use super::identity::{config, entropy};
use super::shape::{Shapes, Ty};
use super::value::{self, Blocks, CANONICAL, V};

const PLAIN: WriteOptions = WriteOptions { encoding: Encoding::Plain, include_nulls: true, pretty: false };
const AVRO: WriteOptions = WriteOptions { encoding: Encoding::Avro, include_nulls: true, pretty: false };

/// Both ends of one schema.
struct Ends {
    reader: Reader,
    plain: Writer,
    avro: Writer,
}

impl Ends {
    fn new(ty: &Ty) -> Ends {
        let schema = Arc::new(parse(&ty.schema(true)));
        let writer = |options| Writer::new(Arc::clone(&schema), options);
        Ends { reader: Reader::new(Arc::clone(&schema)), plain: writer(PLAIN), avro: writer(AVRO) }
    }

    fn read(&mut self, text: &[u8]) -> Result<Vec<u8>, String> {
        let mut out = vec![1, 2];
        let done = self.reader.read(text, &mut out).map_err(|error| error.to_string());
        assert_eq!(out[..2], [1, 2]);
        assert!(done.is_ok() || out.len() == 2, "a failure leaves nothing behind");
        done.map(|()| out.split_off(2))
    }
}

fn written(writer: &mut Writer, avro: &[u8]) -> Result<String, String> {
    let mut out = Vec::new();
    let done = writer.write(avro, &mut out).map_err(|error| error.to_string());
    assert!(done.is_ok() || out.is_empty(), "a failure leaves nothing behind");
    done.map(|()| String::from_utf8(out).expect("JSON is UTF-8"))
}

/// The value with one NaN for all of them: JSON knows no other.
fn one_nan(value: &V) -> V {
    match value {
        V::Float(bits) if f32::from_bits(*bits).is_nan() => V::Float(f32::NAN.to_bits()),
        V::Double(bits) if f64::from_bits(*bits).is_nan() => V::Double(f64::NAN.to_bits()),
        V::Array(items) => V::Array(items.iter().map(one_nan).collect()),
        V::Map(entries) => V::Map(entries.iter().map(|(key, value)| (key.clone(), one_nan(value))).collect()),
        V::Union(index, value) => V::Union(*index, Box::new(one_nan(value))),
        V::Record(fields) => V::Record(fields.iter().map(one_nan).collect()),
        other => other.clone(),
    }
}

/// What JSON calls a value of the type.
fn shape(ty: &Ty) -> &'static str {
    match ty.plain() {
        Ty::Null => "null",
        Ty::Boolean => "boolean",
        Ty::Int | Ty::Long => "number",
        // As a string it may be taken for another branch.
        Ty::Float | Ty::Double => "number or string",
        Ty::Bytes | Ty::String | Ty::Fixed(..) | Ty::Enum(..) => "string",
        Ty::Array(_) => "array",
        _ => "object",
    }
}

/// Whether the plain value tells which branch it is of.
fn tells(branches: &[Ty], index: usize) -> bool {
    let own = shape(&branches[index]);
    let alike = |other: &Ty| shape(other).contains(own) || own.contains(shape(other));
    branches.iter().filter(|other| alike(other)).count() == 1
}

/// Whether all unions of the type tell their branches apart.
fn clear(ty: &Ty) -> bool {
    match ty.plain() {
        Ty::Array(item) | Ty::Map(item) => clear(item),
        Ty::Union(branches) => (0..branches.len()).all(|index| tells(branches, index)) && branches.iter().all(clear),
        Ty::Record(_, fields) => fields.iter().all(|field| clear(&field.ty)),
        _ => true,
    }
}

fn tag(ty: &Ty) -> String {
    match ty.plain() {
        Ty::Fixed(name, _) | Ty::Enum(name, ..) | Ty::Record(name, _) => name.name.clone(),
        Ty::Array(_) => "array".into(),
        Ty::Map(_) => "map".into(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// How a value is put into JSON.
trait Style {
    fn tagged(&mut self, branches: &[Ty], index: usize) -> bool;
    /// Rearranges a record's fields, which are of these types.
    fn fields(&mut self, fields: Vec<(String, Json)>, types: &[&Ty]) -> Vec<(String, Json)>;
}

/// As the writer has it.
struct Straight(Encoding);

impl Style for Straight {
    fn tagged(&mut self, _: &[Ty], _: usize) -> bool {
        self.0 == Encoding::Avro
    }

    fn fields(&mut self, fields: Vec<(String, Json)>, _: &[&Ty]) -> Vec<(String, Json)> {
        fields
    }
}

/// As some producer might have it.
struct Anyhow<'d, 'b>(&'d mut Dice<'b>);

impl Style for Anyhow<'_, '_> {
    fn tagged(&mut self, branches: &[Ty], index: usize) -> bool {
        !tells(branches, index) || self.0.one_in(3)
    }

    fn fields(&mut self, fields: Vec<(String, Json)>, types: &[&Ty]) -> Vec<(String, Json)> {
        let order = if self.0.one_in(2) { self.0.order(fields.len()) } else { (0..fields.len()).collect() };
        let mut put = Vec::new();
        for index in order {
            let may_miss = match types[index].plain() {
                Ty::Null => true,
                Ty::Union(branches) => branches.contains(&Ty::Null),
                _ => false,
            };
            if self.0.one_in(12) {
                put.push((format!("unknown {index}"), json!({"a": [null, {"b": "\u{1}"}]})));
            }
            if !(may_miss && fields[index].1.is_null() && self.0.one_in(2)) {
                put.push(fields[index].clone());
            }
        }
        put
    }
}

fn to_json(value: &V, ty: &Ty, style: &mut impl Style) -> Json {
    let float = |n: f64| match n {
        n if n.is_nan() => json!("NaN"),
        n if n.is_infinite() => json!(if n > 0.0 { "Infinity" } else { "-Infinity" }),
        n => json!(n),
    };
    let latin1 = |bytes: &[u8]| Json::String(bytes.iter().map(|byte| char::from(*byte)).collect());
    match (value, ty.plain()) {
        (V::Null, _) => Json::Null,
        (V::Boolean(value), _) => json!(value),
        (V::Int(value), _) => json!(value),
        (V::Long(value), _) => json!(value),
        (V::Float(bits), _) if f32::from_bits(*bits).is_finite() => {
            // Its fewest digits; where two numbers have as few, the JSON library says which.
            parsed(&serde_json::to_string(&f32::from_bits(*bits)).expect("a number"))
        }
        (V::Float(bits), _) => float(f64::from(f32::from_bits(*bits))),
        (V::Double(bits), _) => float(f64::from_bits(*bits)),
        (V::Bytes(bytes) | V::Fixed(bytes), _) => latin1(bytes),
        (V::String(text), _) => json!(text),
        (V::Enum(index), Ty::Enum(_, symbols, _)) => json!(symbols[*index]),
        (V::Array(items), Ty::Array(item)) => items.iter().map(|value| to_json(value, item, style)).collect(),
        (V::Map(entries), Ty::Map(ty)) => {
            entries.iter().map(|(key, value)| (key.clone(), to_json(value, ty, style))).collect()
        }
        (V::Union(index, value), Ty::Union(branches)) => {
            let inner = to_json(value, &branches[*index], style);
            let plain = **value == V::Null || !style.tagged(branches, *index);
            if plain { inner } else { Json::Object(Map::from_iter([(tag(&branches[*index]), inner)])) }
        }
        (V::Record(values), Ty::Record(_, fields)) => {
            let named = values.iter().zip(fields).map(|(value, field)| {
                let value = to_json(value, &field.ty, style);
                (field.name.clone(), value)
            });
            let named = named.collect();
            let types: Vec<&Ty> = fields.iter().map(|field| &field.ty).collect();
            style.fields(named, &types).into_iter().collect()
        }
        (value, ty) => unreachable!("{value:?} is no {ty:?}"),
    }
}

fn parsed(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

proptest! {
    #![proptest_config(config(600))]

    #[test]
    fn what_is_written_is_the_value_and_is_read_back(bytes in entropy(), items in 1usize..4, sized: bool) {
        let mut dice = Dice::new(&bytes);
        let ty = Shapes::record(&mut dice);
        let mut ends = Ends::new(&ty);
        for _ in 0..4 {
            let value = one_nan(&value::random(&ty, &mut dice));
            let avro = value::encode(&value, CANONICAL);
            let text = written(&mut ends.avro, &avro).expect("a value of the schema");
            prop_assert_eq!(parsed(&text), to_json(&value, &ty, &mut Straight(Encoding::Avro)));
            prop_assert_eq!(ends.read(text.as_bytes()), Ok(avro.clone()), "{}", text);
            let text = written(&mut ends.plain, &avro).expect("a value of the schema");
            prop_assert_eq!(parsed(&text), to_json(&value, &ty, &mut Straight(Encoding::Plain)));
            if clear(&ty) {
                prop_assert_eq!(ends.read(text.as_bytes()), Ok(avro.clone()), "{}", text);
            }
            let blocks = value::encode(&value, Blocks { items, sized });
            prop_assert_eq!(written(&mut ends.plain, &blocks), Ok(text));
        }
    }

    #[test]
    fn every_way_to_put_a_value_is_read(bytes in entropy()) {
        let mut dice = Dice::new(&bytes);
        let ty = Shapes::record(&mut dice);
        let mut ends = Ends::new(&ty);
        for _ in 0..4 {
            let value = one_nan(&value::random(&ty, &mut dice));
            let json = to_json(&value, &ty, &mut Anyhow(&mut dice));
            let text = if dice.one_in(2) { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) };
            let text = text.expect("JSON");
            prop_assert_eq!(ends.read(text.as_bytes()), Ok(value::encode(&value, CANONICAL)), "{}", text);
        }
    }

    #[test]
    fn fewer_nulls_and_more_space_change_nothing(bytes in entropy()) {
        let mut dice = Dice::new(&bytes);
        let ty = Shapes::record(&mut dice);
        let mut ends = Ends::new(&ty);
        let schema = Arc::new(parse(&ty.schema(false)));
        let mut short = Writer::new(Arc::clone(&schema), WriteOptions { include_nulls: false, pretty: true, ..PLAIN });
        let mut pretty = Writer::new(schema, WriteOptions { pretty: true, ..AVRO });
        for _ in 0..4 {
            let value = one_nan(&value::random(&ty, &mut dice));
            let avro = value::encode(&value, CANONICAL);
            let text = written(&mut pretty, &avro).expect("a value of the schema");
            let expected = serde_json::to_string_pretty(&to_json(&value, &ty, &mut Straight(Encoding::Avro)));
            prop_assert_eq!(parsed(&text), parsed(&expected.expect("JSON")));
            prop_assert_eq!(ends.read(text.as_bytes()), Ok(avro.clone()), "{}", text);
            let text = written(&mut short, &avro).expect("a value of the schema");
            if clear(&ty) {
                prop_assert_eq!(ends.read(text.as_bytes()), Ok(avro), "{}", text);
            }
        }
    }
}

/// What was read is a value, and comes back the same when it is written.
fn check_text(ends: &mut Ends, avro: &apache_avro::Schema, text: &[u8], line: &str) {
    let Ok(bytes) = ends.read(text) else { return };
    assert!(read_by_avro(&bytes, avro).is_some(), "{} is no value: {line}", hex(&bytes));
    let again = written(&mut ends.avro, &bytes).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert_eq!(ends.read(again.as_bytes()), Ok(bytes), "{line}");
}

/// What is written is JSON that says what the Avro library reads from the bytes.
fn check_bytes(ends: &mut Ends, avro: &apache_avro::Schema, bytes: &[u8], line: &str) {
    let plain = written(&mut ends.plain, bytes);
    let Ok(text) = written(&mut ends.avro, bytes) else {
        assert!(plain.is_err(), "{line}");
        return;
    };
    parsed(&plain.unwrap_or_else(|error| panic!("{error}: {line}")));
    let expected = read_by_avro(bytes, avro).unwrap_or_else(|| panic!("apache-avro refuses what was written: {line}"));
    match ends.read(text.as_bytes()) {
        Ok(again) => {
            let again = read_by_avro(&again, avro).unwrap_or_else(|| panic!("what was read is no value: {line}"));
            assert_eq!(one_nan(&again), one_nan(&value::sorted(&expected)), "{line}");
        }
        // Avro has no rule against a key that stands twice in a map.
        Err(error) => assert!(error.contains("the key is there twice"), "{error}: {line}"),
    }
}

#[test]
fn json_both_ways() {
    run("json_both_ways", |seed| {
        let mut random = Seeded(seed);
        let entropy = random.below(1500);
        let entropy = random.bytes(entropy);
        let ty = Shapes::record(&mut Dice::new(&entropy));
        let text = ty.schema(false);
        let avro = apache_avro::Schema::parse_str(&text).expect("apache-avro takes the schema");
        let mut ends = Ends::new(&ty);
        for input in 0..INPUTS {
            let choices = random.bytes(200);
            let mut dice = Dice::new(&choices);
            let value = value::random(&ty, &mut dice);
            let mut bytes = match input % 2 {
                0 => to_json(&value, &ty, &mut Anyhow(&mut dice)).to_string().into_bytes(),
                _ => value::encode(&value, CANONICAL),
            };
            match random.below(16) {
                0 => bytes = noise(&mut random),
                1 => {}
                _ => mutate(&mut bytes, &mut random),
            }
            let line = format!("{text}\t{}", hex(&bytes));
            match input % 2 {
                0 => check_text(&mut ends, &avro, &bytes, &line),
                _ => check_bytes(&mut ends, &avro, &bytes, &line),
            }
        }
    });
}
