//! What guests may import from `millstream:pipeline`: one table of interfaces, their functions and their types.
//!
//! The types are checked here rather than by the engine, so that a guest that differs is told what it has and what
//! there is, and so that functions with dynamic values are never called with others.

mod config;
mod log;
mod metrics;
mod schemas;

use std::path::Path;

use wasmtime::component::LinkerInstance;
use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem};
use wasmtime::{Engine, Result};

use super::error::LoadError;
use super::state::{Grants, State};
use super::types::Types;
use crate::contract::types::GuestType;

pub use schemas::Schemas;

/// What the names of all interfaces in here begin with.
pub(super) const PACKAGE: &str = "millstream:pipeline/";
/// The version of the package, without its last number: within it nothing is taken away or changed.
const VERSION: &str = "0.1";

/// One interface.
pub(super) struct Interface {
    name: &'static str,
    /// Whether a pipeline grants it; none where no grant is needed.
    granted: Option<fn(&Grants) -> bool>,
    functions: &'static [Function],
}

/// One function of an interface.
pub(super) struct Function {
    /// As WIT has it.
    pub(super) name: &'static str,
    params: fn() -> Vec<GuestType>,
    result: fn() -> Option<GuestType>,
    /// Defines it under its name.
    pub(super) link: fn(&mut LinkerInstance<'_, State>, &str) -> Result<()>,
}

const OFFERED: &[Interface] = &[config::INTERFACE, log::INTERFACE, metrics::INTERFACE, schemas::INTERFACE];

/// Why an import is not given.
#[derive(Debug)]
pub(super) enum Refusal {
    Version,
    Interface,
    Grant(&'static str),
    Function { function: String, offered: String },
    Type { function: String, found: String, offered: String },
}

impl Refusal {
    /// As the error of a guest and the import in question.
    pub(super) fn of(self, path: &Path, import: &str) -> LoadError {
        let (path, import) = (path.to_owned(), import.to_owned());
        match self {
            Refusal::Version => LoadError::ImportVersion { path, import, offered: VERSION },
            Refusal::Interface => {
                let offered = listed(OFFERED, |interface| interface.name);
                LoadError::ImportInterface { path, import, version: VERSION, offered }
            }
            Refusal::Grant(grant) => LoadError::NotGranted { path, import, grant },
            Refusal::Function { function, offered } => LoadError::ImportFunction { path, import, function, offered },
            Refusal::Type { function, found, offered } => {
                LoadError::ImportType { path, import, function, found, offered }
            }
        }
    }
}

/// The interface of this import, `millstream:pipeline/<name>@<version>`, if the host has it and the pipeline grants it.
pub(super) fn find(import: &str, grants: &Grants) -> Result<&'static Interface, Refusal> {
    let name = import.strip_prefix(PACKAGE).unwrap_or(import);
    let (name, version) = name.split_once('@').unwrap_or((name, ""));
    let interface = OFFERED.iter().find(|interface| interface.name == name).ok_or(Refusal::Interface)?;
    if !version.strip_prefix(VERSION).is_some_and(|rest| rest.starts_with('.')) {
        return Err(Refusal::Version);
    }
    match interface.granted {
        Some(granted) if !granted(grants) => Err(Refusal::Grant(interface.name)),
        _ => Ok(interface),
    }
}

/// The grant that an import of this package takes, if it takes one.
pub(super) fn grant(import: &str) -> Option<&'static str> {
    let name = import.strip_prefix(PACKAGE)?;
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    let interface = OFFERED.iter().find(|interface| interface.name == name)?;
    interface.granted.map(|_| interface.name)
}

impl Interface {
    /// The functions that the guest imports, if the host has them with these types.
    pub(super) fn matched(
        &'static self,
        engine: &Engine,
        imported: &ComponentInstance,
    ) -> Result<Vec<&'static Function>, Refusal> {
        let mut matched = Vec::new();
        for (name, item) in imported.exports(engine) {
            let function = self.functions.iter().find(|function| function.name == name);
            match (item.ty, function) {
                (ComponentItem::Type(_), _) => {}
                (ComponentItem::ComponentFunc(found), Some(function)) => {
                    function.check(&found)?;
                    matched.push(function);
                }
                _ => {
                    let offered = listed(self.functions, |function| function.name);
                    return Err(Refusal::Function { function: name.to_owned(), offered });
                }
            }
        }
        Ok(matched)
    }
}

impl Function {
    fn check(&self, found: &ComponentFunc) -> Result<(), Refusal> {
        let mut types = Types::default();
        let params: Vec<GuestType> = found.params().map(|(_, ty)| types.convert(&ty)).collect();
        let result = found.results().map(|ty| types.convert(&ty)).next();
        let (offered_params, offered_result) = ((self.params)(), (self.result)());
        if params == offered_params && result == offered_result && !found.async_() {
            return Ok(());
        }
        let kind = if found.async_() { "async " } else { "" };
        Err(Refusal::Type {
            function: self.name.to_owned(),
            found: format!("{kind}{}", written(&params, result.as_ref())),
            offered: written(&offered_params, offered_result.as_ref()),
        })
    }
}

fn written(params: &[GuestType], result: Option<&GuestType>) -> String {
    let params: Vec<String> = params.iter().map(GuestType::describe).collect();
    let result = result.map_or_else(String::new, |ty| format!(" -> {}", ty.describe()));
    format!("func({}){result}", params.join(", "))
}

fn listed<T>(all: &[T], name: impl Fn(&T) -> &'static str) -> String {
    all.iter().map(|one| format!("`{}`", name(one))).collect::<Vec<_>>().join(", ")
}
