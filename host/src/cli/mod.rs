//! The command line: what users type, what they read, and the exit code a script gets.
//!
//! 0 is success, 1 a failure at run time, 2 a wrong configuration, 3 a surrounding that is not there or refuses.

mod build;
mod check;
mod dev;
mod conformance;
mod docs;
mod inspect;
mod new;
mod open;
mod pipe;
mod quickstart;
mod run;
mod samples;
mod tail;
mod test;
mod wit;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::build::BuildError;
use crate::config::Problems;
use crate::pipeline::Failure;
use crate::telemetry::logs::{self, LogFormat, Logs};

/// Kafka in, a WebAssembly guest in the middle, Kafka out.
#[derive(Debug, Parser)]
#[command(name = "millstream", version, about, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// How log lines look.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    log_format: Format,
    /// What is logged: a level, or a list such as `info,guest=debug`. Without it `info`; `warn` or `error` for commands that
    /// print what they find themselves.
    #[arg(long, global = true, env = "MILLSTREAM_LOG")]
    log: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One readable line each.
    Text,
    /// One JSON object each.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a pipeline until SIGTERM or SIGINT; or with --input, over the lines of a file without Kafka.
    Run {
        /// The pipeline's file.
        #[arg(default_value = "pipeline.toml")]
        pipeline: PathBuf,
        /// Take records from this file, one a line, instead of Kafka; `-` is standard input. Lines are JSON where the
        /// source has a schema, else they are the values.
        #[arg(long, value_name = "FILE|-")]
        input: Option<PathBuf>,
        /// Where the outputs of --input go, one a line.
        #[arg(long, value_name = "FILE|-", default_value = "-", requires = "input")]
        output: PathBuf,
    },
    /// Build a guest from its source: Rust, Go, Python, JavaScript, TypeScript or C. Says which tool is missing, and how to
    /// get it.
    Build {
        /// The guest's folder.
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Run a pipeline's test cases, without Kafka.
    Test(test::Options),
    /// Run the conformance kit over a guest in any language: what its tool chain can get wrong.
    Conformance(conformance::Options),
    /// Tell what a guest is: its language, its functions, what it imports, and whether it fits two schemas.
    Inspect(inspect::Options),
    /// Check a pipeline: its file, its schemas, its guest and how they fit; and that Kafka has the topics.
    Check {
        /// The pipeline's file.
        #[arg(default_value = "pipeline.toml")]
        pipeline: PathBuf,
        /// Do not ask Kafka.
        #[arg(long)]
        offline: bool,
    },
    /// Begin a project for a guest in Rust, Go, Python, JavaScript, TypeScript or C.
    New(new::Options),
    /// Write a guest's WIT folder from its Avro schemas.
    Wit(Box<wit::Options>),
    /// Try it all out in this process: no Kafka, no Java, nothing left behind.
    Quickstart(quickstart::Options),
    /// Try a pipeline out while its guest is written: each change is built, tested and swapped in, on an embedded broker.
    Dev(dev::Options),
    /// Print the JSON Schema of pipeline.toml, for editors.
    Schema,
    /// Print a generated reference page.
    Docs {
        /// Which page.
        #[arg(value_enum)]
        page: docs::Page,
    },
}

/// Why a command failed.
enum Fault {
    /// Exit code 2, and all problems.
    Configuration(Problems),
    /// Exit code 1 or 3.
    Pipeline(Failure),
    /// Exit code 1, 2 or 3.
    Build(BuildError),
    /// Exit code 1; what there is to say has been said.
    Told,
}

impl From<Problems> for Fault {
    fn from(problems: Problems) -> Self {
        Fault::Configuration(problems)
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Fault::Pipeline(failure)
    }
}

impl From<BuildError> for Fault {
    fn from(error: BuildError) -> Self {
        Fault::Build(error)
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let format = if arguments.log_format == Format::Json { LogFormat::Json } else { LogFormat::Text };
    // The quickstart and dev print what became of each record themselves; log lines would bury it.
    let log = arguments.log.as_deref().unwrap_or(match arguments.command {
        Command::Quickstart(_) => "error",
        Command::Dev(_) => "error,guest=info",
        Command::Conformance(_) => "off",
        Command::Test(_) | Command::Inspect(_) | Command::Run { input: Some(_), .. } => "warn",
        _ => "info",
    });
    let logs = match logs::init(format, log) {
        Ok(logs) => logs,
        Err(error) => {
            complain(format_args!("error: {error}\n"));
            return ExitCode::from(2);
        }
    };
    let done = dispatch(arguments.command, &logs);
    logs.finish();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Fault::Configuration(problems)) => {
            complain(format_args!("{problems}"));
            ExitCode::from(2)
        }
        Err(Fault::Build(error)) => {
            complain(format_args!("error: {error}\n"));
            ExitCode::from(error.exit_code())
        }
        Err(Fault::Told) => ExitCode::FAILURE,
        Err(Fault::Pipeline(failure)) => {
            complain(format_args!("error: {failure}\n"));
            ExitCode::from(failure.exit_code())
        }
    }
}

fn dispatch(command: Command, logs: &Logs) -> Result<(), Fault> {
    match command {
        Command::Run { pipeline, input: Some(input), output } => pipe::lines(&pipeline, &input, &output),
        Command::Run { pipeline, .. } => run::run(&pipeline, logs),
        Command::Build { folder } => build::build(&folder),
        Command::Test(options) => test::test(&options),
        Command::Conformance(options) => conformance::run(&options),
        Command::Inspect(options) => inspect::inspect(&options),
        Command::Check { pipeline, offline } => check::check(&pipeline, offline),
        Command::New(options) => new::new(&options),
        Command::Wit(options) => wit::write(&options),
        Command::Quickstart(options) => quickstart::run(&options),
        Command::Dev(options) => dev::run(options, logs),
        Command::Schema => {
            say(format_args!("{:#}\n", crate::config::json_schema()));
            Ok(())
        }
        Command::Docs { page } => {
            say(format_args!("{}", docs::page(page)));
            Ok(())
        }
    }
}

/// Writes to standard output. A reader that has gone away (`| head`) is no error of ours, and no reason to panic.
fn say(text: std::fmt::Arguments<'_>) {
    let _ = std::io::stdout().write_fmt(text);
}

/// Writes to standard error, as [`say`] does.
fn complain(text: std::fmt::Arguments<'_>) {
    let _ = std::io::stderr().write_fmt(text);
}
