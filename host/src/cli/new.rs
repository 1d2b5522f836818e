//! `millstream new`: a project for a guest.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Fault, say};
use crate::build::{LANGUAGES, Language};
use crate::config::Problems;
use crate::config::nearest::nearest;
use crate::scaffold::{self, NewError, Request, Shape};

/// What to write, and where.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The project's name, and that of its folder: lower-case letters, digits and dashes.
    name: Option<String>,
    /// The language: rust, go, python, javascript, typescript, or c.
    #[arg(long, value_name = "LANGUAGE")]
    lang: Option<String>,
    /// The Avro schema of what comes in.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// The Avro schema of what goes out; without it that of --input.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What becomes of a record: map (one other), filter (one or none), fan-out (any number), generic (any schema),
    /// user-functions (any schema, the guest's own types made of generic records).
    #[arg(long, default_value = "map")]
    shape: String,
    /// The folder in which the project's folder is made.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
}

const EXAMPLE: &str = "millstream new payments --lang rust --input schemas/payment.avsc --output schemas/enriched.avsc";

pub(super) fn new(options: &Options) -> Result<(), Fault> {
    let request = request(options)?;
    let created = scaffold::create(&request).map_err(|error| problem(&request, error))?;
    let folder = created.folder.strip_prefix(".").unwrap_or(&created.folder);
    for file in &created.files {
        say(format_args!("{}\n", folder.join(file).display()));
    }
    let folder = folder.display();
    say(format_args!(
        "\nNext, write what becomes of a record into {}:\n\n    cd {folder}\n    millstream build\n    millstream test\n    \
         millstream quickstart --samples samples.jsonl\n",
        created.begin
    ));
    Ok(())
}

fn request(options: &Options) -> Result<Request, Fault> {
    let missing = [
        (options.name.is_none(), "NAME, the project's name"),
        (options.lang.is_none(), "--lang, the language"),
        (options.input.is_none(), "--input, the Avro schema of what comes in"),
    ];
    let missing: Vec<&str> = missing.into_iter().filter_map(|(missing, what)| missing.then_some(what)).collect();
    let (Some(name), Some(lang), Some(input)) = (&options.name, &options.lang, &options.input) else {
        let message = format!("missing: {}", missing.join("; "));
        return Err(Problems::of_file(Path::new("new"), message, Some(format!("for instance: {EXAMPLE}"))).into());
    };
    Ok(Request {
        name: name.clone(),
        language: choice("--lang", lang, &LANGUAGES.map(Language::name))?,
        input: input.clone(),
        output: options.output.clone(),
        shape: choice("--shape", &options.shape, &Shape::ALL.map(|(_, name)| name))?,
        folder: options.folder.clone(),
    })
}

/// One of several words; another word is told with the one that is nearest.
fn choice<T: std::str::FromStr<Err: std::fmt::Display>>(flag: &str, given: &str, known: &[&str]) -> Result<T, Fault> {
    given.parse().map_err(|why: T::Err| {
        let help = nearest(given, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        Problems::of_file(Path::new(flag), why.to_string(), help).into()
    })
}

fn problem(request: &Request, error: NewError) -> Fault {
    let at = match &error {
        NewError::Schema { path, .. } | NewError::NoValue { path, .. } => path.clone(),
        NewError::Wit { at, .. } => at.clone(),
        NewError::Name { .. } | NewError::TakenName { .. } => PathBuf::from("NAME"),
        NewError::Bindings { .. } => PathBuf::from("--lang"),
        _ => request.folder.join(&request.name),
    };
    Problems::of_file(&at, error.to_string(), None).into()
}
