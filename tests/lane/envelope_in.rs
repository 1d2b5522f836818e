//! What stands around a record, on its way into a guest: any set of fields, each of any of its types, and the text of
//! why a record does not fit.

use std::sync::Arc;

use millstream::contract::shape::Unit;
use millstream::contract::types::GuestType;
use millstream::decode::intake::{self, Around, Intake, KeySchema, Value, ValuePlan};
use millstream::decode::{self, Image, relay};
use millstream::record::{Batch, Parts, Slot};
use proptest::prelude::*;
use wasmtime::component::Val;

use super::canonical::{load, seen_by_the_engine, settled};
use super::dice::Dice;
use super::echo::{IMAGE_LIMIT, parse};
use super::guest_types::{any_bytes, any_text, bytes_val, list_of_bytes, optional, record};
use super::identity::{config, entropy};

/// A record as Kafka gives it.
#[derive(Debug, Clone)]
pub struct Given {
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub timestamp: i64,
    pub log_append: bool,
}

impl Given {
    pub fn any(dice: &mut Dice<'_>) -> Given {
        let bytes = |dice: &mut Dice<'_>| match dice.below(4) {
            0 => None,
            1 => Some(any_text(dice).into_bytes()),
            2 => Some(dice.u64().to_be_bytes()[..4 * (1 + dice.below(2))].to_vec()),
            _ => Some(any_bytes(dice)),
        };
        let name = |dice: &mut Dice<'_>| match dice.below(12) {
            11 => any_bytes(dice),
            _ => any_text(dice).into_bytes(),
        };
        let wide = |dice: &mut Dice<'_>| (dice.u64() >> 1) as i64;
        Given {
            key: bytes(dice),
            value: if dice.below(5) == 4 { None } else { Some(any_text(dice).into_bytes()) },
            headers: (0..dice.below(4)).map(|_| (name(dice), bytes(dice))).collect(),
            topic: any_text(dice),
            partition: (dice.u64() as i32).wrapping_abs().max(0),
            offset: wide(dice),
            timestamp: if dice.below(4) == 0 { -1 } else { wide(dice) },
            log_append: dice.below(2) == 1,
        }
    }
}

/// How the guest's type has the key.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Key {
    Bytes,
    Text,
    Integer(usize),
    /// A record of the key's schema.
    Avro,
}

/// A guest's input, drawn.
pub struct Drawn {
    pub ty: GuestType,
    key: Key,
    tombstones: bool,
    pub intake: Intake,
}

const KEY: &str = r#"{"type": "record", "name": "K", "fields": [
    {"name": "id", "type": "int"}, {"name": "tag", "type": "string"}]}"#;
const VALUE: &str = r#"{"type": "record", "name": "V", "fields": [{"name": "text", "type": "string"}]}"#;

/// The type of a field of this name, perhaps in an option.
fn field(name: &str, key: Key, dice: &mut Dice<'_>) -> GuestType {
    use GuestType as T;
    let ty = match name {
        "key" => match key {
            Key::Bytes => list_of_bytes(),
            Key::Text => T::String,
            Key::Integer(4) => dice.pick(&[T::S32, T::U32]).clone(),
            Key::Integer(_) => dice.pick(&[T::S64, T::U64]).clone(),
            Key::Avro => record(&[("tag", T::String), ("id", T::S32)]),
        },
        "headers" => {
            let value = dice.pick(&[list_of_bytes(), T::String]).clone();
            let value = if dice.below(2) == 0 { optional(value) } else { value };
            let entry = match dice.below(3) {
                0 => record(&[("name", T::String), ("value", value)]),
                1 => record(&[("value", value), ("name", T::String)]),
                _ => T::Tuple(vec![T::String, value]),
            };
            return T::List(Box::new(entry));
        }
        "topic" => T::String,
        "partition" => dice.pick(&[T::S32, T::U32]).clone(),
        "timestamp-type" => T::Enum(match dice.below(2) {
            0 => vec!["create-time".into(), "log-append-time".into()],
            _ => vec!["log-append-time".into(), "none".into(), "create-time".into()],
        }),
        _ => dice.pick(&[T::S64, T::U64]).clone(),
    };
    if dice.below(2) == 0 { optional(ty) } else { ty }
}

