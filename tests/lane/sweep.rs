//! Schemas of other people, and ones made to be hard: values of each go through a generated guest that answers what
//! it gets, and come out as the same bytes.
//!
//! `schemas/README.md` says where each schema is from, `docs/schemas.md` what became of it in this test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;
use millstream::contract::wit;
use millstream::schema::{self, Schema};
use serde_json::Value as Json;

use super::drawn::{self, Draw, Extent};
use super::echo::{Fields, Lane, Setup, echo_component};
use super::value::{self, CANONICAL, V};

/// Values of each schema.
const VALUES: usize = 64;

/// What is refused, and the sentence that says why; everything else must pass.
const REFUSED: &[(&str, &str)] = &[
    // Its references fan out to 213 million types; engines bound a component's types too.
    ("avro_large", "written out in full, the schema has more than 65536 types; split it into smaller ones"),
    // The specification wants a default that is a value of the field's type, of some branch where that is a union.
    (
        "samza_profile",
        "the default of field org.apache.samza.sql.avro.schemas.Profile.address does not fit: expected record \
         org.apache.samza.sql.avro.schemas.AddressRecord, found null",
    ),
    // Without data there is nothing that WIT could name.
    (
        "made/hollow_items",
        "input schema: an item of made.HollowItems.nulls is null, which carries no data; as the item of an array \
         it has no WIT type. Such a type may only be a record's field or a branch among several",
    ),
    (
        "made/hollow_option",
        "input schema: made.HollowOption.flag is record made.Present, which carries no data; as the only branch \
         beside null it has no WIT type. Such a type may only be a record's field or a branch among several",
    ),
    (
        "made/hollow_record",
        "input schema: made.Nothing is record made.Nothing, which carries no data; as the whole value it has no \
         WIT type. Such a type may only be a record's field or a branch among several",
    ),
    (
        "made/hollow_root",
        "input schema: the outermost type is null, which carries no data; as the whole value it has no WIT type. \
         Such a type may only be a record's field or a branch among several",
    ),
    (
        "made/hollow_values",
        "input schema: a value of made.HollowValues.set is record made.Nothing, which carries no data; as the \
         value of a map it has no WIT type. Such a type may only be a record's field or a branch among several",
    ),
];

/// Schemas that the Avro library parses and then cannot read with, and a part of its reason. The specification
/// (Names): "A namespace of the empty string indicates the null namespace"; the library takes it for none, so that
/// the namespace around it counts.
const UNREAD_BY_AVRO: &[(&str, &str)] = &[("made/null_namespace", "Two named schema defined for same fullname")];

/// What became of one schema.
struct Row {
    /// Absent where it is not parsed.
    extent: Option<Extent>,
    recursive: bool,
    /// How many values came back, or why there is no lane.
    result: Result<usize, String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("lane/schemas")
}

/// All schema files: the name that the tables call them, and the path.
fn files() -> BTreeMap<String, PathBuf> {
    let mut files = BTreeMap::new();
    for (prefix, folder) in [("", folder()), ("made/", folder().join("made"))] {
        for entry in fs::read_dir(&folder).expect("the folder of schemas") {
            let path = entry.expect("a file").path();
            if path.extension().is_some_and(|end| end == "avsc") {
                let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
                files.insert(format!("{prefix}{stem}"), path);
            }
        }
    }
    files
}

/// The schema as the Avro library can take it for plain values: it holds logical ones apart, and its way with
/// defaults is its own.
fn plainly(text: &str) -> apache_avro::Schema {
    let mut json: Json = serde_json::from_str(text).expect("JSON");
    strip(&mut json);
    apache_avro::Schema::parse(&json).unwrap_or_else(|error| panic!("the Avro library: {error}: {text}"))
}

