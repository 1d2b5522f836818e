//! How long it takes until a guest works: the first load, later ones, an instance, its first record; and all of it
//! together, as a program that is started for one record.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use harness::paths;
use millstream::guest::Engine;
use millstream::record::Batch;

use super::{Language, cpu};
use crate::contender::{Contender, Failure};
use crate::lane::Lane;

/// How often what is short is done; the best counts.
const TIMES: usize = 7;

/// Seconds.
pub struct Start {
    /// A load that compiles, in CPU seconds.
    pub first_load: f64,
    /// A load of what was compiled before.
    pub load: f64,
    /// An instance, its `init` included.
    pub instance: f64,
    /// The first record through a fresh instance.
    pub record: f64,
    /// From the start of a program that has been started before to its first output.
    pub program: f64,
}

pub fn start(language: &Language, records: &Batch) -> Result<Start, Failure> {
    let scratch = paths::scratch("languages")?;
    let kept = scratch.path().join("kept");
    let load = || -> Result<f64, Failure> {
        // An engine of its own, as a process has.
        let prepared = language.prepare(&Engine::start(Some(&kept))?)?;
        Ok(prepared.stages.iter().map(|stage| stage.load_seconds).sum())
    };
    let (first_load, _) = cpu::spent(load)?;
    let prepared = language.prepare(&Engine::start(Some(&kept))?)?;
    let mut best = Start {
        first_load,
        load: f64::INFINITY,
        instance: f64::INFINITY,
        record: f64::INFINITY,
        program: f64::INFINITY,
    };
    for _ in 0..TIMES {
        let begin = Instant::now();
        let mut lane = Lane::start(&prepared)?;
        let up = Instant::now();
        lane.batch(records, 0..1)?;
        best.record = best.record.min(up.elapsed().as_secs_f64());
        best.instance = best.instance.min((up - begin).as_secs_f64());
        best.load = best.load.min(load()?);
        best.program = best.program.min(program(language, &kept, scratch.path())?);
    }
    Ok(best)
}

/// Seconds from the start of `millstream run --input` to its first output.
fn program(language: &Language, kept: &Path, scratch: &Path) -> Result<f64, Failure> {
    let samples = std::fs::read_to_string("schemas/samples/payments.jsonl")?;
    let sample = samples.lines().next().ok_or("schemas/samples/payments.jsonl has no line")?;
    let input = scratch.join("one.jsonl");
    std::fs::write(&input, format!("{sample}\n"))?;
    let pipeline = format!("{}/pipeline.toml", language.project());
    let mut command = Command::new(paths::millstream()?);
    command.arg("run").arg(pipeline).arg("--input").arg(input).env("MILLSTREAM_CACHE_DIR", kept);
    let said = scratch.join("said");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(std::fs::File::create(&said)?);
    let begin = Instant::now();
    let mut process = command.spawn()?;
    let mut output = String::new();
    if let Some(stdout) = process.stdout.take() {
        BufReader::new(stdout).read_line(&mut output)?;
    }
    let time = begin.elapsed().as_secs_f64();
    let ended = process.wait()?;
    match ended.success() && output.contains("amount_eur") {
        true => Ok(time),
        false => {
            let said = std::fs::read_to_string(&said)?;
            Err(format!("{command:?} ended with {ended}; its first line was `{output}`, and it said:\n{said}").into())
        }
    }
}
