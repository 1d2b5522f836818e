//! `millstream run --input`: lines of a file or a pipe through the guests, without Kafka.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::{Fault, complain, open, run};
use crate::config::Problems;
use crate::pipeline::Failure;
use crate::pipeline::pipe::{Counts, PipeError, pipe};
use crate::telemetry::metrics::Exporter;
use crate::telemetry::printable::{TEXT_MAX, printable};

/// Takes the lines of `input` through the pipeline's guests; `-` is standard input, or output.
pub(super) fn lines(path: &Path, input: &Path, output: &Path) -> Result<(), Fault> {
    let mut prepared = open::prepare(path)?;
    // An output is a line.
    prepared.config.sink.json.pretty = false;
    let reader = reader(input)?;
    let writer = writer(output, input)?;
    let metrics = Exporter::new(run::build()).pipeline(&prepared.config.name, &prepared.config.tenant);
    let mut tell = |line: u64, why: &str| complain(format_args!("line {line} {}\n", printable(why, TEXT_MAX)));
    match pipe(&prepared, &metrics, reader, writer, &mut tell) {
        Ok(Counts { records, outputs, dropped, rejected }) => {
            complain(format_args!("records={records} outputs={outputs} dropped={dropped} rejected={rejected}\n"));
            Ok(())
        }
        Err(PipeError::Problems(problems)) => Err(problems.into()),
        Err(PipeError::Failure(failure)) => Err(failure.into()),
        Err(error) => Err(Failure::Host(error.to_string()).into()),
    }
}

fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

fn reader(path: &Path) -> Result<Box<dyn Read>, Fault> {
    if is_standard(path) {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let refused = |why: String| {
        let help = "name a file with one record a line, or `-` for standard input".to_owned();
        Problems::of_file(path, format!("the input cannot be read: {why}"), Some(help))
    };
    let file = File::open(path).map_err(|error| refused(error.to_string()))?;
    if file.metadata().is_ok_and(|about| about.is_dir()) {
        return Err(refused("it is a folder".to_owned()).into());
    }
    Ok(Box::new(file))
}

fn writer(path: &Path, input: &Path) -> Result<Box<dyn Write>, Fault> {
    if is_standard(path) {
        return Ok(Box::new(std::io::stdout().lock()));
    }
    let real = |path: &Path| -> Option<PathBuf> { path.canonicalize().ok() };
    if !is_standard(input) && real(path).is_some_and(|output| real(input) == Some(output)) {
        let message = "the output is the input's own file, which would be lost".to_owned();
        return Err(Problems::of_file(path, message, Some("write to another file".to_owned())).into());
    }
    let file = OpenOptions::new().write(true).create(true).truncate(true).open(path);
    let file = file.map_err(|error| Problems::of_file(path, format!("the output cannot be written: {error}"), None))?;
    Ok(Box::new(file))
}
