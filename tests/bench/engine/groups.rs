//! Who competes with whom: for each kind of guest native Rust first, then the pipeline with batches of several sizes.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use millstream::config;
use millstream::guest::Engine;
use millstream::pipeline::Prepared;
use millstream::record::{Batch, Record};
use millstream::schema::{self, Schema};
use serde_avro_fast::ser::SerializerConfig;

use crate::contender::{Contender, Failure, Native, Out};
use crate::lane::Lane;
use crate::native::codec::Reader;
use crate::native::{codec, route, tree, typed};
use crate::payments;

pub const PAYMENT: &str = "schemas/payment.avsc";
pub const ENRICHED: &str = "schemas/enriched.avsc";
/// The fields that the generic contenders mask.
const MASKED: [&str; 2] = ["account", "note"];

/// Contenders that do the same work on the same records. The first is what the others are compared with.
pub struct Group {
    pub title: &'static str,
    pub records: Rc<Batch>,
    pub entries: Vec<Entry>,
}

pub struct Entry {
    pub name: String,
    pub size: usize,
    pub contender: Box<dyn Contender>,
}

/// Adds a group's contenders.
type Fill = fn(&mut Groups) -> Result<(), Failure>;

/// The groups, and what fills each.
const TITLES: &[(&str, Fill)] = &[
    ("typed", Groups::typed),
    ("envelope", Groups::envelope),
    ("generic", Groups::generic),
    ("user functions", Groups::functions),
    ("user functions over bytes", Groups::decoder),
    ("bytes", Groups::bytes),
    ("json", Groups::json),
];

/// Makes groups, on the same records.
pub struct Groups {
    engine: Engine,
    avro: Rc<Batch>,
    json: Rc<Batch>,
    /// The schemas as the native crate reads them, for as long as the program runs.
    payment: &'static serde_avro_fast::Schema,
    enriched: &'static serde_avro_fast::Schema,
    all: Vec<Group>,
}

impl Groups {
    /// All of them, or only the one of this title, with so many records.
    pub fn make(records: u64, only: Option<&str>) -> Result<Vec<Group>, Failure> {
        let mut groups = Groups {
            engine: Engine::start(None)?,
            avro: Rc::new(payments::avro(records)),
            json: Rc::new(payments::json(records)),
            payment: read(PAYMENT)?,
            enriched: read(ENRICHED)?,
            all: Vec::new(),
        };
        let mut found = false;
        for (title, fill) in TITLES {
            if only.is_none_or(|only| only == *title) {
                let records = if *title == "json" { groups.json.clone() } else { groups.avro.clone() };
                groups.all.push(Group { title, records, entries: Vec::new() });
                fill(&mut groups)?;
                found = true;
            }
        }
        match found {
            true => Ok(groups.all),
            false => {
                let titles: Vec<&str> = TITLES.iter().map(|(title, _)| *title).collect();
                Err(format!("no such group; there are: {}", titles.join(", ")).into())
            }
        }
    }

    fn enter(&mut self, name: String, size: usize, contender: impl Contender + 'static) {
        if let Some(group) = self.all.last_mut() {
            group.entries.push(Entry { name, size, contender: Box::new(contender) });
        }
    }