impl Drawn {
    pub fn any(dice: &mut Dice<'_>) -> Drawn {
        let names = ["key", "headers", "topic", "partition", "offset", "timestamp", "timestamp-type"];
        let key = *dice.pick(&[Key::Bytes, Key::Text, Key::Integer(4), Key::Integer(8), Key::Avro]);
        let tombstones = dice.below(2) == 1;
        let typed = dice.below(2) == 1;
        let value = match (typed, dice.below(2)) {
            (true, _) => record(&[("text", GuestType::String)]),
            (false, 0) => GuestType::String,
            (false, _) => list_of_bytes(),
        };
        let whole = if tombstones { optional(value.clone()) } else { value.clone() };
        let mut fields = vec![("value".to_owned(), whole)];
        for name in names {
            if dice.below(2) == 1 {
                fields.push((name.to_owned(), field(name, key, dice)));
            }
        }
        let order = dice.order(fields.len());
        let ty = GuestType::Record(order.into_iter().map(|at| fields[at].clone()).collect());
        let unit = Unit::envelope(&ty).expect("an envelope by its names");
        let unit = if tombstones { unit.with_tombstones().expect("an optional value") } else { unit };
        let schema = parse(VALUE);
        let plan = match typed {
            true => decode::compile(&schema, &schema, &value, &[]).unwrap_or_else(|error| panic!("{error:?}")),
            false => relay::whole(&value).expect("bytes or text"),
        };
        let schema = (key == Key::Avro).then(|| KeySchema { schema: Arc::new(parse(KEY)), table: None });
        let intake = intake::compile(&unit, ValuePlan::Plan(plan), schema.as_ref());
        Drawn { ty, key, tombstones, intake: intake.unwrap_or_else(|error| panic!("{error:?}")) }
    }

    /// What the guest must see of the record, or that it must not.
    fn expected(&self, given: &Given) -> Option<Val> {
        let GuestType::Record(fields) = &self.ty else { return None };
        let field = |(name, ty): &(String, GuestType)| Some((name.clone(), self.field(name, ty, given)?));
        Some(Val::Record(fields.iter().map(field).collect::<Option<_>>()?))
    }

    fn field(&self, name: &str, ty: &GuestType, given: &Given) -> Option<Val> {
        let (option, inner) = ty.peeled();
        let found = match name {
            "value" => match (&given.value, self.tombstones) {
                (None, true) => return Some(Val::Option(None)),
                (None, false) => return None,
                (Some(value), _) => self.value(inner, value)?,
            },
            "key" => match &given.key {
                None if option.is_some() => return Some(Val::Option(None)),
                None => return None,
                Some(key) => self.key(inner, key)?,
            },
            "timestamp" if given.timestamp < 0 && option.is_some() => return Some(Val::Option(None)),
            // Minus one is nothing that an unsigned integer could say.
            "timestamp" if given.timestamp < 0 && *inner == GuestType::U64 => return None,
            "headers" => headers(inner, given)?,
            "topic" => Val::String(given.topic.clone()),
            "partition" if *inner == GuestType::U32 => Val::U32(given.partition as u32),
            "partition" => Val::S32(given.partition),
            "timestamp-type" => Val::Enum(if given.log_append { "log-append-time" } else { "create-time" }.into()),
            _ => {
                let number = if name == "offset" { given.offset } else { given.timestamp };
                if *inner == GuestType::U64 { Val::U64(number as u64) } else { Val::S64(number) }
            }
        };
        Some(if option.is_some() { Val::Option(Some(Box::new(found))) } else { found })
    }

    fn value(&self, ty: &GuestType, value: &[u8]) -> Option<Val> {
        let text = || String::from_utf8(value.to_vec()).ok().map(Val::String);
        match ty {
            GuestType::Record(_) => Some(Val::Record(vec![("text".into(), text()?)])),
            GuestType::String => text(),
            _ => Some(bytes_val(value)),
        }
    }

    fn key(&self, ty: &GuestType, key: &[u8]) -> Option<Val> {
        match (self.key, ty) {
            (Key::Bytes, _) => Some(bytes_val(key)),
            (Key::Text, _) => String::from_utf8(key.to_vec()).ok().map(Val::String),
            (Key::Integer(4), GuestType::S32) => Some(Val::S32(i32::from_be_bytes(key.try_into().ok()?))),
            (Key::Integer(4), _) => Some(Val::U32(u32::from_be_bytes(key.try_into().ok()?))),
            (Key::Integer(_), GuestType::S64) => Some(Val::S64(i64::from_be_bytes(key.try_into().ok()?))),
            (Key::Integer(_), _) => Some(Val::U64(u64::from_be_bytes(key.try_into().ok()?))),
            (Key::Avro, _) => {
                let mut rest = key;
                let id = i32::try_from(varint(&mut rest)?).ok()?;
                let len = usize::try_from(varint(&mut rest)?).ok()?;
                let tag = String::from_utf8(rest.to_vec()).ok().filter(|_| rest.len() == len)?;
                Some(Val::Record(vec![("tag".into(), Val::String(tag)), ("id".into(), Val::S32(id))]))
            }
        }
    }
}

/// An integer of at most 64 bits; apache-avro lets longer ones pass.
fn varint(rest: &mut &[u8]) -> Option<i64> {
    let mut wide = 0u128;
    for shift in 0..10 {
        let (first, left) = rest.split_first()?;
        *rest = left;
        wide |= u128::from(first & 0x7f) << (7 * shift);
        if *first < 0x80 {
            let wide = u64::try_from(wide).ok()?;
            return Some((wide >> 1) as i64 ^ -((wide & 1) as i64));
        }
    }
    None
}

