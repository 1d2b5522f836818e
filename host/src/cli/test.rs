//! `millstream test`: a pipeline's cases, without a broker.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;

use super::{Fault, open, run, say};
use crate::cases::{Case, Cost, Found, Maker, Report, judge, junit, read, update};
use crate::config::{self, Pipeline, Problems, TestFile};
use crate::pipeline::offline::Offline;
use crate::pipeline::{Failure, Prepared};
use crate::telemetry::capture::captured;
use crate::telemetry::metrics::{Exporter, Metrics};
use crate::telemetry::printable::printable;

/// What is tested, and how it is told.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The pipeline's file. Its cases stand in it, in `tests.toml` beside it, or beside its guest.
    #[arg(default_value = "pipeline.toml")]
    pipeline: PathBuf,
    /// Only cases with this text in their name.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Write what was found into the cases that fail or expect nothing yet. Look at the difference before you keep it.
    #[arg(long)]
    update: bool,
    /// Write the results as JUnit's XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Where cases stand beside pipeline.toml.
pub(super) const FILE: &str = "tests.toml";

/// A case that was run.
struct Ran {
    /// Which file, and which of its cases.
    file: usize,
    index: usize,
    case: Case,
    found: Found,
    report: Report,
}

pub(super) fn test(options: &Options) -> Result<(), Fault> {
    let config = config::load(&options.pipeline)?;
    let files = files(&config)?;
    // Counting makes guests slower and is code of its own: only where a case asks for it.
    let counts = files.iter().flat_map(|file| &file.cases).any(|case| case.fuel_max.is_some());
    let engine = if counts { open::metered_engine()? } else { open::engine()? };
    let prepared = open::prepare_on(&engine, config)?;
    let mut maker = Maker::of(&prepared)?;
    let chosen = chosen(options, &files, &mut maker)?;
    let config = &prepared.config;
    let metrics = Exporter::new(run::build()).pipeline(&config.name, &config.tenant);
    let mut all = Vec::with_capacity(chosen.len());
    for (file, index, case) in chosen {
        let ran = one(&prepared, &metrics, &mut maker, (&files[file], file, index), case)?;
        say(format_args!("{}", told(&ran, options.update)));
        all.push(ran);
    }
    let reports: Vec<Report> = all.iter().map(|ran| ran.report.clone()).collect();
    if let Some(path) = &options.junit {
        let written = std::fs::write(path, junit(&config.name, &reports));
        written.map_err(|error| Failure::Host(format!("cannot write {}: {error}", path.display())))?;
    }
    let failed = all.iter().filter(|ran| !ran.report.failures.is_empty()).count();
    let left_out = files.iter().map(|file| file.cases.len()).sum::<usize>() - all.len();
    let left_out = if left_out == 0 { String::new() } else { format!(", {left_out} left out") };
    say(format_args!("{} passed, {failed} failed{left_out}\n", all.len() - failed));
    let updated = if options.update { write_back(&files, &all, &maker)? } else { 0 };
    if failed > updated { Err(Fault::Told) } else { Ok(()) }
}

