//! `millstream wit`: a guest's WIT folder from its Avro schemas.

use std::path::PathBuf;

use clap::Args;

use super::{Fault, say};
use crate::config::Problems;
use crate::contract::wit::{self, Refusal};
use crate::schema;

/// What to write, and where.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The schema of the records that the guest takes.
    #[arg(long)]
    input: PathBuf,
    /// The schema of the records that it gives.
    #[arg(long)]
    output: PathBuf,
    /// The guest's own package, for instance acme:payments.
    #[arg(long)]
    package: String,
    /// The folder to write to.
    #[arg(long, default_value = "wit")]
    out: PathBuf,
    /// Of the input record only these fields; the rest is never decoded.
    #[arg(long, value_delimiter = ',')]
    input_fields: Option<Vec<String>>,
    /// Of the output record only these fields; the rest is carried over (`passthrough = true`) or takes its default.
    #[arg(long, value_delimiter = ',')]
    output_fields: Option<Vec<String>>,
}

pub(super) fn write(options: &Options) -> Result<(), Fault> {
    let problem = |path: &PathBuf, message: String| Fault::from(Problems::of_file(path, message, None));
    let load = |path: &PathBuf| schema::load(path).map_err(|error| problem(path, error.to_string()));
    let (input, output) = (load(&options.input)?, load(&options.output)?);
    let wanted = wit::Options {
        package: options.package.clone(),
        input_fields: options.input_fields.clone(),
        output_fields: options.output_fields.clone(),
    };
    let folder = wit::package(&input, &output, &wanted);
    let folder = folder.map_err(|refusal| problem(&at_fault(options, &refusal), refusal.to_string()))?;
    folder.write(&options.out).map_err(|error| problem(&options.out, error.to_string()))?;
    for (name, _) in &folder.files {
        say(format_args!("{}\n", options.out.join(name).display()));
    }
    Ok(())
}

/// What the person has to change: a schema, or the package's name.
fn at_fault(options: &Options, refusal: &Refusal) -> PathBuf {
    match refusal {
        Refusal::Package(_) | Refusal::Reserved => PathBuf::from("--package"),
        Refusal::Recursive { side, .. }
        | Refusal::NoData { side, .. }
        | Refusal::TooLarge { side, .. }
        | Refusal::UnknownField { side, .. }
        | Refusal::NoFields { side, .. } => {
            if *side == "output" {
                options.output.clone()
            } else {
                options.input.clone()
            }
        }
    }
}
