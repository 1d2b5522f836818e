//! From a core module to a component.

use std::path::Path;

use anyhow::{Context, Result};
use wit_bindgen_core::wit_parser::{Resolve, WorldId};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

/// The world that every guest of the examples is of.
const WORLD: &str = "transform";
/// Answers preview 1 for the guest's runtime.
const ADAPTER: &str = include_str!("../../../host/adapters/preview1/adapter.wat");
/// What the adapter itself imports.
const ADAPTER_WIT: &str = include_str!("../../../host/adapters/preview1/adapter.wit");

/// A WIT folder and its world.
pub fn read(wit: &Path) -> Result<(Resolve, WorldId)> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit).with_context(|| format!("reading {}", wit.display()))?;
    let world = resolve.select_world(&[package], Some(WORLD))?;
    Ok((resolve, world))
}

/// Makes a component of a core module that was compiled for WASI preview 1.
pub fn wrap(core: &Path, wit: &Path, out: &Path) -> Result<()> {
    let module = std::fs::read(core).with_context(|| format!("reading {}", core.display()))?;
    let (resolve, world) = read(wit)?;
    let component = encode(module, &resolve, world).with_context(|| format!("making {}", out.display()))?;
    std::fs::write(out, component).with_context(|| format!("writing {}", out.display()))
}

fn encode(mut module: Vec<u8>, resolve: &Resolve, world: WorldId) -> Result<Vec<u8>> {
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8)?;
    ComponentEncoder::default().module(&module)?.adapter("wasi_snapshot_preview1", &adapter()?)?.validate(true).encode()
}

fn adapter() -> Result<Vec<u8>> {
    let mut bytes = wat::parse_str(ADAPTER)?;
    let mut resolve = Resolve::default();
    let package = resolve.push_str("adapter.wit", ADAPTER_WIT)?;
    let world = resolve.select_world(&[package], Some("adapter"))?;
    embed_component_metadata(&mut bytes, &resolve, world, StringEncoding::UTF8)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIT: &str = "package a:b; world transform { export transform: func(x: u32) -> u32; }";

    fn made(imports: &str) -> Result<Vec<u8>> {
        let core = format!(
            r#"(module {imports} (memory (export "memory") 1)
                (func (export "_initialize"))
                (func (export "transform") (param i32) (result i32) (local.get 0)))"#
        );
        let mut resolve = Resolve::default();
        let package = resolve.push_str("a.wit", WIT)?;
        let world = resolve.select_world(&[package], Some(WORLD))?;
        encode(wat::parse_str(core)?, &resolve, world)
    }

    fn imports(component: &[u8]) -> Vec<String> {
        let mut names = Vec::new();
        for payload in wasmparser::Parser::new(0).parse_all(component) {
            match payload.unwrap() {
                wasmparser::Payload::ComponentImportSection(section) => {
                    names.extend(section.into_iter().map(|import| import.unwrap().name.name.to_owned()));
                }
                wasmparser::Payload::Version { num: 1, .. } => break,
                _ => {}
            }
        }
        names.retain(|name| name.starts_with("wasi:"));
        names
    }

    #[test]
    fn a_guest_that_asks_for_nothing_imports_nothing() {
        let quiet = r#"(import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "path_open"
              (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))"#;
        assert_eq!(imports(&made("").unwrap()), [""; 0]);
        assert_eq!(imports(&made(quiet).unwrap()), [""; 0]);
    }

    #[test]
    fn a_guest_that_prints_imports_streams_and_no_more() {
        let prints = r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#;
        let wanted = ["wasi:io/error@0.2.6", "wasi:io/streams@0.2.6", "wasi:cli/stdout@0.2.6", "wasi:cli/stderr@0.2.6"];
        assert_eq!(imports(&made(prints).unwrap()), wanted);
    }

    #[test]
    fn a_function_that_is_not_preview_1_is_named() {
        let odd = r#"(import "wasi_snapshot_preview1" "fd_teleport" (func (param i32)))"#;
        assert!(format!("{:#}", made(odd).unwrap_err()).contains("fd_teleport"));
    }
}
