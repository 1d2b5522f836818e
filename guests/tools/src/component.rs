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
    ComponentEncoder::default()
        .module(&module)?
        .adapter("wasi_snapshot_preview1", &adapter()?)?
        .validate(true)
        .encode()
}

fn adapter() -> Result<Vec<u8>> {
    let mut bytes = wat::parse_str(ADAPTER)?;
    let mut resolve = Resolve::default();
    let package = resolve.push_str("adapter.wit", ADAPTER_WIT)?;
    let world = resolve.select_world(&[package], Some("adapter"))?;
    embed_component_metadata(&mut bytes, &resolve, world, StringEncoding::UTF8)?;
    Ok(bytes)
}