/// The files with cases: pipeline.toml, and those beside it and beside the guest. With several guests a file beside one
/// of them would not say whose records it has.
fn files(config: &Pipeline) -> Result<Vec<TestFile>, Problems> {
    let mut files = vec![config.tests.clone()];
    let mut folders = vec![folder(&config.file)];
    if let [stage] = config.stages.as_slice() {
        folders.push(folder(&stage.guest));
    }
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut problems = Problems::default();
    for path in folders.iter().map(|folder| folder.join(FILE)) {
        let Ok(real) = path.canonicalize() else { continue };
        if !seen.contains(&real) {
            files.extend(problems.keep(config::load_tests(&path)));
            seen.push(real);
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// The cases that are asked for, all of them without problems.
fn chosen(options: &Options, files: &[TestFile], maker: &mut Maker) -> Result<Vec<(usize, usize, Case)>, Problems> {
    let mut problems = Problems::default();
    let mut chosen = Vec::new();
    for (number, file) in files.iter().enumerate() {
        for (index, case) in file.cases.iter().enumerate() {
            let Some(made) = problems.keep(maker.case(file, index)) else { continue };
            if options.filter.as_ref().is_some_and(|text| !case.name.contains(text.as_str())) {
                continue;
            }
            if !made.wanted.says_something() && !options.update {
                let help =
                    "add `expect`, `expect-reject` or `expect-dropped`, or run with --update to fill in what comes out";
                let message = format!("the case {:?} expects nothing", case.name);
                problems.extend(file.problem_at(index, "name", message, Some(help.to_owned())));
            }
            chosen.push((number, index, made));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if chosen.is_empty() {
        let (message, help) = match &options.filter {
            Some(text) if files.iter().any(|file| !file.cases.is_empty()) => {
                (format!("no case has {text:?} in its name"), "correct --filter, or leave it out")
            }
            _ => ("there are no cases".to_owned(), "add a [[tests]] section, or a file `tests.toml` beside this one"),
        };
        return Err(Problems::of_file(&options.pipeline, message, Some(help.to_owned())));
    }
    Ok(chosen)
}

/// Runs one case in instances of its own, so that no case sees what another one left behind.
fn one(
    prepared: &Prepared,
    metrics: &Metrics,
    maker: &mut Maker,
    (file, number, index): (&TestFile, usize, usize),
    case: Case,
) -> Result<Ran, Failure> {
    let (done, logs) = captured(|| {
        let mut offline = Offline::start(prepared, metrics)?;
        // Coming up is not the records' work.
        let before = offline.burnt();
        let start = Instant::now();
        let outcomes = offline.run(&case.given, 0)?;
        let took: Duration = start.elapsed();
        let burnt = offline.burnt().zip(before).map(|(after, before)| after - before);
        Ok::<_, Failure>((outcomes, took, burnt))
    });
    let (outcomes, took, burnt) = done?;
    let found = read(outcomes, &mut maker.sink);
    let about = &file.cases[index];
    let cost = Cost { took, time_max: about.time_max, burnt, fuel_max: about.fuel_max };
    let mut failures = judge(&case.wanted, &found, cost);
    if !case.wanted.says_something() {
        failures.push("the case expects nothing".to_owned());
    }
    let line = file.location(index).map_or(0, |place| place.line);
    let (file, name) = (file.file.display().to_string(), about.name.clone());
    Ok(Ran { file: number, index, case, found, report: Report { file, line, name, failures, logs, took } })
}

fn told(ran: &Ran, update: bool) -> String {
    let Report { file, line, name, failures, logs, .. } = &ran.report;
    let name = printable(name, 200);
    if failures.is_empty() {
        return format!("ok    {name}\n");
    }
    let mut text = format!("FAIL  {name} ({file}:{line})\n");
    if update && !ran.case.wanted.says_something() {
        return text;
    }
    failures.iter().for_each(|failure| text.push_str(&format!("        {failure}\n")));
    logs.iter().for_each(|line| text.push_str(&format!("        log {line}\n")));
    text
}

/// All cases of a pipeline; none is no fault. How many there are, and what there is to read of each that fails.
pub(super) fn all(prepared: &Prepared) -> Result<(usize, Vec<String>), Fault> {
    let files = files(&prepared.config)?;
    if files.iter().all(|file| file.cases.is_empty()) {
        return Ok((0, Vec::new()));
    }
    let mut maker = Maker::of(prepared)?;
    let pipeline = prepared.config.file.clone();
    let chosen = chosen(&Options { pipeline, filter: None, update: false, junit: None }, &files, &mut maker)?;
    let metrics = Exporter::new(run::build()).pipeline(&prepared.config.name, &prepared.config.tenant);
    let (count, mut failed) = (chosen.len(), Vec::new());
    for (file, index, case) in chosen {
        let ran = one(prepared, &metrics, &mut maker, (&files[file], file, index), case)?;
        if !ran.report.failures.is_empty() {
            failed.push(told(&ran, false));
        }
    }
    Ok((count, failed))
}

/// Writes what was found into the files; the number of cases that pass from now on.
fn write_back(files: &[TestFile], all: &[Ran], maker: &Maker) -> Result<usize, Fault> {
    let mut count = 0;
    for (number, file) in files.iter().enumerate() {
        let here = all.iter().filter(|ran| ran.file == number && !ran.report.failures.is_empty());
        let found: Vec<_> = here.map(|ran| (ran.index, &ran.case.wanted, &ran.found)).collect();
        if found.is_empty() {
            continue;
        }
        let updated = update(file, &found, maker.sink.is_json());
        let path = file.file.display();
        for (index, why) in &updated.left {
            say(format_args!("not updated: {}: {why}\n", printable(&file.cases[*index].name, 200)));
        }
        if updated.changed.is_empty() {
            continue;
        }
        replace(file, &updated.text)?;
        let cases = if updated.changed.len() == 1 { "case" } else { "cases" };
        say(format_args!("updated {} {cases} in {path}\n", updated.changed.len()));
        count += updated.changed.len();
    }
    Ok(count)
}

/// Replaces a file as a whole or not at all, and only by a text that can be read again.
fn replace(file: &TestFile, text: &str) -> Result<(), Fault> {
    let path = &file.file;
    let is_pipeline = path.file_name().is_none_or(|name| name != FILE);
    let again = match is_pipeline {
        true => config::parse(text, path, &|name| std::env::var(name).ok()).map(|pipeline| pipeline.tests),
        false => config::parse_tests(text, path),
    };
    if again.is_ok_and(|again| again.cases.len() == file.cases.len()) {
        let mut beside = path.clone().into_os_string();
        beside.push(".new");
        let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path));
        return Ok(written.map_err(|error| Failure::Host(format!("cannot write {}: {error}", path.display())))?);
    }
    let why = "what was found cannot be written into it; this is a fault of Millstream: please report it with the file";
    Err(Problems::of_file(path, why.to_owned(), None).into())
}
