//! Names of a component's exports, changed after it was made.

use wasm_encoder::reencode::{ReencodeComponent, RoundtripReencoder};
use wasm_encoder::{Component, ComponentExportSection, RawSection};
use wasmparser::{Encoding, Parser, Payload};

use super::world::RENAMED;

/// Gives the guest's `init` its name back, and the `init` of the JavaScript engine, which was called when the component
/// was made, a name of its own. The error says what is wrong with the component.
pub(super) fn renamed(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Component::new();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| error.to_string())?;
        match &payload {
            Payload::Version { encoding: Encoding::Component, .. } if depth == 0 => depth = 1,
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
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
                    let mut export = export.map_err(|error| error.to_string())?;
                    export.name.name = match export.name.name {
                        "init" => "quickjs-init",
                        RENAMED => "init",
                        name => name,
                    };
                    let copied = RoundtripReencoder.parse_component_export(&mut exports, export);
                    copied.map_err(|error| error.to_string())?;
                }
                out.section(&exports);
            }
            other => {
                if let Some((id, range)) = other.as_section() {
                    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
                    let data = bytes.get(place(range.start)..place(range.end));
                    let data = data.ok_or("a section ends beyond the file")?;
                    out.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok(out.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exports(bytes: &[u8]) -> Vec<String> {
        let mut names = Vec::new();
        for payload in Parser::new(0).parse_all(bytes) {
            if let Payload::ComponentExportSection(section) = payload.unwrap() {
                names.extend(section.into_iter().map(|export| export.unwrap().name.name.to_owned()));
            }
        }
        names
    }

    #[test]
    fn the_guests_init_gets_its_name_back_and_all_else_stays() {
        let bytes = wat::parse_str(
            r#"(component
                (core module $m (func (export "init")) (func (export "guest-init")))
                (core instance $i (instantiate $m))
                (func $a (canon lift (core func $i "init")))
                (func $b (canon lift (core func $i "guest-init")))
                (export "init" (func $a))
                (export "guest-init" (func $b))
                (export "transform" (func $b)))"#,
        );
        let changed = renamed(&bytes.unwrap()).unwrap();
        assert_eq!(exports(&changed), ["quickjs-init", "init", "transform"]);
        // Again, all names are others; what is inside of it was left alone both times.
        assert_eq!(exports(&renamed(&changed).unwrap()), ["quickjs-init", "quickjs-init", "transform"]);
    }

    #[test]
    fn what_is_no_component_is_refused() {
        assert!(renamed(b"\0asm").is_err());
        assert!(renamed(b"").is_err());
    }
}
