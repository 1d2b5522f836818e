//! Choices that make no sense, told before anything is made of them.

use super::package_name::is_kebab;
use super::{Answers, EnvelopeField, Options, Raw, Refusal, Value};

/// Looks at all choices but the package and the schemas themselves.
pub(super) fn check(input: Value, output: Value, options: &Options) -> Result<(), Refusal> {
    fields(input, output, options)?;
    functions(input, output, options)?;
    envelopes(options)?;
    keys(options)
}

fn refuse(flag: &'static str, message: impl Into<String>) -> Result<(), Refusal> {
    Err(Refusal::Choice { flag, message: message.into() })
}

fn fields(input: Value, output: Value, options: &Options) -> Result<(), Refusal> {
    let chosen = [
        ("--input-fields", options.input_fields.is_some(), input),
        ("--output-fields", options.output_fields.is_some(), output),
    ];
    for (flag, given, value) in chosen {
        if given && (options.resource.is_some() || !matches!(value, Value::Schema(_))) {
            return refuse(flag, format!("{flag} chooses fields of a schema's record, and there is no schema here"));
        }
    }
    Ok(())
}

fn functions(input: Value, output: Value, options: &Options) -> Result<(), Refusal> {
    if let Some(name) = &options.resource {
        resource(name, options)?;
    } else {
        let sides = [
            ("--deserialize", options.deserialize, "--input", input),
            ("--serialize", options.serialize, "--output", output),
        ];
        for (flag, raw, side, value) in sides {
            let same = match (raw, value) {
                (Some(Raw::Generic), Value::Generic) => "generic",
                (Some(Raw::Bytes), Value::Bytes) => "bytes",
                (Some(Raw::Text), Value::Text) => "string",
                _ => continue,
            };
            let message = format!("{flag} {same} has nothing to do where {side} is {same} too; leave {flag} out");
            return refuse(flag, message);
        }
    }
    if !options.no_transform {
        return Ok(());
    }
    if options.deserialize.is_none() && options.serialize.is_none() {
        return refuse("--no-transform", "--no-transform leaves no function; add --deserialize or --serialize");
    }
    let around = [
        (!options.envelope_in.is_empty(), "--envelope-in"),
        (!options.envelope_out.is_empty(), "--envelope-out"),
        (options.answers == Answers::Filter, "--filter"),
        (options.answers == Answers::FanOut, "--fan-out"),
    ];
    match around.iter().find(|(given, _)| *given) {
        Some((_, flag)) => refuse(flag, format!("{flag} shapes `transform`, which --no-transform leaves out")),
        None => Ok(()),
    }
}

fn resource(name: &str, options: &Options) -> Result<(), Refusal> {
    if options.deserialize.is_none() || options.serialize.is_none() {
        let message = "--resource needs both --deserialize and --serialize: only the guest can make its own values and \
                       write them";
        return refuse("--resource", message);
    }
    if !is_kebab(name) {
        let message = format!("{name:?} is no name for a resource: write lower-case words joined by dashes, as order");
        return refuse("--resource", message);
    }
    if ["transform", "deserialize", "serialize", "init", "guest"].contains(&name) {
        let message = format!("a resource cannot be called {name}, as the guest's interface has this name already");
        return refuse("--resource", message);
    }
    Ok(())
}

fn envelopes(options: &Options) -> Result<(), Refusal> {
    for field in [EnvelopeField::Offset, EnvelopeField::TimestampType] {
        if options.envelope_out.contains(&field) {
            let message = format!(
                "--envelope-out cannot have {}: Kafka decides it when the output is written; an output has key, headers, \
                 topic, partition, timestamp",
                field.name()
            );
            return refuse("--envelope-out", message);
        }
    }
    if options.tombstones && options.envelope_in.is_empty() && options.envelope_out.is_empty() {
        let message = "--tombstones needs --envelope-in or --envelope-out: a tombstone is an envelope without a value";
        return refuse("--tombstones", message);
    }
    Ok(())
}

fn keys(options: &Options) -> Result<(), Refusal> {
    let has = |fields: &std::collections::BTreeSet<EnvelopeField>| fields.contains(&EnvelopeField::Key);
    if options.key.is_some() && !has(&options.envelope_in) && !has(&options.envelope_out) {
        let message = "--key says what type a key has, but neither --envelope-in nor --envelope-out has key";
        return refuse("--key", message);
    }
    if options.key_out.is_some() && !has(&options.envelope_out) {
        return refuse("--key-out", "--key-out says what type an output's key has, but --envelope-out has no key");
    }
    Ok(())
}
