//! Records that a guest's type has no room for: what is said of each.

use std::sync::Arc;

use millstream::contract::shape::Unit;
use millstream::contract::types::GuestType;
use millstream::decode::intake::{self, Around, KeySchema, Value, ValuePlan};
use millstream::decode::{Image, Writers, framing, relay};
use millstream::record::{Batch, Headers, Parts, Slot};
use millstream::schema::local::LocalTable;
use wasmtime::component::Val;

use super::canonical::{load, settled};
use super::echo::parse;
use super::guest_types::{bytes_val, list_of_bytes, optional, record};

const PLAIN: Around<'static> =
    Around { key: None, headers: Headers::NONE, topic: "t", partition: 1, offset: 2, timestamp: 3, log_append: false };

/// A value of text with another field, and what the guest sees of that field.
fn taken(name: &str, ty: GuestType, schema: Option<KeySchema>, around: &Around<'_>) -> Result<Val, String> {
    let whole = record(&[("value", GuestType::String), (name, ty)]);
    let unit = Unit::envelope(&whole).expect("an envelope by its names");
    let plan = relay::whole(&GuestType::String).expect("text");
    let intake = intake::compile(&unit, ValuePlan::Plan(plan), schema.as_ref());
    let mut intake = intake.unwrap_or_else(|error| panic!("{error:?}"));
    let mut image = Image::default();
    image.begin(intake.stride(), 1, 0, 4096);
    intake.take(&mut image, Value::Bytes(b"v", 0), around).map_err(|unfit| unfit.to_string())?;
    let (memory, at) = settled(&mut image, b"v");
    match load(&memory, at, &whole) {
        Some(Val::Record(mut fields)) => Ok(fields.remove(1).1),
        other => panic!("{other:?}"),
    }
}

fn key(ty: GuestType, schema: Option<KeySchema>, key: Option<&[u8]>) -> Result<Val, String> {
    taken("key", ty, schema, &Around { key, ..PLAIN })
}

fn of_schema(text: &str, table: Option<Arc<LocalTable>>) -> Option<KeySchema> {
    Some(KeySchema { schema: Arc::new(parse(text)), table })
}

#[test]
fn keys() {
    use GuestType as T;
    let said = |ty: T, bytes: Option<&[u8]>| key(ty, None, bytes).expect_err("the key does not fit");
    let none = "the record's key: there is none; in an `option` such records could be taken";
    for ty in [list_of_bytes(), T::String, T::S32, T::U64] {
        assert_eq!(said(ty, None), none);
    }
    assert_eq!(said(T::String, Some(b"ab\xff")), "the record's key: not valid UTF-8 from byte 2");
    assert_eq!(said(T::S32, Some(b"")), "the record's key: 0 bytes, an integer of 4 is expected");
    assert_eq!(said(T::U64, Some(b"1234")), "the record's key: 4 bytes, an integer of 8 is expected");
    assert_eq!(said(optional(T::U32), Some(b"12345678")), "the record's key: 8 bytes, an integer of 4 is expected");
    let large = said(list_of_bytes(), Some(&[0; 5000]));
    assert_eq!(large, "the record's key: value needs more than 4096 bytes in guest memory");
    // None and nothing are not the same.
    assert_eq!(key(optional(list_of_bytes()), None, None), Ok(Val::Option(None)));
    assert_eq!(key(optional(list_of_bytes()), None, Some(b"")), Ok(Val::Option(Some(Box::new(bytes_val(b""))))));
}

