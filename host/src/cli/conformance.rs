//! `millstream conformance`: the kit's cases over a guest, whatever it is written in.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Fault, open, say};
use crate::config::Problems;
use crate::conformance::{self, KITS, Kit, Verdict, kit};
use crate::pipeline::Failure;
use crate::telemetry::printable::printable;

/// Which guest, and which cases.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The WebAssembly component. Its type says which case it is of.
    #[arg(required_unless_present_any = ["list", "write"])]
    guest: Option<PathBuf>,
    /// The case, where the guest's type does not say, or the one to --write.
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    /// Print the cases and what a guest of each does.
    #[arg(long, conflicts_with_all = ["guest", "case", "write"])]
    list: bool,
    /// Write what the author of a guest of --case begins with: the guest's WIT, schemas, a pipeline and its tests.
    #[arg(long, value_name = "FOLDER", requires = "case", conflicts_with = "guest")]
    write: Option<PathBuf>,
}

/// Longest name and line that is shown, in bytes.
const LINE: usize = 400;
/// Differences and log lines of one test, at most.
const LINES: usize = 20;

pub(super) fn run(options: &Options) -> Result<(), Fault> {
    if options.list {
        say(format_args!("{}", listed()));
        return Ok(());
    }
    let named = options.case.as_deref().map(named).transpose()?;
    match (&options.guest, &options.write, named) {
        (_, Some(folder), Some(kit)) => write(kit, folder),
        (Some(guest), None, named) => over(guest, named),
        // The command line asks for one of them.
        (None, _, _) | (_, Some(_), None) => Ok(()),
    }
}

fn over(guest: &Path, named: Option<&'static Kit>) -> Result<(), Fault> {
    let engine = open::engine()?;
    let kits = match named {
        Some(kit) => vec![kit],
        None => conformance::fitting(&engine, guest)?,
    };
    if kits.is_empty() {
        let message = "the guest is of no case of the kit: no case has its functions and its types".to_owned();
        return Err(Problems::of_file(guest, message, Some(help())).into());
    }
    let (mut passed, mut failed) = (0, 0);
    for kit in kits {
        say(format_args!("case {}: {}\n", kit.name, kit.about));
        let mut tell = |verdict: Verdict| {
            told(&verdict);
            if verdict.failures.is_empty() { passed += 1 } else { failed += 1 }
        };
        conformance::run(&engine, kit, guest, &mut tell)?;
    }
    say(format_args!("{passed} passed, {failed} failed\n"));
    if failed > 0 { Err(Fault::Told) } else { Ok(()) }
}

fn told(verdict: &Verdict) {
    let name = printable(&verdict.name, LINE);
    if verdict.failures.is_empty() {
        return say(format_args!("ok    {name}\n"));
    }
    say(format_args!("FAIL  {name}\n"));
    let logs = verdict.logs.iter().take(LINES).map(|line| format!("log {line}"));
    for line in verdict.failures.iter().take(LINES).cloned().chain(logs) {
        say(format_args!("        {}\n", printable(&line, LINE)));
    }
}

fn write(kit: &Kit, folder: &Path) -> Result<(), Fault> {
    let written = kit.write(folder).map_err(|error| Failure::Host(error.to_string()))?;
    for path in written {
        say(format_args!("{}\n", path.display()));
    }
    Ok(())
}

fn named(name: &str) -> Result<&'static Kit, Problems> {
    kit(name).ok_or_else(|| {
        let message = format!("the kit has no case {name:?}");
        Problems::of_file(Path::new("--case"), message, Some(help()))
    })
}

fn help() -> String {
    format!(
        "the cases are\n{}for the WIT, the schemas and the tests of one: millstream conformance --case NAME --write FOLDER",
        listed()
    )
}

fn listed() -> String {
    let width = KITS.iter().map(|kit| kit.name.len()).max().unwrap_or_default();
    KITS.iter().map(|kit| format!("{:width$}  {}\n", kit.name, kit.about)).collect()
}
