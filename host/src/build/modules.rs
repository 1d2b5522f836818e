//! Sections of a component, and the core modules among them, changed after it was made.

use wasm_encoder::{Component, RawSection};
use wasmparser::{Encoding, Parser, Payload};

/// Of a component that cannot be read.
pub(super) type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// Gives the module that stands in the place of one; none where that stays.
pub(super) type Change<'a> = &'a dyn Fn(&[u8]) -> Result<Option<Vec<u8>>>;

/// The component with other modules in the places of its own, in those inside of it too.
pub(super) fn changed(bytes: &[u8], change: Change<'_>) -> Result<Vec<u8>> {
    sections(bytes, |payload, section, out| {
        let other = match payload {
            Payload::ModuleSection { .. } => change(section.data)?,
            Payload::ComponentSection { .. } => Some(changed(section.data, change)?),
            _ => None,
        };
        out.section(&RawSection { id: section.id, data: other.as_deref().unwrap_or(section.data) });
        Ok(())
    })
}

/// A component made of the sections of another: `each` puts out what stands in the place of one. Modules and components
/// inside are one section each.
pub(super) fn sections(
    bytes: &[u8],
    mut each: impl FnMut(&Payload<'_>, RawSection<'_>, &mut Component) -> Result<()>,
) -> Result<Vec<u8>> {
    let mut out = Component::new();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding: Encoding::Component, .. } if depth == 0 => depth = 1,
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth != 1 {
            // Of a module or a component inside: taken whole where its section began.
            continue;
        }
        let Some((id, range)) = payload.as_section() else { continue };
        let data = bytes.get(usize::try_from(range.start)?..usize::try_from(range.end)?);
        let data = data.ok_or("a section ends beyond the file")?;
        each(&payload, RawSection { id, data }, &mut out)?;
    }
    Ok(out.finish())
}
