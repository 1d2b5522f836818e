//! What a build takes: one file is changed, the tools are in place.

use std::fs::File;
use std::path::Path;
use std::time::SystemTime;

use super::{Language, cpu};
use crate::contender::Failure;

/// CPU seconds of the second of two builds; before each the author's file looks changed.
pub fn build(language: &Language) -> Result<f64, Failure> {
    once(language)?;
    once(language)
}

fn once(language: &Language) -> Result<f64, Failure> {
    let project = language.project();
    let source = format!("{project}/{}", language.source);
    let changed = File::options().append(true).open(&source).and_then(|file| file.set_modified(SystemTime::now()));
    changed.map_err(|error| format!("{source}: {error}"))?;
    // Says what was built of which contents: without it, all is built again.
    let stamp = format!("{project}/.millstream/stamp");
    if Path::new(&stamp).exists() {
        std::fs::remove_file(&stamp).map_err(|error| format!("{stamp}: {error}"))?;
    }
    let build = || millstream::build::build(Path::new(&project), &mut |_| {}).map_err(|error| error.to_string().into());
    Ok(cpu::spent(build)?.0)
}
