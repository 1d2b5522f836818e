//! `millstream inspect`: what a guest is, without a pipeline.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::{Fault, open, say};
use crate::config::Problems;
use crate::guest::{About, Grants, Guest, Import, is_core_module};
use crate::pipeline::inspect::{Fit, Lane, Side, fit, lanes};
use crate::telemetry::printable::printable;

/// What to look at.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The WebAssembly component.
    guest: PathBuf,
    /// Write one JSON object.
    #[arg(long)]
    json: bool,
    /// Say whether it fits this Avro schema of the input ...
    #[arg(long, value_name = "FILE", requires = "schema_out")]
    schema_in: Option<PathBuf>,
    /// ... and this one of the output.
    #[arg(long, value_name = "FILE", requires = "schema_in")]
    schema_out: Option<PathBuf>,
}

/// Longest text of a guest that is shown on a line, in bytes.
const LINE: usize = 400;

pub(super) fn inspect(options: &Options) -> Result<(), Fault> {
    let refused = |why: String| Problems::of_file(&options.guest, why, None);
    let engine = open::engine()?;
    // All is granted: which grants it takes is what is looked for.
    let all = Grants { clock: true, random: true, log: true, metrics: true, config: true };
    let guest = Guest::load(&engine, &options.guest, &all).map_err(|error| refused(error.to_string()))?;
    let bytes = std::fs::read(&options.guest).map_err(|error| refused(error.to_string()))?;
    let about = About::of(&bytes);
    let fit = match (&options.schema_in, &options.schema_out) {
        (Some(input), Some(output)) => Some(fit(&guest, input, output)?),
        _ => None,
    };
    let (path, core_module) = (options.guest.display().to_string(), is_core_module(&bytes));
    let looked = Looked { path, core_module, about, lanes: lanes(&guest), guest, fit };
    match options.json {
        true => say(format_args!("{:#}\n", looked.json())),
        false => say(format_args!("{}", looked.text())),
    }
    match looked.fit {
        Some(Fit::Differs(why)) => Err(refused(why).into()),
        _ => Ok(()),
    }
}

struct Looked {
    path: String,
    /// The file is one, and the host makes a component of it.
    core_module: bool,
    about: About,
    guest: Guest,
    lanes: Vec<Lane>,
    fit: Option<Fit>,
}

impl Looked {
    /// The grants that its imports take, none twice.
    fn grants(&self, imports: &[Import]) -> Vec<&'static str> {
        let mut grants: Vec<&str> = imports.iter().filter_map(|import| import.grant).collect();
        grants.sort_unstable();
        grants.dedup();
        grants
    }

    fn text(&self) -> String {
        let imports = self.guest.imports();
        let tools: Vec<String> = self.about.tools.iter().map(|(name, version)| format!("{name} {version}")).collect();
        let tools = if tools.is_empty() { "not told".to_owned() } else { tools.join(", ") };
        let mut lines = vec![
            ("guest", self.path.clone()),
            ("language", self.about.language.clone().unwrap_or_else(|| "not told".to_owned())),
            ("tools", tools),
            ("size", format!("{} bytes", self.about.size)),
            ("sha256", self.about.sha256.clone()),
        ];
        if self.core_module {
            lines.push(("form", "core module with its WIT; the host makes a component of it at load".to_owned()));
        }
        for lane in &self.lanes {
            lines.push(("exports", format!("{}: {}", lane.function, lane.signature)));
            let outputs = match lane.outputs {
                "filter" => "; one output or none (filter)",
                "fan-out" => "; any number of outputs (fan-out)",
                _ => "",
            };
            lines.push(("", format!("takes {}, gives {}{outputs}", words(lane.takes), words(lane.gives))));
        }
        if self.guest.has_init() {
            lines.push(("exports", "init: func() -> result<_, string>".to_owned()));
        }
        for import in &imports {
            let grant = match (import.grant, import.at_load) {
                (Some(grant), true) => format!(" takes the grant \"{grant}\""),
                (Some(grant), false) => format!(" takes the grant \"{grant}\" when it is called"),
                (None, _) => String::new(),
            };
            lines.push(("imports", format!("{}{grant}", import.name)));
        }
        let grants = self.grants(&imports);
        lines.push(("grants", if grants.is_empty() { "none".to_owned() } else { grants.join(", ") }));
        match &self.fit {
            Some(Fit::Fits) => lines.push(("schemas", "it fits".to_owned())),
            Some(Fit::WithPassthrough) => lines.push(("schemas", "it fits with `passthrough = true`".to_owned())),
            Some(Fit::Differs(_)) => lines.push(("schemas", "it does not fit".to_owned())),
            None => {}
        }
        let mut last = "";
        let mut text = String::new();
        for (name, line) in &lines {
            let shown = if *name == last { "" } else { name };
            text.push_str(&format!("{shown:<10} {}\n", printable(line, LINE)));
            last = if name.is_empty() { last } else { name };
        }
        text
    }

    fn json(&self) -> Value {
        let imports = self.guest.imports();
        let side = |side: &Side| json!({ "form": side.form, "envelope": side.envelope });
        let exports = self.lanes.iter().map(|lane| {
            json!({
                "name": lane.function,
                "type": lane.signature,
                "takes": side(&lane.takes),
                "gives": side(&lane.gives),
                "outputs": lane.outputs,
            })
        });
        let tools = self.about.tools.iter().map(|(name, version)| json!({ "name": name, "version": version }));
        let asked = imports.iter().map(|import| json!({ "name": import.name, "grant": import.grant }));
        let mut all = json!({
            "guest": self.path,
            "language": self.about.language,
            "tools": tools.collect::<Vec<_>>(),
            "form": if self.core_module { "core-module" } else { "component" },
            "size": self.about.size,
            "sha256": self.about.sha256,
            "exports": exports.collect::<Vec<_>>(),
            "init": self.guest.has_init(),
            "imports": asked.collect::<Vec<_>>(),
            "grants": self.grants(&imports),
        });
        if let Some(fit) = &self.fit {
            all["fits"] = json!(!matches!(fit, Fit::Differs(_)));
            all["passthrough"] = json!(*fit == Fit::WithPassthrough);
        }
        all
    }
}

fn words(side: Side) -> String {
    let form = match side.form {
        "typed" => "typed records",
        "generic" => "generic records",
        "raw" => "raw values",
        _ => "resources",
    };
    if side.envelope { format!("{form} in an envelope") } else { form.to_owned() }
}