#[test]
fn keys_of_a_schema() {
    let said = |schema: &str, ty: GuestType, bytes: Option<&[u8]>| key(ty, of_schema(schema, None), bytes);
    let none = "the record's key: there is none; in an `option` such records could be taken";
    assert_eq!(said(r#""int""#, GuestType::S32, None), Err(none.into()));
    assert_eq!(said(r#""int""#, GuestType::S32, Some(b"\x03")), Ok(Val::S32(-2)));
    assert_eq!(said(r#""int""#, optional(GuestType::S32), None), Ok(Val::Option(None)));
    let short = "the record's key: value ends early: 1 bytes promised, 0 left at byte 0";
    assert_eq!(said(r#""int""#, GuestType::S32, Some(b"")), Err(short.into()));
    let long = "the record's key: 1 bytes follow the value's end at byte 1";
    assert_eq!(said(r#""int""#, GuestType::S32, Some(b"\x02\x02")), Err(long.into()));
    let schema = r#"{"type": "record", "name": "K", "fields": [{"name": "id", "type": "string"}]}"#;
    let text = said(schema, record(&[("id", GuestType::String)]), Some(b"\x02\xff"));
    assert_eq!(text, Err("the record's key: string is not valid UTF-8 at byte 2, field `id`".into()));
}

/// Keys that may be null have an `option` already; it takes records without a key too.
#[test]
fn keys_of_a_schema_that_may_be_null() {
    let schema = r#"["null", "string"]"#;
    let said = |ty: GuestType, bytes: Option<&[u8]>| key(ty, of_schema(schema, None), bytes);
    let text = |text: &str| Val::Option(Some(Box::new(Val::String(text.into()))));
    assert_eq!(said(optional(GuestType::String), None), Ok(Val::Option(None)));
    assert_eq!(said(optional(GuestType::String), Some(b"\0")), Ok(Val::Option(None)));
    assert_eq!(said(optional(GuestType::String), Some(b"\x02\x02k")), Ok(text("k")));
    // In one more, null and none are told apart.
    let twice = || optional(optional(GuestType::String));
    assert_eq!(said(twice(), None), Ok(Val::Option(None)));
    assert_eq!(said(twice(), Some(b"\0")), Ok(Val::Option(Some(Box::new(Val::Option(None))))));
}

#[test]
fn framed_keys_and_values() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("k.avsc"), r#""string""#).expect("a file");
    std::fs::write(folder.path().join("ids.toml"), "[ids]\n7 = \"k.avsc\"\n").expect("a file");
    let table = Arc::new(LocalTable::load(folder.path()).unwrap_or_else(|error| panic!("{error}")));
    let said = |bytes: &[u8]| key(GuestType::String, of_schema(r#""string""#, Some(table.clone())), Some(bytes));
    assert_eq!(said(&[&framing::prefix(7)[..], b"\x02k"].concat()), Ok(Val::String("k".into())));
    let short = "the record's key: value of 2 bytes is too short for a schema id (framing = \"confluent\")";
    assert_eq!(said(b"\0\0"), Err(short.into()));
    let magic =
        "the record's key: value starts with byte 0x01, not with 0x00 and a schema id (framing = \"confluent\")";
    assert_eq!(said(b"\x01\0\0\0\x07\x02k"), Err(magic.into()));
    let unknown = said(&[&framing::prefix(8)[..], b"\x02k"].concat()).expect_err("an unknown id");
    assert!(unknown.starts_with("the record's key: unknown schema id 8; "), "{unknown}");
    // Bytes behind a schema id that is not looked at.
    let unit = Unit::bare(&list_of_bytes());
    let plan = ValuePlan::Framed(relay::whole(&list_of_bytes()).expect("bytes"));
    let mut intake = intake::compile(&unit, plan, None).unwrap_or_else(|error| panic!("{error:?}"));
    let mut image = Image::default();
    image.begin(intake.stride(), 3, 0, 4096);
    let source = [&framing::prefix(99)[..], b"ab"].concat();
    let mut take = |value: Value<'_>| intake.take(&mut image, value, &PLAIN).map_err(|unfit| unfit.to_string());
    assert_eq!(take(Value::Bytes(&source, 0)), Ok(()));
    let text = "value of 1 bytes is too short for a schema id (framing = \"confluent\")";
    assert_eq!(take(Value::Bytes(b"\0", 0)), Err(text.into()));
    assert_eq!(take(Value::Tombstone), Err("the record has no value (a tombstone)".into()));
    let (memory, at) = settled(&mut image, &source);
    assert_eq!(load(&memory, at, &list_of_bytes()), Some(bytes_val(b"ab")));
}

#[test]
fn headers_and_times() {
    let mut batch = Batch::default();
    let parts = Parts { slot: Slot(0), offset: 0, timestamp: 0, log_append: false, key: None, value: None };
    let headers = [(&b"ok"[..], Some(&b"\xfe"[..])), (b"\xff\"n", None)];
    assert!(batch.push(parts, headers.into_iter()) && batch.push(parts, headers.into_iter().take(1)));
    let list = |value: GuestType| GuestType::List(Box::new(GuestType::Tuple(vec![GuestType::String, value])));
    let said = |record: usize, value: GuestType| {
        taken("headers", list(value), None, &Around { headers: batch.get(record).headers(), ..PLAIN })
    };
    let name = r#"the record's headers: the name of number 2 is not valid UTF-8: \xff\"n"#;
    assert_eq!(said(0, list_of_bytes()), Err(name.into()));
    let value = "the record's headers: the value of `ok` is not valid UTF-8";
    assert_eq!(said(1, GuestType::String), Err(value.into()));
    let fits = Val::List(vec![Val::Tuple(vec![Val::String("ok".into()), bytes_val(b"\xfe")])]);
    assert_eq!(said(1, list_of_bytes()), Ok(fits));
    let time = |ty: GuestType| taken("timestamp", ty, None, &Around { timestamp: -1, ..PLAIN });
    assert_eq!(time(GuestType::S64), Ok(Val::S64(-1)));
    assert_eq!(time(optional(GuestType::U64)), Ok(Val::Option(None)));
    let none = "the record's timestamp: there is none; in an `option` such records could be taken";
    assert_eq!(time(GuestType::U64), Err(none.into()));
}

#[test]
fn values_of_a_schema() {
    let schema = Arc::new(parse(r#"{"type": "record", "name": "V", "fields": [{"name": "n", "type": "int"}]}"#));
    let ty = record(&[("n", GuestType::S32)]);
    let writers = Writers::new(schema.clone(), schema, &ty, &[], None).unwrap_or_else(|error| panic!("{error:?}"));
    let intake = intake::compile(&Unit::bare(&ty), ValuePlan::Avro(writers), None);
    let mut intake = intake.unwrap_or_else(|error| panic!("{error:?}"));
    let mut image = Image::default();
    image.begin(intake.stride(), 2, 0, 4096);
    let mut take = |value: Value<'_>| intake.take(&mut image, value, &PLAIN).map_err(|unfit| unfit.to_string());
    let text = "value ends early: 1 bytes promised, 0 left at byte 0, field `n`";
    assert_eq!(take(Value::Bytes(b"", 0)), Err(text.into()));
    assert_eq!(take(Value::Bytes(b"\x02", 0)), Ok(()));
}