fn strip(json: &mut Json) {
    match json {
        Json::Object(object) => {
            object.remove("default");
            object.remove("logicalType");
            object.values_mut().for_each(strip);
        }
        Json::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Whether the Avro library can read with what it has parsed.
fn readable(name: &str, avro: &apache_avro::Schema) -> bool {
    let listed = UNREAD_BY_AVRO.iter().find(|(file, _)| *file == name);
    match (GenericDatumReader::builder(avro).build(), listed) {
        (Ok(_), None) => true,
        (Ok(_), Some(_)) => panic!("{name}: the Avro library reads it; take it off UNREAD_BY_AVRO"),
        (Err(error), None) => panic!("{name}: the Avro library does not read it: {error}"),
        (Err(error), Some((_, why))) => {
            assert!(error.to_string().contains(why), "{name}: {error}");
            false
        }
    }
}

/// The value's bytes, which the Avro library, where it can, must read as the same value and write as the same bytes.
fn checked(value: &V, avro: Option<&apache_avro::Schema>) -> Vec<u8> {
    let bytes = value::encode(value, CANONICAL);
    let Some(avro) = avro else { return bytes };
    let reader = GenericDatumReader::builder(avro).build().expect("a reader");
    let mut rest = bytes.as_slice();
    let theirs = reader.read_value(&mut rest).unwrap_or_else(|error| panic!("the Avro library: {error}: {value:?}"));
    assert!(rest.is_empty(), "the Avro library leaves {} bytes of {value:?}", rest.len());
    assert_eq!(value::from_avro(&theirs), value::sorted(value), "the Avro library reads something else");
    if !value::has_order(value) {
        let writer = GenericDatumWriter::builder(avro).build().expect("a writer");
        let written = writer.write_value_to_vec(theirs).unwrap_or_else(|error| panic!("the Avro library: {error}"));
        assert_eq!(written, bytes, "the Avro library writes something else");
    }
    bytes
}

/// Takes values of the schema through the lane; how many came back, or the sentence of the refusal.
fn pass(name: &str, text: &str, schema: &Schema) -> Result<usize, String> {
    let seed = name.bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    let avro = plainly(text);
    let avro = readable(name, &avro).then_some(&avro);
    let mut draw = Draw::new(schema, seed);
    let values: Vec<Vec<u8>> = (0..VALUES).map(|_| checked(&draw.next(), avro)).collect();
    let options = wit::Options { package: "test:sweep".into(), ..wit::Options::default() };
    wit::package(schema, schema, &options).map_err(|refusal| refusal.to_string())?;
    let component = echo_component(schema, schema, &Fields::default());
    let mut lane = Lane::start(&Setup::same(schema, &component))?;
    for batch in values.chunks(VALUES / 2) {
        let sent: Vec<(usize, &[u8])> = batch.iter().map(|bytes| (0, bytes.as_slice())).collect();
        let answers = lane.run(&sent).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (answer, bytes) in answers.iter().zip(batch) {
            assert_eq!(answer.as_ref(), Ok(bytes), "{name}: an answer differs from what was sent");
        }
    }
    Ok(values.len())
}

fn row(name: &str, path: &Path) -> Row {
    let text = fs::read_to_string(path).expect("a schema file");
    let schema = match schema::parse(&text) {
        Ok(schema) => schema,
        Err(error) => return Row { extent: None, recursive: false, result: Err(error.to_string()) },
    };
    let theirs = apache_avro::Schema::parse_str(&text);
    assert!(theirs.is_ok(), "{name}: the Avro library refuses what we take: {theirs:?}");
    let result = pass(name, &text, &schema);
    Row { extent: Some(drawn::extent(&schema)), recursive: schema.recursive().is_some(), result }
}

/// The table of `docs/schemas.md`.
fn table(rows: &BTreeMap<String, Row>) -> String {
    let mut table = String::from(
        "| Schema | Named types | Fields | Widest union | Levels | Recursive | Result |\n|---|---|---|---|---|---|---|\n",
    );
    for (name, Row { extent, recursive, result }) in rows {
        let extent = extent.map_or(" | | | ".into(), |Extent { named, fields, branches, levels }| {
            format!("{named} | {fields} | {branches} | {levels}")
        });
        let recursive = if *recursive { "yes" } else { "" };
        let result = match result {
            Ok(count) => format!("{count} values, same bytes"),
            Err(why) => format!("refused: {why}"),
        };
        table.push_str(&format!("| {name} | {extent} | {recursive} | {result} |\n"));
    }
    table
}

#[test]
fn any_real_schema_comes_back_as_the_same_bytes() {
    let rows: BTreeMap<String, Row> = files().iter().map(|(name, path)| (name.clone(), row(name, path))).collect();
    let mut wrong = Vec::new();
    for (name, row) in &rows {
        let expected = REFUSED.iter().find(|(file, _)| file == name).map(|(_, why)| why.to_string());
        if row.result.as_ref().err() != expected.as_ref() {
            wrong.push(format!("{name}: {:?}, but expected {expected:?}", row.result));
        }
    }
    let passed = rows.values().filter(|row| row.result.is_ok()).count();
    let recursive = rows.values().filter(|row| row.recursive).count();
    println!("{} schemas tried, {passed} passed, {} refused; {recursive} recursive", rows.len(), rows.len() - passed);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(passed + REFUSED.len(), rows.len(), "REFUSED names a schema that is not there");
    let public = rows.keys().filter(|name| !name.starts_with("made/")).count();
    assert!(public >= 36 && recursive >= 12, "{public} public schemas, {recursive} recursive ones");
    let page = include_str!("../../docs/schemas.md");
    let table = table(&rows);
    assert!(page.contains(&table), "docs/schemas.md is to have this table:\n{table}");
}

#[test]
fn every_schema_has_a_line_that_says_where_it_is_from() {
    let page = include_str!("schemas/README.md");
    for name in files().keys() {
        assert!(page.contains(&format!("| {name} | ")), "schemas/README.md has no line for {name}");
    }
}
