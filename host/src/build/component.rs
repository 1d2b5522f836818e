//! The last steps: from a core module to a component, and a look at whether a pipeline can call it.

use std::path::Path;

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{Function, Resolve, Type, TypeDefKind, WorldId, WorldItem};

use super::error::BuildError;
use crate::contract::shape::ROLES;
use crate::guest;

/// The world that `millstream wit` writes.
pub(super) const WORLD: &str = "transform";

/// A WIT folder and its world; `shown` is what messages call the folder.
pub(super) fn read(wit: &Path, shown: &Path) -> Result<(Resolve, WorldId), BuildError> {
    let mut resolve = Resolve::default();
    let read = resolve.push_dir(wit).and_then(|(package, _)| resolve.select_world(&[package], Some(WORLD)));
    match read {
        Ok(world) => Ok((resolve, world)),
        Err(error) => {
            let why = resolve.render_error(&error);
            Err(BuildError::project(shown, format!("this WIT cannot be used (`millstream wit` writes it anew): {why}")))
        }
    }
}

/// Makes a component of a core module that was compiled for WASI preview 1.
pub(super) fn wrap(
    mut core: Vec<u8>,
    (resolve, world): &(Resolve, WorldId),
    name: &Path,
) -> Result<Vec<u8>, BuildError> {
    let bad = |why: String| BuildError::NoGuest { path: name.to_owned(), why };
    embed_component_metadata(&mut core, resolve, *world, StringEncoding::UTF8)
        .map_err(|error| bad(format!("{error:#}")))?;
    guest::wrap(&core).map_err(|error| bad(error.to_string()))
}

/// Whether a pipeline finds functions in a component; how they fit its schemas is the pipeline's own matter.
pub(super) fn check(component: &[u8], name: &Path) -> Result<(), BuildError> {
    let bad = |why: String| BuildError::NoGuest { path: name.to_owned(), why };
    let (resolve, world) = match decode(component) {
        Ok(DecodedWasm::Component(resolve, world)) => (resolve, world),
        Ok(DecodedWasm::WitPackage(..)) => return Err(bad("it is a WIT package without code".to_owned())),
        Err(error) => return Err(bad(format!("it is no component: {error:#}"))),
    };
    let (mut names, mut functions) = (Vec::new(), Vec::new());
    for (key, item) in &resolve.worlds[world].exports {
        names.push(format!("`{}`", resolve.name_world_key(key)));
        match item {
            WorldItem::Function(function) => functions.push(function),
            WorldItem::Interface { id, .. } => functions.extend(resolve.interfaces[*id].functions.values()),
            WorldItem::Type { .. } => {}
        }
    }
    functions.retain(|function| ROLES.iter().any(|role| role.as_str() == function.name));
    if functions.is_empty() {
        let exports = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        return Err(bad(format!(
            "it exports neither `transform` nor `deserialize` nor `serialize`; it exports {exports}. Generate its world \
             with `millstream wit`"
        )));
    }
    match functions.into_iter().find(|function| !is_batch(&resolve, function)) {
        Some(other) => {
            let name = &other.name;
            let expected = format!("`{name}: func(batch: list<IN>) -> list<result<OUT, fault>>`");
            Err(bad(format!("its `{name}` is not {expected}. Generate its world with `millstream wit`")))
        }
        None => Ok(()),
    }
}

/// One list in, one list of results out.
fn is_batch(resolve: &Resolve, function: &Function) -> bool {
    let [input] = function.params.as_slice() else { return false };
    let answer = function.result.and_then(|ty| list(resolve, ty));
    let answers = answer.is_some_and(|ty| matches!(kind(resolve, ty), Some(TypeDefKind::Result(_))));
    list(resolve, input.ty).is_some() && answers
}

fn list(resolve: &Resolve, ty: Type) -> Option<Type> {
    match kind(resolve, ty)? {
        TypeDefKind::List(item) => Some(*item),
        _ => None,
    }
}

fn kind(resolve: &Resolve, ty: Type) -> Option<&TypeDefKind> {
    let Type::Id(id) = ty else { return None };
    match &resolve.types[id].kind {
        TypeDefKind::Type(inner) => kind(resolve, *inner),
        kind => Some(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a component with this export, whose code is never called.
    fn said(item: &str, function: &str) -> String {
        let mut resolve = Resolve::default();
        let text = format!("package a:b; world transform {{ export {item} }}");
        let package = resolve.push_str("a.wit", &text).unwrap();
        let world = resolve.select_world(&[package], Some(WORLD)).unwrap();
        let core = format!(
            r#"(module (memory (export "memory") 1) (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                unreachable) (func {function} unreachable))"#
        );
        let name = Path::new("x.wasm");
        let component = wrap(wat::parse_str(core).unwrap(), &(resolve, world), name).unwrap();
        check(&component, name).map_or_else(|error| error.to_string(), |()| "well".to_owned())
    }

    #[test]
    fn a_guest_of_a_batch_is_one() {
        let code = "(export \"transform\") (param i32 i32) (result i32)";
        assert_eq!(said("transform: func(b: list<string>) -> list<result<u32, string>>;", code), "well");
        let code = "(export \"a:b/x#serialize\") (param i32 i32) (result i32)";
        let item = "x: interface { serialize: func(b: list<string>) -> list<result<u32, string>>; }";
        assert_eq!(said(item, &code.replace("a:b/", "")), "well");
    }

    #[test]
    fn other_worlds_are_told_with_what_they_export() {
        assert_eq!(
            said("other: func();", "(export \"other\")"),
            "x.wasm was built, but no pipeline can use it: it exports neither `transform` nor `deserialize` nor \
             `serialize`; it exports `other`. Generate its world with `millstream wit`"
        );
        let code = "(export \"transform\") (param i32) (result i32)";
        let why = said("transform: func(x: u32) -> u32;", code);
        assert!(why.contains("its `transform` is not `transform: func(batch: list<IN>) -> "), "{why}");
        assert!(check(b"\0asm", Path::new("x.wasm")).is_err());
    }
}
