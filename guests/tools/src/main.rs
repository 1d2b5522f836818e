//! What the guests in Go, C and JavaScript are built with beside their own language's tools: bindings written from a
//! WIT folder, and the last step from a core module to a component.

mod bindings;
mod component;
mod exports;
mod longs;
mod script;
mod shapes;
mod types;
mod world;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

const USAGE: &str = "usage:
  guest-tools bindings go WIT OUT --module NAME   Go packages below OUT, which is the package NAME of the guest's module
  guest-tools bindings c WIT OUT                  transform.h, transform.c and the object that says the types
  guest-tools component CORE WIT OUT              a component of a core module for WASI preview 1
  guest-tools bindings javascript WIT OUT --module FILE   wit/, entry.js and wit.d.ts, for componentize-qjs
  guest-tools exports COMPONENT OUT               gives `init` its name back, and takes it from the engine's own";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["bindings", "go", wit, out, "--module", module] => bindings::go(Path::new(wit), Path::new(out), module),
        ["bindings", "c", wit, out] => bindings::c(Path::new(wit), Path::new(out)),
        ["component", core, wit, out] => component::wrap(Path::new(core), Path::new(wit), Path::new(out)),
        ["bindings", "javascript", wit, out, "--module", module] => {
            script::write(Path::new(wit), Path::new(out), module)
        }
        ["exports", component, out] => exports::rename(Path::new(component), Path::new(out)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    finish(done)
}

fn finish(done: Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("guest-tools: {error:#}");
            ExitCode::FAILURE
        }
    }
}
