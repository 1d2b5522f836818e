//! Rust: cargo makes the component alone, for wasm32-wasip2.

use std::path::PathBuf;

use serde_json::Value;

use super::error::BuildError;
use super::project::Project;
use super::steps::{Step, ask};
use super::tools::{Need, on_path};

const CARGO: Need = Need {
    language: "Rust",
    program: "cargo",
    least: "1.85",
    ask: &["--version"],
    get: "install rustup from https://rustup.rs (on Debian 13 or later: sudo apt-get install rustup), or with rustup \
          there: rustup update stable",
};
const RUSTC: Need = Need { program: "rustc", ..CARGO };

const TARGET: &str = "wasm32-wasip2";

/// The component that cargo made. Cargo knows itself what has to be built again.
pub(super) fn build(project: &Project) -> Result<Vec<u8>, BuildError> {
    let cargo = CARGO.find(&project.folder)?;
    require_target(project)?;
    let step = Step::new("cargo build", &cargo.path, &project.folder, &project.shown);
    let args = ["build", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"];
    let answer = step.args(args).answer()?;
    let wasm = artifact(project, &answer).ok_or_else(|| {
        let why = "cargo built no component from it; it needs `[lib]` with `crate-type = [\"cdylib\"]`";
        BuildError::project(project.show("Cargo.toml"), why)
    })?;
    std::fs::read(&wasm).map_err(BuildError::file("read", wasm))
}

/// The standard library for the target, which rustup brings.
fn require_target(project: &Project) -> Result<(), BuildError> {
    let rustc = RUSTC.find(&project.folder)?;
    let (well, said) = ask(&rustc.path, &["--print", "target-libdir", "--target", TARGET], &project.folder);
    let folder = said.lines().next_back().map(PathBuf::from).filter(|_| well);
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    let is_core = |name: &str| name.starts_with("libcore-") && name.ends_with(".rlib");
    if entries.is_some_and(|entries| entries.flatten().any(|entry| is_core(&entry.file_name().to_string_lossy()))) {
        return Ok(());
    }
    let get = match on_path("rustup") {
        Some(_) => format!("in the project's folder: rustup target add {TARGET}"),
        None => format!("install rustup from https://rustup.rs, then: rustup target add {TARGET}"),
    };
    let need = format!("the target {TARGET}, which is not installed for rustc {}", rustc.version);
    Err(BuildError::Tool { language: "Rust", need, get })
}

/// The wasm file of the project's own crate, out of cargo's messages: one JSON object a line.
fn artifact(project: &Project, messages: &[u8]) -> Option<PathBuf> {
    let manifest = project.folder.join("Cargo.toml");
    let lines = messages.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let own = lines.filter(|line| line["manifest_path"].as_str().is_some_and(|path| manifest.as_os_str() == path));
    let files = own.filter(|line| {
        let kinds = line["target"]["crate_types"].as_array();
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "cdylib"))
    });
    let names = files.filter_map(|line| line["filenames"].as_array().cloned()).flatten();
    names.filter_map(|name| name.as_str().map(PathBuf::from)).find(|path| path.extension().is_some_and(|e| e == "wasm"))
}
