//! The kit over one guest.

use std::path::Path;

use super::batches::{Alone, SIZES};
use super::folder::Folder;
use super::kit::{KITS, Kit};
use super::refusals::{self, Refusal};
use crate::cases::{Case, Cost, Maker, judge, read};
use crate::config::{self, Pipeline, Problems, TestFile};
use crate::guest::{Engine, Grants, Guest, WASMTIME};
use crate::pipeline::inspect::{Fit, Lane, Side, fit, lanes};
use crate::pipeline::offline::{Given, Offline};
use crate::pipeline::plain::SinkForm;
use crate::pipeline::{Failure, Prepared};
use crate::telemetry::capture::captured;
use crate::telemetry::metrics::{Build, Exporter, Metrics};

/// How a test of a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The test's name.
    pub name: String,
    /// What differs; nothing where it passed.
    pub failures: Vec<String>,
    /// What the guest logged.
    pub logs: Vec<String>,
}

/// All that is needed to bring up the guest.
pub(super) struct Ground<'a> {
    prepared: &'a Prepared,
    metrics: &'a Metrics,
    maker: &'a mut Maker,
}

impl Ground<'_> {
    /// A fresh instance.
    pub(super) fn start(&self) -> Result<Offline, Failure> {
        Offline::start(self.prepared, self.metrics)
    }

    /// How outputs are read.
    pub(super) fn sink(&mut self) -> &mut SinkForm {
        &mut self.maker.sink
    }
}

/// The cases whose shape and schemas a guest has.
pub fn fitting(engine: &Engine, guest: &Path) -> Result<Vec<&'static Kit>, Problems> {
    let refused = |why: String| Problems::of_file(guest, why, None);
    let all = Grants { clock: true, random: true, log: true, metrics: true, config: true };
    let loaded = Guest::load(engine, guest, &all).map_err(|error| refused(error.to_string()))?;
    let shape: Vec<String> = lanes(&loaded).iter().map(in_words).collect();
    let mut found = Vec::new();
    for kit in KITS.iter().filter(|kit| kit.shape.iter().eq(&shape)) {
        let folder = Folder::temporary(kit).map_err(|error| refused(error.to_string()))?;
        let pipeline = frame(folder.path(), guest)?;
        let (source, sink) = (&pipeline.source.schema, &pipeline.sink.schema);
        if let (Some(source), Some(sink)) = (source, sink)
            && fit(&loaded, source, sink)? == Fit::Fits
        {
            found.push(kit);
        }
    }
    Ok(found)
}

fn in_words(lane: &Lane) -> String {
    let side = |side: Side| if side.envelope { format!("{} in an envelope", side.form) } else { side.form.to_owned() };
    format!("{}: {} -> {} {}", lane.function, side(lane.takes), lane.outputs, side(lane.gives))
}

/// The case's pipeline with this guest in it.
fn frame(folder: &Path, guest: &Path) -> Result<Pipeline, Problems> {
    let mut pipeline = config::load(&folder.join("pipeline.toml"))?;
    for stage in &mut pipeline.stages {
        guest.clone_into(&mut stage.guest);
    }
    Ok(pipeline)
}

/// Runs all tests of a case over a guest, and tells each as soon as it is done. The error says why none could be run.
pub fn run(engine: &Engine, kit: &Kit, guest: &Path, tell: &mut dyn FnMut(Verdict)) -> Result<(), Problems> {
    let refused = |why: String| Problems::of_file(guest, why, None);
    let folder = Folder::temporary(kit).map_err(|error| refused(error.to_string()))?;
    let pipeline = frame(folder.path(), guest)?;
    let tests = config::load_tests(&folder.path().join("tests.toml"))?;
    let prepared = Prepared::load(pipeline, engine)?;
    let mut maker = Maker::of(&prepared)?;
    let mut cases = Vec::with_capacity(tests.cases.len());
    for index in 0..tests.cases.len() {
        cases.push(maker.case(&tests, index)?);
    }
    let config = &prepared.config;
    // Nobody asks for these.
    let build = Build { version: env!("CARGO_PKG_VERSION"), commit: "unknown", wasmtime: WASMTIME };
    let metrics = Exporter::new(build).pipeline(&config.name, &config.tenant);
    let mut ground = Ground { prepared: &prepared, metrics: &metrics, maker: &mut maker };
    for (index, case) in cases.iter().enumerate() {
        tell(one(&mut ground, &tests, index, case));
    }
    let records: Vec<Given> = cases.into_iter().flat_map(|case| case.given).collect();
    together(&mut ground, kit, &records, tell);
    for refusal in kit.text("refusals.toml").and_then(refusals::read).unwrap_or_default() {
        tell(refuses(engine, &prepared.config, refusal));
    }
    Ok(())
}

/// A test in an instance of its own.
fn one(ground: &mut Ground<'_>, tests: &TestFile, index: usize, case: &Case) -> Verdict {
    let name = tests.cases[index].name.clone();
    let (done, logs) = captured(|| ground.start()?.run(&case.given, 0));
    let failures = match done {
        // No limit of time is asked for: the kit runs on machines of any speed.
        Ok(outcomes) => judge(&case.wanted, &read(outcomes, ground.sink()), Cost::default()),
        Err(failure) => vec![failure.to_string()],
    };
    Verdict { name, failures, logs }
}

fn together(ground: &mut Ground<'_>, kit: &Kit, records: &[Given], tell: &mut dyn FnMut(Verdict)) {
    let verdict = |name: &str, done: Result<Vec<String>, Failure>, logs| Verdict {
        name: name.to_owned(),
        failures: done.unwrap_or_else(|failure| vec![failure.to_string()]),
        logs,
    };
    let (alone, logs) = captured(|| Alone::of(ground, records));
    let alone = match alone {
        Ok(alone) => alone,
        Err(failure) => return tell(verdict("each record by an instance of its own", Err(failure), logs)),
    };
    if kit.identity {
        tell(verdict("answers are byte by byte what came in", Ok(alone.changed()), Vec::new()));
    }
    for size in SIZES {
        let (done, logs) = captured(|| alone.together(ground, size));
        tell(verdict(&format!("all records in batches of {size}, by one instance"), done, logs));
    }
}

/// A guest that comes up with settings that it has to refuse.
fn refuses(engine: &Engine, config: &Pipeline, refusal: Refusal) -> Verdict {
    let mut config = config.clone();
    for stage in &mut config.stages {
        stage.config = refusal.config.clone();
    }
    let (loaded, logs) = captured(|| Prepared::load(config, engine));
    let wanted = &refusal.expect;
    let failures = match loaded {
        Ok(_) => vec![format!("its init succeeds, expected a failure with {wanted:?}")],
        Err(problems) if problems.iter().any(|problem| problem.message.contains(wanted)) => Vec::new(),
        Err(problems) => {
            let said: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
            vec![format!("expected {wanted:?} in the reason: {}", said.join("; "))]
        }
    };
    Verdict { name: refusal.name, failures, logs }
}
