//! What a guest is to a pipeline: how its functions take and give records, and whether it fits two schemas.

use std::path::Path;
use std::sync::Arc;

use super::chain::{self, SinkEnd, SourceEnd};
use crate::config::{Format, Problems};
use crate::contract::generic::is_generic_record;
use crate::contract::shape::{Many, Role, Unit, outputs};
use crate::contract::types::GuestType;
use crate::guest::{Function, Guest};
use crate::schema::{self, Schema};

/// How a function takes and gives records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// `deserialize`, `transform` or `serialize`.
    pub function: &'static str,
    /// Its type as WIT has it, long ones cut.
    pub signature: String,
    /// What it takes.
    pub takes: Side,
    /// What it gives.
    pub gives: Side,
    /// How many outputs a record has: `one`, `filter` (one or none) or `fan-out` (any number).
    pub outputs: &'static str,
}

/// One side of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    /// The value's form: `typed`, `generic`, `raw` or `resource`.
    pub form: &'static str,
    /// It stands in an envelope, with key, headers and the like.
    pub envelope: bool,
}

/// Whether a guest fits two schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// It does.
    Fits,
    /// It does with `passthrough = true`.
    WithPassthrough,
    /// It does not, and why.
    Differs(String),
}

/// How each function of a guest takes and gives records.
pub fn lanes(guest: &Guest) -> Vec<Lane> {
    guest.functions().iter().map(lane).collect()
}

fn lane(function: &Function) -> Lane {
    let ok = match &function.outcome {
        GuestType::Result(Some(ok), _) => ok,
        other => other,
    };
    let (many, output) = match outputs(ok).into_iter().next() {
        Some((many, output)) if function.role == Role::Transform => (many, output),
        _ => (Many::One, ok),
    };
    let enveloped = |ty: &GuestType| if function.role == Role::Transform { side(ty) } else { bare(ty) };
    let (takes, gives) = (function.input.describe(), function.outcome.describe());
    Lane {
        function: function.role.as_str(),
        signature: format!("func(batch: list<{takes}>) -> list<{gives}>"),
        takes: enveloped(&function.input),
        gives: enveloped(output),
        outputs: match many {
            Many::One => "one",
            Many::Option { .. } => "filter",
            Many::List { .. } => "fan-out",
        },
    }
}

fn side(ty: &GuestType) -> Side {
    match Unit::envelope(ty) {
        Some(unit) => {
            let value = unit.with_tombstones().map_or(unit.value, |unit| unit.value);
            Side { envelope: true, ..bare(&value) }
        }
        None => bare(ty),
    }
}

fn bare(ty: &GuestType) -> Side {
    let form = match ty {
        GuestType::Own(_) | GuestType::Borrow(_) => "resource",
        GuestType::String => "raw",
        ty if ty.is_bytes() => "raw",
        ty if is_generic_record(ty) => "generic",
        _ => "typed",
    };
    Side { form, envelope: false }
}

/// Matches a guest with the schemas of a source and a sink, both Avro. The error is about the schemas' files.
pub fn fit(guest: &Guest, input: &Path, output: &Path) -> Result<Fit, Problems> {
    let mut problems = Problems::default();
    let read = |path: &Path| {
        let help = "name a file with an Avro schema".to_owned();
        schema::load(path).map_err(|error| Problems::of_file(path, error.to_string(), Some(help)))
    };
    let (source, sink) = (problems.keep(read(input)), problems.keep(read(output)));
    let (Some(source), Some(sink)) = (source, sink) else { return Err(problems) };
    let (source, sink) = (source_end(source, input), sink_end(sink, output));
    let guests = [guest.clone()];
    let Err(misfits) = chain::compile(&guests, &source, &sink) else { return Ok(Fit::Fits) };
    if chain::compile(&guests, &source, &SinkEnd { passthrough: true, ..sink }).is_ok() {
        return Ok(Fit::WithPassthrough);
    }
    let why: Vec<String> = misfits.iter().map(|misfit| misfit.error.to_string()).collect();
    Ok(Fit::Differs(why.join("\n")))
}

fn source_end(schema: Schema, path: &Path) -> SourceEnd {
    SourceEnd {
        format: Format::Avro,
        schema: Some(Arc::new(schema)),
        name: path.display().to_string(),
        table: None,
        key: None,
        key_prefix: Vec::new(),
    }
}

fn sink_end(schema: Schema, path: &Path) -> SinkEnd {
    SinkEnd {
        format: Format::Avro,
        schema: Some(Arc::new(schema)),
        name: path.display().to_string(),
        prefix: Vec::new(),
        key: None,
        passthrough: false,
    }
}
