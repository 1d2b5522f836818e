//! Names of a component's exports, changed after it was made.

use std::path::Path;

use anyhow::{Context, Result};
use wasm_encoder::reencode::{ReencodeComponent, RoundtripReencoder};
use wasm_encoder::{Component, ComponentExportSection, RawSection};
use wasmparser::{Encoding, Parser, Payload};

use crate::world::RENAMED;

/// Gives the guest's `init` its name back, and the `init` of the JavaScript engine, which was called when the component
/// was made, a name of its own.
pub fn rename(component: &Path, out: &Path) -> Result<()> {
    let bytes = std::fs::read(component).with_context(|| format!("reading {}", component.display()))?;
    let renamed = renamed(&bytes).with_context(|| format!("changing {}", component.display()))?;
    std::fs::write(out, renamed).with_context(|| format!("writing {}", out.display()))
}

fn renamed(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut out = Component::new();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding: Encoding::Component, .. } if depth == 0 => depth = 1,
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            _ => {}
        }
        if depth != 1 {
            // Of a module or a component inside: copied whole where its section began.
            continue;
        }
        match payload {
            Payload::ComponentExportSection(section) => {
                let mut exports = ComponentExportSection::new();
                for export in section {
                    let mut export = export?;
                    export.name.name = match export.name.name {
                        "init" => "quickjs-init",
                        RENAMED => "init",
                        name => name,
                    };
                    RoundtripReencoder.parse_component_export(&mut exports, export)?;
                }
                out.section(&exports);
            }
            other => {
                if let Some((id, range)) = other.as_section() {
                    let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
                    let data = bytes.get(range).context("a section ends beyond the file")?;
                    out.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok(out.finish())
}
