//! `millstream new`: a project for a guest, in the conventions of its language.
//!
//! [`Model`] is all that is known of the project: names, WIT types, how the output is made of the input until somebody
//! writes more, and values to test with. `frame.rs` writes what all languages share, a module for each language the
//! rest, from templates in the folder beside it. Nothing here asks for the time, so the same request gives the same files.

use std::path::PathBuf;

mod c;
mod frame;
pub mod generic;
mod go;
mod javascript;
mod json;
mod layout;
pub mod model;
pub mod name;
mod python;
mod rust;
mod shape;
pub mod value;
mod view_of;
mod write;

pub use model::Model;
pub use shape::Shape;

use crate::build::Language;
use crate::contract::wit::{Refusal, WriteError};
use crate::schema::SchemaError;

/// What somebody asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The project's name.
    pub name: String,
    /// Its language.
    pub language: Language,
    /// The file of the input's schema.
    pub input: PathBuf,
    /// The file of the output's schema; without it the input's.
    pub output: Option<PathBuf>,
    /// What the guest does with a record.
    pub shape: Shape,
    /// The folder in which the project's folder is made.
    pub folder: PathBuf,
}

/// A file of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path within the project, with `/` between its parts.
    pub path: String,
    /// What it holds.
    pub text: String,
}

impl File {
    /// A file of this path and text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

/// What the README says of a language.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// What has to be there: a list in one sentence, without its full stop.
    pub needs: String,
    /// The file in which the author begins.
    pub begin: String,
    /// The command of the language's own tests, from within the project.
    pub test: String,
    /// Further files and what they are, for the README's table.
    pub files: Vec<(String, String)>,
    /// What a person has to know who writes such a guest: Markdown items without their dashes.
    pub notes: Vec<String>,
    /// Lines of .gitignore beside those of all languages.
    pub ignored: Vec<String>,
}

/// A project that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// Its folder.
    pub folder: PathBuf,
    /// Its files, by their paths within the folder.
    pub files: Vec<String>,
    /// The file in which the author begins.
    pub begin: String,
}

/// Why a project was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NewError {
    /// The name is none.
    #[error(
        "{name:?} is no project name: up to 64 lower-case letters, digits and single dashes between them, a letter first; \
         for instance `{nearest}`"
    )]
    Name {
        /// What was given.
        name: String,
        /// A name that would do.
        nearest: String,
    },
    /// The language has something else of this name.
    #[error("a project cannot be called `{name}`: {why}; for instance `{name}-stream`")]
    TakenName {
        /// What was given.
        name: String,
        /// What is in the way.
        why: String,
    },
    /// A schema cannot be read.
    #[error("{source}")]
    Schema {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: SchemaError,
    },
    /// No WIT can be made of the schemas.
    #[error("{refusal}")]
    Wit {
        /// The file or flag to change.
        at: PathBuf,
        /// Why.
        refusal: Refusal,
    },
    /// Nothing can be written to begin with.
    #[error(
        "no value of {ty} can be made without another one in it, so there is nothing to begin with; give the field that \
         holds it null or an array as a way out"
    )]
    NoValue {
        /// The schema's file.
        path: PathBuf,
        /// The schema's type.
        ty: String,
    },
    /// The language's bindings cannot be compiled.
    #[error("the bindings for {language} cannot be made of this schema: {why}; choose another language or rename it")]
    Bindings {
        /// The language.
        language: Language,
        /// What is in the way.
        why: String,
    },
    /// There is something in the way.
    #[error("{} is there already, and `new` overwrites nothing; choose another name or folder", folder.display())]
    Exists {
        /// The project's folder.
        folder: PathBuf,
    },
    /// The file system refuses.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
}

impl From<WriteError> for NewError {
    fn from(error: WriteError) -> Self {
        NewError::Write { path: error.path, source: error.source }
    }
}

impl Request {
    /// The refusal, with the file that is to blame where it is one.
    fn refused(&self, refusal: Refusal) -> NewError {
        let output = self.output.as_ref().unwrap_or(&self.input);
        let at = match refusal.flag() {
            "--input" => self.input.clone(),
            "--output" => output.clone(),
            flag => PathBuf::from(flag),
        };
        NewError::Wit { at, refusal }
    }
}

/// The files of a project, in the order of their paths.
pub fn files(model: &Model) -> Vec<File> {
    let (written, about) = language(model);
    let mut files = frame::files(model, &about);
    files.extend(written);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// What the project's language adds.
fn language(model: &Model) -> (Vec<File>, About) {
    let (mut files, mut about) = match model.language {
        Language::Rust => (rust::files(model), rust::about(model)),
        Language::Go => (go::files(model), go::about(model)),
        Language::C => (c::files(model), c::about(model)),
        Language::Python => (python::files(model), python::about(model)),
        Language::JavaScript | Language::TypeScript => (javascript::files(model), javascript::about(model)),
    };
    generic::add(model, &mut files, &mut about);
    (files, about)
}

/// What keeps the language's bindings from being compiled: faults of their generators, which only some names meet.
fn obstacle(language: Language, typed: &model::Typed) -> Option<String> {
    match language {
        Language::Rust => rust::obstacle(typed),
        Language::Go => go::obstacle(typed),
        Language::C => c::obstacle(typed),
        _ => None,
    }
}

/// Writes the project: all of it, or nothing.
pub fn create(request: &Request) -> Result<Created, NewError> {
    let folder = request.folder.join(&request.name);
    // Before the schemas: a name that is taken cannot be made good by them.
    name::Name::new(&request.name, request.language)?;
    write::vacant(&folder)?;
    let model = Model::new(request)?;
    let files = files(&model);
    write::write(&folder, &files)?;
    let begin = language(&model).1.begin;
    Ok(Created { folder, files: files.into_iter().map(|file| file.path).collect(), begin })
}

#[cfg(test)]
mod odd_tests;