fn headers(ty: &GuestType, given: &Given) -> Option<Val> {
    let GuestType::List(entry) = ty else { return None };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok().map(Val::String);
    let value_of = |ty: &GuestType, value: &Option<Vec<u8>>| {
        let (option, inner) = ty.peeled();
        let plain = value.clone().unwrap_or_default();
        let found = if *inner == GuestType::String { text(&plain)? } else { bytes_val(&plain) };
        Some(match option {
            Some(_) => Val::Option(value.as_ref().map(|_| Box::new(found))),
            None => found,
        })
    };
    let one = |(name, value): &(Vec<u8>, Option<Vec<u8>>)| match &**entry {
        GuestType::Record(fields) => {
            let field = |(field, ty): &(String, GuestType)| {
                let found = if field == "name" { text(name)? } else { value_of(ty, value)? };
                Some((field.clone(), found))
            };
            Some(Val::Record(fields.iter().map(field).collect::<Option<_>>()?))
        }
        GuestType::Tuple(items) => Some(Val::Tuple(vec![text(name)?, value_of(&items[1], value)?])),
        _ => None,
    };
    Some(Val::List(given.headers.iter().map(one).collect::<Option<_>>()?))
}

/// Takes these records; each becomes a place in the image or the text of why not. Then what the guest would have.
pub fn lower(drawn: &mut Drawn, records: &[Given], limit: usize) -> (Vec<Result<(), String>>, Vec<u8>, usize) {
    let typed = matches!(&drawn.ty, GuestType::Record(fields)
        if fields.iter().any(|(name, ty)| name == "value" && matches!(ty.peeled().1, GuestType::Record(_))));
    let (mut image, mut source) = (Image::default(), vec![0xee; 3]);
    image.begin(drawn.intake.stride(), records.len(), 0, limit);
    let mut taken = Vec::new();
    for given in records {
        let mut batch = Batch::default();
        let headers = given.headers.iter().map(|(name, value)| (name.as_slice(), value.as_deref()));
        let parts = Parts {
            slot: Slot(0),
            offset: given.offset,
            timestamp: given.timestamp,
            log_append: given.log_append,
            key: given.key.as_deref(),
            value: given.value.as_deref(),
        };
        assert!(batch.push(parts, headers));
        let record = batch.get(0);
        let start = source.len();
        if typed && let Some(value) = record.value() {
            super::value::put_long(&mut source, value.len() as i64);
        }
        source.extend(record.value().unwrap_or_default());
        let value = match record.value() {
            Some(_) => Value::Bytes(&source[start..], start as u32),
            None => Value::Tombstone,
        };
        let around = Around {
            key: record.key(),
            headers: record.headers(),
            topic: &given.topic,
            partition: given.partition,
            offset: record.offset(),
            timestamp: record.timestamp(),
            log_append: record.log_append(),
        };
        taken.push(drawn.intake.take(&mut image, value, &around).map_err(|unfit| unfit.to_string()));
    }
    assert_eq!(image.count(), taken.iter().filter(|taken| taken.is_ok()).count());
    let (memory, at) = settled(&mut image, &source);
    (taken, memory, at)
}

/// Lowers the records, and compares what the guest would see with what it must.
pub fn check(drawn: &mut Drawn, records: &[Given]) -> (Vec<Val>, Vec<u8>, usize) {
    let (taken, memory, at) = lower(drawn, records, IMAGE_LIMIT);
    let mut expected = Vec::new();
    for (given, taken) in records.iter().zip(&taken) {
        let fits = drawn.expected(given);
        assert_eq!(fits.is_some(), taken.is_ok(), "{given:?} as {:?}: {taken:?}", drawn.ty);
        expected.extend(fits);
    }
    let size = drawn.ty.layout().size;
    for (index, expected) in expected.iter().enumerate() {
        let found = load(&memory, at + index * size, &drawn.ty);
        assert_eq!(found.as_ref(), Some(expected), "{:?}", drawn.ty);
    }
    (expected, memory, at)
}

fn case(bytes: &[u8]) -> (Drawn, Vec<Given>) {
    let mut dice = Dice::new(bytes);
    let drawn = Drawn::any(&mut dice);
    let count = 1 + dice.below(6);
    (drawn, (0..count).map(|_| Given::any(&mut dice)).collect())
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn a_guest_sees_what_stands_around_each_record(bytes in entropy()) {
        let (mut drawn, records) = case(&bytes);
        check(&mut drawn, &records);
    }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn the_engine_sees_the_same(bytes in entropy()) {
        let (mut drawn, records) = case(&bytes);
        let (expected, memory, at) = check(&mut drawn, &records);
        let seen = seen_by_the_engine(&memory, at, expected.len(), &drawn.ty);
        prop_assert_eq!(seen, expected, "{:?}", drawn.ty);
    }
}
