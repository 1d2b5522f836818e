//! What was made for `flat-transform` becomes `transform`, in a finished component: see `flat.rs`.

use std::collections::HashMap;

use wasm_encoder::reencode::{Reencode, ReencodeComponent, RoundtripReencoder};
use wasm_encoder::{CanonicalFunctionSection, CanonicalOption};
use wasmparser::{CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentTypeRef, Parser, Payload};

use super::flat::FLAT;
use super::modules::Result;

/// What a component's function is made of: a core function, and how it is called.
type Lift = (u32, Vec<CanonicalOption>);

/// The functions of a component that have others in their place, by index.
#[derive(Default)]
pub(super) struct Places {
    taken: HashMap<u32, Lift>,
    /// Functions seen so far in `section`.
    seen: u32,
}

impl Places {
    /// Looks for pairs of exports in a component, not in those inside of it.
    pub(super) fn find(component: &[u8]) -> Result<Places> {
        let (mut count, mut depth) = (0, 0);
        let mut lifts: HashMap<u32, Lift> = HashMap::new();
        let mut exports: HashMap<String, u32> = HashMap::new();
        for payload in Parser::new(0).parse_all(component) {
            let payload = payload?;
            match payload {
                Payload::Version { .. } => depth += 1,
                Payload::End(_) => depth = u32::saturating_sub(depth, 1),
                Payload::ComponentCanonicalSection(ref section) if depth == 1 => {
                    let lifted = section.clone().into_iter().collect::<Result<Vec<_>, _>>()?.into_iter();
                    let lifted = lifted.filter_map(|one| match one {
                        CanonicalFunction::Lift { core_func_index, options, .. } => Some((core_func_index, options)),
                        _ => None,
                    });
                    for (at, (core, options)) in (count..).zip(lifted) {
                        let options: Result<Vec<_>, _> =
                            options.iter().map(|option| RoundtripReencoder.canonical_option(*option)).collect();
                        lifts.insert(at, (RoundtripReencoder.function_index(core)?, options?));
                    }
                }
                Payload::ComponentExportSection(ref section) if depth == 1 => {
                    for export in section.clone() {
                        let export = export?;
                        if export.kind == ComponentExternalKind::Func {
                            exports.insert(export.name.name.to_owned(), export.index);
                        }
                    }
                }
                _ => {}
            }
            if depth == 1 {
                count += functions(&payload)?;
            }
        }
        let pairs = exports.iter().filter_map(|(name, flat)| Some((exports.get(name.strip_prefix(FLAT)?)?, flat)));
        let taken = pairs
            .filter_map(|(plain, flat)| lifts.contains_key(plain).then(|| Some((*plain, lifts.get(flat)?.clone())))?);
        Ok(Places { taken: taken.collect(), seen: 0 })
    }

    /// Passes a section by.
    pub(super) fn pass(&mut self, payload: &Payload<'_>) -> Result<()> {
        self.seen += functions(payload)?;
        Ok(())
    }

    /// The section with functions in their new places; none where all stays.
    pub(super) fn section(
        &self,
        section: wasmparser::ComponentCanonicalSectionReader<'_>,
    ) -> Result<Option<CanonicalFunctionSection>> {
        let mut changed = false;
        let (mut out, mut at) = (CanonicalFunctionSection::new(), self.seen);
        for one in section {
            let one = one?;
            let CanonicalFunction::Lift { type_index, .. } = one else {
                RoundtripReencoder.parse_component_canonical(&mut out, one)?;
                continue;
            };
            match self.taken.get(&at) {
                Some((core, options)) => {
                    out.lift(*core, type_index, options.iter().copied());
                    changed = true;
                }
                None => RoundtripReencoder.parse_component_canonical(&mut out, one)?,
            }
            at += 1;
        }
        Ok(changed.then_some(out))
    }
}

/// The component functions that a section adds.
fn functions(payload: &Payload<'_>) -> Result<u32> {
    let count = match payload {
        Payload::ComponentImportSection(section) => {
            let imports = section.clone().into_iter().collect::<Result<Vec<_>, _>>()?;
            imports.iter().filter(|import| matches!(import.ty, ComponentTypeRef::Func(_))).count()
        }
        Payload::ComponentAliasSection(section) => {
            let aliases = section.clone().into_iter().collect::<Result<Vec<_>, _>>()?;
            let function = |alias: &&ComponentAlias<'_>| {
                matches!(alias, ComponentAlias::InstanceExport { kind: ComponentExternalKind::Func, .. })
            };
            aliases.iter().filter(function).count()
        }
        Payload::ComponentCanonicalSection(section) => {
            let lifts = section.clone().into_iter().collect::<Result<Vec<_>, _>>()?;
            lifts.iter().filter(|one| matches!(one, CanonicalFunction::Lift { .. })).count()
        }
        Payload::ComponentExportSection(section) => {
            let exports = section.clone().into_iter().collect::<Result<Vec<_>, _>>()?;
            exports.iter().filter(|export| export.kind == ComponentExternalKind::Func).count()
        }
        _ => 0,
    };
    Ok(u32::try_from(count)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::exports::placed;

    fn lifts(bytes: &[u8]) -> Vec<u32> {
        let mut cores = Vec::new();
        for payload in Parser::new(0).parse_all(bytes) {
            if let Payload::ComponentCanonicalSection(section) = payload.unwrap() {
                cores.extend(section.into_iter().filter_map(|one| match one.unwrap() {
                    CanonicalFunction::Lift { core_func_index, .. } => Some(core_func_index),
                    _ => None,
                }));
            }
        }
        cores
    }

    #[test]
    fn a_function_with_tuples_takes_the_place_of_the_one_with_records() {
        let component = r#"(component
            (core module $m (func (export "a")) (func (export "b")) (func (export "c")))
            (core instance $i (instantiate $m))
            (func $flat (canon lift (core func $i "b")))
            (func $plain (canon lift (core func $i "a")))
            (func $other (canon lift (core func $i "c")))
            (export "flat-transform" (func $flat))
            (export "transform" (func $plain))
            (export "flat" (func $other)))"#;
        let inner = component.replacen("(component", "(component $inner", 1);
        for text in [component.to_owned(), format!("(component {inner} (instance (instantiate $inner)))")] {
            let bytes = wat::parse_str(text).unwrap();
            let changed = placed(&bytes).unwrap();
            wasmparser::Validator::new().validate_all(&changed).unwrap();
            let before = lifts(&bytes);
            assert_eq!(lifts(&changed), [before[0], before[0], before[2]]);
        }
    }

    #[test]
    fn a_component_without_pairs_stays_as_it_is() {
        let text = r#"(component
            (core module $m (func (export "a")))
            (core instance $i (instantiate $m))
            (func $a (canon lift (core func $i "a")))
            (export "flat-other" (func $a))
            (export "transform" (func $a)))"#;
        let bytes = wat::parse_str(text).unwrap();
        assert_eq!(placed(&bytes).unwrap(), bytes);
    }
}