    fn native<F>(&mut self, name: &str, work: F)
    where
        F: FnMut(&Record<'_>, &[u8], &mut Out) -> Result<(), Failure> + 'static,
    {
        self.enter(format!("native Rust, {name}"), 16, Native::new(work));
    }

    /// The pipeline of a guest, once for each size of batch.
    fn lanes(&mut self, guest: &str, ends: [&str; 2], stage: &str, sizes: &[usize]) -> Result<(), Failure> {
        let [source, sink] = ends;
        let text = format!(
            "[pipeline]\nname = \"bench\"\n[source]\ntopics = [\"payments\"]\n{source}\n\
             [[stage]]\nguest = \"guests/rust/{guest}/{guest}.wasm\"\n{stage}\n[sink]\ntopic = \"out\"\n{sink}\n"
        );
        let config = config::parse(&text, Path::new("bench.toml"), &|_| None).map_err(|why| why.to_string())?;
        let prepared = Prepared::load(config, &self.engine).map_err(|why| why.to_string())?;
        for &size in sizes {
            self.enter(format!("guest {guest}, batch {size}"), size, Lane::start(&prepared)?);
        }
        Ok(())
    }

    fn typed(&mut self) -> Result<(), Failure> {
        self.enter("native Rust, owned fields".into(), 16, native_typed()?);
        let (input, mut config) = (self.payment, SerializerConfig::new(self.enriched));
        self.native("borrowed fields", move |_, value, out| {
            let payment: typed::Payment<&str> = serde_avro_fast::from_datum_slice(value, input)?;
            serde_avro_fast::to_datum(&typed::enrich(payment), &mut out.bytes, &mut config)?;
            Ok(())
        });
        self.lanes("enrich", [&avro(PAYMENT), &avro(ENRICHED)], "", &[1, 16, 256])
    }

    fn envelope(&mut self) -> Result<(), Failure> {
        let (input, mut config) = (self.payment, SerializerConfig::new(self.payment));
        self.native("owned fields", move |record, value, out| {
            let payment: typed::Payment<String> = serde_avro_fast::from_datum_slice(value, input)?;
            out.around.push(route::route(record, &payment)?);
            serde_avro_fast::to_datum(&payment, &mut out.bytes, &mut config)?;
            Ok(())
        });
        let topics = r#"topics = ["payments.large", "payments.domestic", "payments.europe"]"#;
        let sink = format!("{}\n{topics}", avro(PAYMENT));
        self.lanes("route", [&avro(PAYMENT), &sink], "", &[16, 256])
    }

    fn generic(&mut self) -> Result<(), Failure> {
        let schema = load(PAYMENT)?;
        let masked = tree::masked(&schema, &MASKED);
        self.native("a tree of its own", move |_, value, out| {
            let root = schema.root();
            let mut tree = tree::decode(&schema, root, &mut Reader::new(value))?;
            tree::mask(&schema, root, &mut tree, false, &masked);
            Ok(tree::encode(&schema, root, &tree, &mut out.bytes)?)
        });
        let stage = format!("grants = [\"config\"]\nconfig = {{ fields = \"{}\" }}", MASKED.join(", "));
        self.lanes("mask", [&avro(PAYMENT), &avro(PAYMENT)], &stage, &[16, 256])
    }

    fn functions(&mut self) -> Result<(), Failure> {
        let (input, output) = (load(PAYMENT)?, load(ENRICHED)?);
        self.native("tree, struct, tree", move |_, value, out| {
            let tree = tree::decode(&input, input.root(), &mut Reader::new(value))?;
            let mut payment = tree::payment(tree)?;
            payment.enrich();
            Ok(tree::encode(&output, output.root(), &tree::enriched(payment), &mut out.bytes)?)
        });
        self.lanes("bench-functions", [&avro(PAYMENT), &avro(ENRICHED)], "", &[16, 256])
    }

    fn decoder(&mut self) -> Result<(), Failure> {
        self.native("the guest's own code", |_, value, out| {
            let mut payment = codec::decode(value)?;
            payment.enrich();
            out.bytes.extend_from_slice(&codec::encode(&payment));
            Ok(())
        });
        self.lanes("bench-decoder", [BYTES, BYTES], "", &[16, 256])
    }

    fn bytes(&mut self) -> Result<(), Failure> {
        self.native("a copy", |_, value, out| {
            let mut value = value.to_vec();
            *value.first_mut().ok_or("an empty value")? ^= 1;
            out.bytes.extend_from_slice(&value);
            Ok(())
        });
        self.lanes("bench-bytes", [BYTES, BYTES], "", &[16, 256])
    }

    fn json(&mut self) -> Result<(), Failure> {
        self.native("serde_json", |_, value, out| {
            let payment: typed::Payment<String> = serde_json::from_slice(value)?;
            Ok(serde_json::to_writer(&mut out.bytes, &typed::enrich(payment))?)
        });
        let json = |schema: &str| format!("format = \"json\"\nschema = \"{schema}\"");
        self.lanes("enrich", [&json(PAYMENT), &json(ENRICHED)], "", &[16, 256])
    }
}

/// What guests that transform typed records are compared with: structs with owned fields.
pub fn native_typed() -> Result<impl Contender + 'static, Failure> {
    let (input, mut config) = (read(PAYMENT)?, SerializerConfig::new(read(ENRICHED)?));
    Ok(Native::new(move |_: &Record<'_>, value: &[u8], out: &mut Out| {
        let payment: typed::Payment<String> = serde_avro_fast::from_datum_slice(value, input)?;
        serde_avro_fast::to_datum(&typed::enrich(payment), &mut out.bytes, &mut config)?;
        Ok(())
    }))
}

/// A schema as the native crate reads it, for as long as the program runs.
fn read(path: &str) -> Result<&'static serde_avro_fast::Schema, Failure> {
    Ok(Box::leak(Box::new(std::fs::read_to_string(path)?.parse()?)))
}

const BYTES: &str = "format = \"bytes\"";

pub fn avro(schema: &str) -> String {
    format!("format = \"avro\"\nframing = \"none\"\nschema = \"{schema}\"")
}

fn load(path: &str) -> Result<Arc<Schema>, Failure> {
    Ok(Arc::new(schema::load(Path::new(path))?))
}
