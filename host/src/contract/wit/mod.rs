//! A guest's WIT folder, made from the schemas of its input and output.
//!
//! Interface `types` holds one type for each Avro record, enumeration and union of several branches, and the envelopes
//! around values; world `transform` exports the functions over them. With a resource of the guest's own, the functions
//! stand in an interface `guest`, which the world exports. The package `millstream:pipeline` comes along as a dependency.
//!
//! Where two schemas have a type of the same name and the same structure, it is one type in WIT; where the structures
//! differ, the later one gets `-output`, `-key` or `-key-output` behind its name.

use std::path::{Path, PathBuf};

mod check;
mod choices;
mod closing;
mod doc;
mod envelope;
mod guest;
mod limits;
mod options;
mod package_name;
mod refusal;
mod scope;
mod types;
mod view;

use guest::Guest;
pub use options::{Answers, EnvelopeField, Import, Key, Options, Raw, Value};
pub use refusal::Refusal;
pub use view::{Case, Definition, Member, NamedType, Type, View};

/// The package every guest depends on: file name and text.
pub const PIPELINE_PACKAGE: &[(&str, &str)] = &[
    ("types.wit", include_str!("../../../../wit/types.wit")),
    ("generic.wit", include_str!("../../../../wit/generic.wit")),
    ("schemas.wit", include_str!("../../../../wit/schemas.wit")),
    ("envelope.wit", include_str!("../../../../wit/envelope.wit")),
    ("log.wit", include_str!("../../../../wit/log.wit")),
    ("metrics.wit", include_str!("../../../../wit/metrics.wit")),
    ("config.wit", include_str!("../../../../wit/config.wit")),
];
/// Its version.
pub const PIPELINE_VERSION: &str = "0.1.0";

/// Files of a WIT folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitFolder {
    /// Path within the folder, with `/` between its parts, and text.
    pub files: Vec<(String, String)>,
}

/// Why a file of the folder could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// What the system said.
    pub source: std::io::Error,
}

/// Makes the WIT folder of a guest that turns `input` into `output`.
pub fn package<'a>(
    input: impl Into<Value<'a>>,
    output: impl Into<Value<'a>>,
    options: &'a Options,
) -> Result<WitFolder, Refusal> {
    let (input, output) = (input.into(), output.into());
    let package = package_name::package_line(&options.package)?;
    choices::check(input, output, options)?;
    let mut files = Guest::new(input, output, options)?.files(&package);
    for (name, text) in PIPELINE_PACKAGE {
        files.push((format!("deps/millstream-pipeline/{name}"), text.to_string()));
    }
    Ok(WitFolder { files })
}

/// The types of the guest that [`package`] makes of the same arguments: what code over its WIT is written from. Of a
/// guest without a resource.
pub fn types<'a>(
    input: impl Into<Value<'a>>,
    output: impl Into<Value<'a>>,
    options: &'a Options,
) -> Result<View, Refusal> {
    let (input, output) = (input.into(), output.into());
    choices::check(input, output, options)?;
    // Sides are made of what has a schema, the input first.
    let typed = (matches!(input, Value::Schema(_)), matches!(output, Value::Schema(_)));
    let sides = (typed.0.then_some(0), typed.1.then_some(usize::from(typed.0)));
    Ok(Guest::new(input, output, options)?.view(sides))
}

impl WitFolder {
    /// Writes the files into `dir`, which is made where it is missing. Other files there are left alone.
    pub fn write(&self, dir: &Path) -> Result<(), WriteError> {
        for (name, text) in &self.files {
            let path = name.split('/').fold(dir.to_path_buf(), |path, part| path.join(part));
            let folder = path.parent().unwrap_or(dir);
            std::fs::create_dir_all(folder).map_err(|source| WriteError { path: folder.to_path_buf(), source })?;
            std::fs::write(&path, text).map_err(|source| WriteError { path, source })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod package_tests;
#[cfg(test)]
mod recursion_tests;
#[cfg(test)]
mod shape_tests;
#[cfg(test)]
mod tests;
