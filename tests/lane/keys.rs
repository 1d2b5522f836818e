//! Keys that are Avro, read as generic records: their text stands neither where the value's does nor in the plan.

use std::sync::Arc;

use millstream::contract::shape::Unit;
use millstream::contract::types::GuestType;
use millstream::decode::intake::{self, Around, KeySchema, Value, ValuePlan};
use millstream::decode::{From, Image, relay};
use millstream::record::Headers;
use millstream::schema;
use millstream::schema::local::LocalTable;

use super::echo::{IMAGE_LIMIT, transform_of};
use super::generic::GUEST;

const OLD: &str = r#"{"type":"record","name":"Key","fields":[{"name":"a","type":"string"}]}"#;
const NEW: &str = r#"{"type":"record","name":"Key","fields":[{"name":"a","type":"string"},
    {"name":"region","type":"string","default":"a default that is longer than any key"}]}"#;

/// What the pointers of the image's last record lead to, values aside.
fn texts(image: &Image, first: usize, source: &[u8]) -> Vec<String> {
    let bytes = |start: u32, len: u32, from: From| match from {
        From::Source => source[start as usize..(start + len) as usize].to_vec(),
        From::Image(_) => image.slice(start as usize, len as usize).to_vec(),
    };
    let fixups = image.fixups()[first..].iter().filter(|fixup| fixup.from != From::Image(8));
    let all = fixups.map(|fixup| bytes(fixup.start, fixup.len, fixup.from));
    all.map(|text| String::from_utf8_lossy(&text).into_owned()).collect()
}

#[test]
fn a_key_and_the_defaults_it_lacks_are_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in
        [("old.avsc", OLD), ("new.avsc", NEW), ("ids.toml", "[ids]\n1 = \"old.avsc\"\n2 = \"new.avsc\"\n")]
    {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    let table = LocalTable::load(folder.path()).unwrap_or_else(|why| panic!("{why}"));
    let reader = Arc::new(schema::parse(NEW).unwrap_or_else(|why| panic!("{why}")));
    let key = KeySchema { schema: reader, table: Some(Arc::new(table)) };
    let value = GuestType::List(Box::new(GuestType::U8));
    let generic = transform_of(&GUEST).input.clone();
    let unit = GuestType::Record(vec![("key".into(), generic), ("value".into(), value.clone())]);
    let unit = Unit::envelope(&unit).expect("an envelope");
    let plan = ValuePlan::Plan(relay::whole(&value).expect("bytes"));
    let mut intake = intake::compile(&unit, plan, Some(&key)).unwrap_or_else(|why| panic!("{why:?}"));

    let source = b"the value";
    let mut image = Image::default();
    image.begin(intake.stride(), 3, 0, IMAGE_LIMIT);
    let default = "a default that is longer than any key";
    let keys: [(&[u8], [&str; 2]); 3] = [
        (b"\0\0\0\0\x01\x04ab", ["ab", default]),
        (b"\0\0\0\0\x02\x04cd\x04eu", ["cd", "eu"]),
        (b"\0\0\0\0\x01\x04ef", ["ef", default]),
    ];
    for (key, expected) in keys {
        let first = image.fixups().len();
        let around = Around {
            key: Some(key),
            headers: Headers::NONE,
            topic: "t",
            partition: 0,
            offset: 0,
            timestamp: -1,
            log_append: false,
        };
        intake.take(&mut image, Value::Bytes(source, 0), &around).unwrap_or_else(|why| panic!("{why}"));
        let found = texts(&image, first, source);
        assert_eq!(found[0], "the value");
        assert_eq!(found[1..], expected);
    }
}
