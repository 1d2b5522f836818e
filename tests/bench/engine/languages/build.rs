//! What a build takes: one file is changed, the tools are in place.

use std::fs::File;
use std::process::Command;
use std::time::SystemTime;

use super::{Language, cpu};
use crate::contender::Failure;

/// CPU seconds of the second of two builds; before each the author's file looks changed.
pub fn build(language: &Language) -> Result<f64, Failure> {
    once(language)?;
    once(language)
}

fn once(language: &Language) -> Result<f64, Failure> {
    let source = format!("{}/{}", language.project(), language.source);
    let changed = File::options().append(true).open(&source).and_then(|file| file.set_modified(SystemTime::now()));
    changed.map_err(|error| format!("{source}: {error}"))?;
    let mut command = command(language);
    let (time, done) = cpu::spent(|| command.output().map_err(Failure::from))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        return Err(format!("{command:?} ended with {}; it wrote:\n{said}", done.status).into());
    }
    if language.folder == "rust" {
        std::fs::copy("target/guests/wasm32-wasip2/release/enrich.wasm", language.wasm())?;
    }
    Ok(time)
}

fn command(language: &Language) -> Command {
    let folder = format!("guests/{}", language.folder);
    if language.folder == "rust" {
        let mut command = Command::new("cargo");
        command.args(["build", "--release", "--locked", "--target", "wasm32-wasip2", "--package", "enrich"]);
        command.args(["--target-dir", "target/guests", "--manifest-path"]).arg(format!("{folder}/Cargo.toml"));
        return command;
    }
    let mut command = Command::new("make");
    // Not what the make that started this one was told.
    command.args(["-C", &folder, "enrich"]).env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
    command
}
