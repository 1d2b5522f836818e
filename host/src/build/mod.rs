//! `millstream build`: from a project in any language to a component beside its source.
//!
//! Each language has a file of its own. It finds its tools, calls the language's own tool chain, and gives the component;
//! what all share, and what happens before and after, is here.

mod bindings;
mod c;
mod component;
mod convert;
mod entry;
mod error;
mod exports;
mod flat;
mod gil;
mod go;
mod language;
mod longs;
mod modules;
mod own;
mod places;
mod project;
mod python;
mod rust;
mod script;
mod shapes;
mod stamp;
mod steps;
mod tools;
mod types;
mod world;

use std::path::{Path, PathBuf};

pub use error::BuildError;
pub use language::{LANGUAGES, Language, UnknownLanguage};

use project::Project;

/// What was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The component, in the project's folder as it was named.
    pub wasm: PathBuf,
    /// What it is written in.
    pub language: Language,
    /// Its length in bytes.
    pub size: u64,
    /// Whether it is another one than before.
    pub changed: bool,
}

/// What a language made.
enum Made {
    /// The component that is there is that of these sources.
    Fresh,
    /// A new one.
    New {
        component: Vec<u8>,
        /// What it was made of, in one word; none where that is not known, or where the language knows it itself.
        inputs: Option<String>,
    },
}

/// Builds the guest of a folder: `FOLDER/NAME.wasm`. `say` is told what takes long. What compilers say goes to standard
/// error as it is.
pub fn build(folder: &Path, say: &mut dyn FnMut(&str)) -> Result<Built, BuildError> {
    let project = Project::find(folder)?;
    let _lock = project.lock(say)?;
    let made = match project.language {
        Language::Rust => Made::New { component: rust::build(&project)?, inputs: None },
        Language::Go => go::build(&project)?,
        Language::Python => python::build(&project, say)?,
        Language::JavaScript | Language::TypeScript => script::build(&project, say)?,
        Language::C => c::build(&project)?,
    };
    let changed = match made {
        Made::Fresh => false,
        Made::New { component, inputs } => finish(&project, &component, inputs.as_deref())?,
    };
    let wasm = project.show(&project.wasm_name());
    let size = std::fs::metadata(project.wasm()).map_err(BuildError::file("read", &wasm))?.len();
    Ok(Built { wasm, language: project.language, size, changed })
}

/// Whether a folder holds a guest's sources and its `wit/`, also where something is wrong with them.
pub fn is_project(folder: &Path) -> bool {
    folder.join("wit").is_dir() && !matches!(Project::find(folder), Err(BuildError::NoProject(_)))
}

/// Puts a component in its place, whole or not at all: a pipeline may be reading it. Tells whether it is another one.
fn finish(project: &Project, component: &[u8], inputs: Option<&str>) -> Result<bool, BuildError> {
    let (path, shown) = (project.wasm(), project.show(&project.wasm_name()));
    let changed = !std::fs::read(&path).is_ok_and(|old| old == component);
    if changed {
        component::check(component, &shown)?;
        let new = project.out().join("new.wasm");
        std::fs::write(&new, component).map_err(BuildError::file("write", &new))?;
        std::fs::rename(&new, &path).map_err(BuildError::file("write", shown))?;
    }
    stamp::note(project, inputs, component)?;
    Ok(changed)
}
