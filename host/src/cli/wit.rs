//! `millstream wit`: a guest's WIT folder from its Avro schemas.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Fault, say};
use crate::config::Problems;
use crate::contract::wit::{self, Answers, EnvelopeField, Import, Key, Raw, Refusal, Value};
use crate::schema::{self, Schema};

/// What to write, and where.
///
/// The shapes, and an example guest for each, are in wit/README.md.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// What the guest takes: a schema file for typed records, `generic` for values of any schema, `bytes`, or `string`.
    #[arg(long, value_name = "FILE|generic|bytes|string")]
    input: Option<String>,
    /// What the guest gives, in the same words.
    #[arg(long, value_name = "FILE|generic|bytes|string")]
    output: Option<String>,
    /// The guest's own package, for instance acme:payments.
    #[arg(long)]
    package: String,
    /// The folder to write to.
    #[arg(long, default_value = "wit")]
    out: PathBuf,
    /// Of the input record only these fields; the rest is never decoded.
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    input_fields: Option<Vec<String>>,
    /// Of the output record only these fields; the rest is carried over (`passthrough = true`) or takes its default.
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    output_fields: Option<Vec<String>>,
    /// A record may have no output: `transform` answers an `option`.
    #[arg(long, conflicts_with = "fan_out")]
    filter: bool,
    /// A record may have any number of outputs: `transform` answers a `list`.
    #[arg(long)]
    fan_out: bool,
    /// What the guest is told beside the value, separated by commas: key, headers, topic, partition, offset, timestamp,
    /// timestamp-type.
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    envelope_in: Vec<EnvelopeField>,
    /// What the guest sets of an output beside the value: key, headers, topic, partition, timestamp. Key and headers
    /// that it does not set stay those of the input.
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    envelope_out: Vec<EnvelopeField>,
    /// The value in an envelope may be none: Kafka's tombstone, which says that the key is deleted.
    #[arg(long)]
    tombstones: bool,
    /// The type of keys in envelopes: `bytes` (default), `string`, `int`, `long`, or the file of the key's schema.
    #[arg(long, value_name = "bytes|string|int|long|FILE")]
    key: Option<String>,
    /// The type of the keys that the guest writes, where it is not that of --key.
    #[arg(long, value_name = "bytes|string|int|long|FILE")]
    key_out: Option<String>,
    /// The guest brings its own `deserialize`: it takes this and makes what --input says.
    #[arg(long, value_name = "generic|bytes|string")]
    deserialize: Option<Raw>,
    /// The guest brings its own `serialize`: it takes what --output says and makes this.
    #[arg(long, value_name = "generic|bytes|string")]
    serialize: Option<Raw>,
    /// The guest's values never leave it: `deserialize` makes a resource of this name, `transform` turns it, `serialize`
    /// writes it. In place of --input and --output.
    #[arg(long, value_name = "NAME")]
    resource: Option<String>,
    /// The guest has no `transform`: what it deserializes, or what the source decodes, goes to the sink. The value is
    /// what --input says; there is no --output.
    #[arg(long)]
    no_transform: bool,
    /// What the guest calls, separated by commas: log, metrics, config (each needs its grant in pipeline.toml), schemas
    /// (names behind generic records).
    #[arg(long, value_delimiter = ',', value_name = "INTERFACES")]
    import: Vec<Import>,
    /// The guest has an `init`, called once for each instance before its first batch.
    #[arg(long)]
    init: bool,
}

pub(super) fn write(options: &Options) -> Result<(), Fault> {
    let input = value(options, "--input", options.input.as_deref())?;
    let output = value(options, "--output", options.output.as_deref())?;
    let wanted = wit::Options {
        package: options.package.clone(),
        input_fields: options.input_fields.clone(),
        output_fields: options.output_fields.clone(),
        answers: match (options.filter, options.fan_out) {
            (true, _) => Answers::Filter,
            (_, true) => Answers::FanOut,
            _ => Answers::One,
        },
        envelope_in: options.envelope_in.iter().copied().collect(),
        envelope_out: options.envelope_out.iter().copied().collect(),
        tombstones: options.tombstones,
        key: options.key.as_deref().map(key).transpose()?,
        key_out: options.key_out.as_deref().map(key).transpose()?,
        deserialize: options.deserialize,
        serialize: options.serialize,
        resource: options.resource.clone(),
        no_transform: options.no_transform,
        imports: options.import.iter().copied().collect(),
        init: options.init,
    };
    let folder = wit::package(input.value(), output.value(), &wanted);
    let folder = folder.map_err(|refusal| problem(&at_fault(options, &refusal), refusal.to_string()))?;
    folder.write(&options.out).map_err(|error| problem(&options.out, error.to_string()))?;
    for (name, _) in &folder.files {
        say(format_args!("{}\n", options.out.join(name).display()));
    }
    Ok(())
}

fn problem(path: &Path, message: String) -> Fault {
    Problems::of_file(path, message, None).into()
}

fn load(path: &str) -> Result<Schema, Fault> {
    let path = Path::new(path);
    schema::load(path).map_err(|error| problem(path, error.to_string()))
}

/// A value as the command line names it.
enum Given {
    Schema(Box<Schema>),
    Plain(Value<'static>),
}

impl Given {
    fn value(&self) -> Value<'_> {
        match self {
            Given::Schema(schema) => Value::Schema(schema),
            Given::Plain(value) => *value,
        }
    }
}

/// What `--input` or `--output` says; where it must not be given, its value is not looked at.
fn value(options: &Options, flag: &'static str, given: Option<&str>) -> Result<Given, Fault> {
    let refuse = |message: String| Err(problem(Path::new(flag), message));
    let in_place = match (&options.resource, options.no_transform) {
        (Some(name), _) => Some(format!("the resource {name} takes the place of {flag}; leave {flag} out")),
        (None, true) if flag == "--output" => {
            Some("without `transform` the output is the value of --input; leave --output out".to_string())
        }
        _ => None,
    };
    match (given, in_place) {
        (Some(_), Some(message)) => refuse(message),
        (None, Some(_)) => Ok(Given::Plain(Value::Bytes)),
        (None, None) => {
            refuse(format!("{flag} is missing: a schema file, or one of generic, bytes, string; or use --resource"))
        }
        (Some("generic"), None) => Ok(Given::Plain(Value::Generic)),
        (Some("bytes"), None) => Ok(Given::Plain(Value::Bytes)),
        (Some("string"), None) => Ok(Given::Plain(Value::Text)),
        (Some(file), None) => Ok(Given::Schema(Box::new(load(file)?))),
    }
}

fn key(given: &str) -> Result<Key, Fault> {
    Ok(match given {
        "bytes" => Key::Bytes,
        "string" => Key::Text,
        "int" => Key::Int,
        "long" => Key::Long,
        file => Key::Schema(load(file)?),
    })
}

/// What the person has to change: a schema's file where the flag names one, or the flag.
fn at_fault(options: &Options, refusal: &Refusal) -> PathBuf {
    let flag = refusal.flag();
    let file = match flag {
        _ if matches!(refusal, Refusal::Choice { .. }) => &None,
        "--input" => &options.input,
        "--output" => &options.output,
        "--key" => &options.key,
        "--key-out" => &options.key_out,
        _ => &None,
    };
    file.as_ref().map_or(PathBuf::from(flag), PathBuf::from)
}
