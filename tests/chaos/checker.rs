//! Calls the checker below `checker/`, a program of another language on another Kafka client: it fills the input, watches
//! the output beside the run, and judges in the end.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use harness::{Broker, Result, RigError, paths};
use serde::Deserialize;

/// What a run is about.
#[derive(Debug, Clone)]
pub struct Subject {
    pub input: String,
    pub output: String,
    pub letters: Option<String>,
    pub group: String,
    pub partitions: i32,
    pub records: u64,
    /// Records a second; 0 for as fast as it goes.
    pub rate: u64,
    pub seed: u64,
    /// Every so many records one has the next of `verbs`, by which the guest misbehaves; 0 for none.
    pub odd_every: u64,
    pub verbs: &'static str,
    /// Whether outputs have to say where they come from.
    pub origins: bool,
}

/// What is wrong with an output: all but `count`, `letters` and `silence` should be 0.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Report {
    /// Records in the output.
    pub count: u64,
    /// Records in the dead letter topic.
    pub letters: u64,
    pub missing: u64,
    /// Records that are there again.
    pub duplicate: u64,
    /// Those of them that were committed when something was done to the pipeline.
    pub unexcused: u64,
    /// Records of another run, or in the wrong topic.
    pub unknown: u64,
    /// Records whose hash does not fit them.
    pub wrong: u64,
    /// Records whose headers name another origin.
    pub origin: u64,
    /// First deliveries behind a later record of the same input partition.
    pub out_of_order: u64,
    /// Records that the reader beside the run saw, and that are not there any more.
    pub gone: u64,
    /// Input records that are not committed.
    pub behind: u64,
    /// Open transactions on the output.
    pub open: u64,
    /// Records behind the last stable offset.
    pub hidden: u64,
    /// The longest time without a new record, in seconds, from the first mark on.
    pub silence: f64,
    /// The first of each fault, in words.
    pub examples: Vec<String>,
}

/// A running checker, which ends with its pipe.
pub struct Checker {
    child: Child,
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
    log: PathBuf,
}

impl Checker {
    pub fn start(broker: &Broker, subject: &Subject, folder: &Path) -> Result<Checker> {
        let log = folder.join("checker.log");
        let file = File::create(&log).map_err(RigError::doing("creating the checker's log"))?;
        let mut command = Command::new(java("java"));
        command
            .args(["-Xmx512m", "-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            .args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp"])
            .arg(format!("{}:{}/*", compiled()?.display(), harness::jars()?.display()))
            .args(["Checker", "--brokers", broker.address()])
            .args(["--input", &subject.input, "--output", &subject.output, "--group", &subject.group])
            .args(["--partitions", &subject.partitions.to_string(), "--records", &subject.records.to_string()])
            .args(["--rate", &subject.rate.to_string(), "--seed", &subject.seed.to_string()])
            .args(["--odd-every", &subject.odd_every.to_string(), "--verbs", subject.verbs]);
        if let Some(letters) = &subject.letters {
            command.args(["--letters", letters]);
        }
        if subject.origins {
            command.args(["--origins", "yes"]);
        }
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file).spawn();
        let mut child = started.map_err(RigError::doing("starting the checker with java"))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(words), Some(answers)) => Ok(Checker { child, words, answers: BufReader::new(answers), log }),
            _ => Err(RigError::new("the checker has no pipes")),
        }
    }

    /// Says a line and gives the answer.
    pub fn say(&mut self, line: &str) -> Result<String> {
        let mut answer = String::new();
        let said = writeln!(self.words, "{line}").and_then(|()| self.words.flush());
        let read = said.and_then(|()| self.answers.read_line(&mut answer));
        match read {
            Ok(length) if length > 0 => Ok(answer),
            _ => {
                let why = std::fs::read_to_string(&self.log).unwrap_or_default();
                let why = why.lines().find(|line| !line.trim().is_empty()).unwrap_or("it ended").to_owned();
                Err(RigError::new(format!("checker, at `{line}`: {why}")))
            }
        }
    }

    /// How many different records came out so far.
    pub fn fresh(&mut self) -> Result<u64> {
        #[derive(Deserialize)]
        struct Fresh {
            fresh: u64,
        }
        let answer = self.say("fresh 0 0")?;
        serde_json::from_str::<Fresh>(&answer).map(|it| it.fresh).map_err(RigError::doing("reading the checker"))
    }

    /// Reads everything once more and judges it.
    pub fn judge(&mut self) -> Result<Report> {
        let answer = self.say("judge")?;
        serde_json::from_str(&answer).map_err(RigError::doing(format!("reading the checker's report {answer}")))
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn java(program: &str) -> PathBuf {
    match std::env::var_os("JAVA_HOME") {
        Some(home) => Path::new(&home).join("bin").join(program),
        None => program.into(),
    }
}

/// The checker's classes, compiled once for each run of the tests.
fn compiled() -> Result<PathBuf> {
    static DONE: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut done = DONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(classes) = &*done {
        return Ok(classes.clone());
    }
    let (source, classes) = (paths::root().join("tests/chaos/checker"), paths::root().join("target/chaos/classes"));
    let entries = std::fs::read_dir(&source).map_err(RigError::doing("listing the checker's source"))?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension().is_some());
    let mut command = Command::new(java("javac"));
    command.arg("-cp").arg(format!("{}/*", harness::jars()?.display())).arg("-d").arg(&classes).args(files);
    let output = command.output().map_err(RigError::doing("running javac"))?;
    if !output.status.success() {
        return Err(RigError::new(String::from_utf8_lossy(&output.stderr)));
    }
    Ok(done.insert(classes).clone())
}
