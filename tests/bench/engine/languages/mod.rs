//! The same guest in every language: how large it is, how long its build, its loads and its first record take, what a
//! record costs, and the memory of an instance. Needs the guests and the tool chains of all languages.

mod build;
mod cpu;
mod page;
mod start;

use std::path::Path;
use std::rc::Rc;

use millstream::config;
use millstream::guest::Engine;
use millstream::pipeline::Prepared;
use millstream::record::Batch;

use crate::contender::{Contender, Failure};
use crate::groups::{ENRICHED, Entry, Group, PAYMENT, avro, native_typed};
use crate::lane::Lane;
use crate::{Options, best, check, measure};
use start::Start;

/// Records in a call, as pipelines have by default.
const BATCH: usize = 256;
/// Records of a round. Interpreters take some milliseconds for so many: more would seldom go undisturbed.
const RECORDS: u64 = 512;

/// A language of guests.
pub struct Language {
    /// As people write it, with a link to its page.
    title: &'static str,
    /// Its folder below `guests`.
    folder: &'static str,
    /// The author's file below the case's folder.
    source: &'static str,
    /// What builds it.
    tools: &'static str,
}

const LANGUAGES: [Language; 6] = [
    Language {
        title: "Rust",
        folder: "rust",
        source: "src/lib.rs",
        tools: "rustc 1.95 for wasm32-wasip2, wit-bindgen 0.61",
    },
    Language { title: "[C](c/README.md)", folder: "c", source: "enrich.c", tools: "clang 19, wasi-libc" },
    Language {
        title: "[Go](go/README.md)",
        folder: "go",
        source: "export_wit_world/enrich.go",
        tools: "Go 1.26, wit-bindgen 0.61",
    },
    Language {
        title: "[JavaScript](javascript/README.md)",
        folder: "javascript",
        source: "enrich.js",
        tools: "Node 20, componentize-qjs 0.4.5",
    },
    Language {
        title: "[TypeScript](typescript/README.md)",
        folder: "typescript",
        source: "enrich.ts",
        tools: "the same, TypeScript 5.9.3",
    },
    Language {
        title: "[Python](python/README.md)",
        folder: "python",
        source: "app.py",
        tools: "Python 3.10 or later, componentize-py 0.25.1",
    },
];

impl Language {
    /// Where its guest is.
    fn project(&self) -> String {
        format!("guests/{}/enrich", self.folder)
    }

    fn wasm(&self) -> String {
        format!("{}/enrich.wasm", self.project())
    }

    /// Its guest, loaded by an engine.
    fn prepare(&self, engine: &Engine) -> Result<Prepared, Failure> {
        let text = format!(
            "[pipeline]\nname = \"bench\"\n[source]\ntopics = [\"payments\"]\n{}\n[[stage]]\nguest = \"{}\"\n\
             [sink]\ntopic = \"out\"\n{}\n",
            avro(PAYMENT),
            self.wasm(),
            avro(ENRICHED)
        );
        let config = config::parse(&text, Path::new("bench.toml"), &|_| None).map_err(|why| why.to_string())?;
        Prepared::load(config, engine).map_err(|why| why.to_string().into())
    }
}

/// A language's line in the table.
struct Row {
    language: &'static Language,
    /// Bytes of the component.
    size: u64,
    /// CPU seconds of a build after a change of the author's file.
    build: f64,
    start: Start,
    /// Nanoseconds a record, and that as a multiple of native Rust.
    record: (f64, f64),
    /// Bytes of memory of an instance after all records.
    memory: usize,
}

/// Measures all languages, or only one, which is printed and not written to the page.
pub fn run(options: &Options, page: &str) -> Result<(), Failure> {
    let only = options.only.as_deref();
    let languages: Vec<_> =
        LANGUAGES.iter().filter(|language| only.is_none_or(|only| only == language.folder)).collect();
    if languages.is_empty() {
        return Err("no such language; there are: rust, c, go, javascript, typescript, python".into());
    }
    let records = Rc::new(crate::payments::avro(options.records.unwrap_or(RECORDS).max(1)));
    let mut rows = Vec::new();
    for language in &languages {
        eprintln!("{} ...", language.folder);
        let build = build::build(language)?;
        let size = std::fs::metadata(language.wasm())?.len();
        let start = start::start(language, &records)?;
        rows.push(Row { language, size, build, start, record: (0.0, 0.0), memory: 0 });
    }
    eprintln!("records ...");
    records_of(&mut rows, &records, options.rounds)?;
    for row in &rows {
        eprintln!("{}: {:.0} ns a record", row.language.folder, row.record.0);
    }
    let table = page::table(&rows);
    println!("{table}");
    if only.is_none() {
        page::write(Path::new(page), &table)?;
    }
    Ok(())
}

/// What a record costs in each language, all of them and native Rust in the same rounds.
fn records_of(rows: &mut [Row], records: &Rc<Batch>, rounds: usize) -> Result<(), Failure> {
    let engine = Engine::start(None)?;
    let mut entries =
        vec![Entry { name: "native Rust, owned fields".into(), size: 16, contender: Box::new(native_typed()?) }];
    for row in &mut *rows {
        let prepared = row.language.prepare(&engine)?;
        let mut lane = Lane::start(&prepared)?;
        for first in (0..records.len()).step_by(BATCH) {
            lane.batch(records, first..(first + BATCH).min(records.len()))?;
        }
        row.memory = lane.memory();
        entries.push(Entry { name: row.language.folder.into(), size: BATCH, contender: Box::new(lane) });
    }
    let mut groups = [Group { title: "languages", records: records.clone(), entries }];
    groups.iter_mut().try_for_each(check)?;
    let rounds = measure(&mut groups, rounds)?;
    let times: Vec<&[f64]> = rounds.iter().map(|times| &times[0][..]).collect();
    for (row, at) in rows.iter_mut().zip(1..) {
        row.record = (best(&times, at), best(&times, at) / best(&times, 0));
    }
    Ok(())
}
