//! Names of a component's exports, and what stands behind them, changed after it was made.

use wasm_encoder::reencode::{ReencodeComponent, RoundtripReencoder};
use wasm_encoder::{ComponentExportSection, RawSection};
use wasmparser::Payload;

use super::modules::{Result, sections};
use super::places::Places;
use super::world::RENAMED;

/// Gives the guest's `init` its name back, and the `init` of the JavaScript engine, which was called when the component
/// was made, a name of its own; puts functions that take tuples in the places of those with records. The error says what is wrong with the component.
pub(super) fn renamed(bytes: &[u8]) -> Result<Vec<u8>, String> {
    changed(bytes, true, true).map_err(|error| error.to_string())
}

/// The component with functions that take tuples in the places of those with records, and all names as they are. The
/// error says what is wrong with the component.
pub(super) fn placed(bytes: &[u8]) -> Result<Vec<u8>, String> {
    changed(bytes, true, false).map_err(|error| error.to_string())
}

fn changed(bytes: &[u8], outermost: bool, names: bool) -> Result<Vec<u8>> {
    let mut places = Places::find(bytes)?;
    sections(bytes, |payload, section, out| {
        match payload {
            Payload::ComponentExportSection(known) if names => _ = out.section(&exports(known.clone())?),
            Payload::ComponentCanonicalSection(known) => match places.section(known.clone())? {
                Some(other) => _ = out.section(&other),
                None => _ = out.section(&section),
            },
            // The engine puts the component that has the functions into another.
            Payload::ComponentSection { .. } if outermost => {
                let data = &changed(section.data, false, false)?;
                out.section(&RawSection { data, ..section });
            }
            _ => _ = out.section(&section),
        }
        places.pass(payload)
    })
}

fn exports(section: wasmparser::ComponentExportSectionReader<'_>) -> Result<ComponentExportSection> {
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
    Ok(exports)
}

#[cfg(test)]
mod tests {
    use wasmparser::Parser;

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
