//! A guest's WIT folder, made from the schemas of its input and output.
//!
//! Interface `types` holds one type for each Avro record, enumeration and union of several branches; world `transform`
//! exports the one function over them. The package `millstream:pipeline` comes along as a dependency.
//!
//! Where input and output have a type of the same name and the same structure, it is one type in WIT; where the
//! structures differ, the output's gets `-output` behind its name.

use std::path::{Path, PathBuf};

use crate::schema::Schema;

mod check;
mod doc;
mod types;

use check::check;
use types::Side;

/// The package every guest depends on: file name and text.
pub const PIPELINE_PACKAGE: &[(&str, &str)] = &[("types.wit", include_str!("../../../../wit/types.wit"))];
/// Its version.
pub const PIPELINE_VERSION: &str = "0.1.0";

/// More fields or cases than this make a component that no engine accepts.
const MAX_MEMBERS: usize = 10_000;
/// Names that mean something else in the world.
const TAKEN_IN_WORLD: &[&str] = &["fault", "transform"];

/// What the caller may choose.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The guest's own package: `acme:payments` or `acme:payments@1.0.0`.
    pub package: String,
    /// Of the input record, only these fields (Avro names); all of them where absent.
    pub input_fields: Option<Vec<String>>,
    /// Of the output record, only these fields (Avro names); all of them where absent.
    pub output_fields: Option<Vec<String>>,
}

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

/// Why no WIT can be made of the schemas.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The package is not named as WIT wants it.
    #[error(
        "{0:?} is not a package name: write namespace:name in lower-case words joined by dashes, with or without \
         @version, for instance acme:payments or acme:payments@1.0.0"
    )]
    Package(String),
    /// The package is the pipeline's.
    #[error("millstream:pipeline is the package of the pipeline itself; choose a name of your own")]
    Reserved,
    /// A type contains itself.
    #[error("{side} schema: record {record} contains itself; recursive types are not yet supported")]
    Recursive {
        /// `input` or `output`.
        side: &'static str,
        /// The record's full name.
        record: String,
    },
    /// A type that carries no data stands where a value must.
    #[error(
        "{side} schema: {place} is {ty}, which carries no data; as {role} it has no WIT type. Such a type may only be \
         a record's field or a branch among several"
    )]
    NoData {
        /// `input` or `output`.
        side: &'static str,
        /// Where: `record.field`.
        place: String,
        /// The Avro type.
        ty: String,
        /// What it would have to be: `the item of an array`.
        role: &'static str,
    },
    /// No engine takes so large a type.
    #[error(
        "{side} schema: {ty} has {count} members; a component's type has at most {MAX_MEMBERS}. Of the outermost \
         record, --{side}-fields names those that are needed"
    )]
    TooLarge {
        /// `input` or `output`.
        side: &'static str,
        /// The Avro type.
        ty: String,
        /// Fields, symbols or branches.
        count: usize,
    },
    /// A field was chosen that the record does not have.
    #[error("--{side}-fields: {record} has no field {field:?}; it has {known}")]
    UnknownField {
        /// `input` or `output`.
        side: &'static str,
        /// The record's full name.
        record: String,
        /// The name that was given.
        field: String,
        /// The names it has.
        known: String,
    },
    /// Fields were chosen of something that has none.
    #[error("--{side}-fields: the schema is {ty}; only of a record fields can be chosen")]
    NoFields {
        /// `input` or `output`.
        side: &'static str,
        /// The Avro type.
        ty: String,
    },
}

/// Makes the WIT folder of a guest that turns `input` into `output`.
pub fn package(input: &Schema, output: &Schema, options: &Options) -> Result<WitFolder, Refusal> {
    let package = package_line(&options.package)?;
    check(input, "input", options.input_fields.as_deref())?;
    check(output, "output", options.output_fields.as_deref())?;
    let input = Side::new(input, options.input_fields.as_deref());
    let output = Side::new(output, options.output_fields.as_deref()).beside(&input);
    let mut files = vec![("world.wit".to_string(), world(&package, &input, &output))];
    let types = types::interface(&input, &output);
    if !types.is_empty() {
        // The package is named once: a second comment above a package line would be refused.
        files.push(("types.wit".to_string(), types));
    }
    for (name, text) in PIPELINE_PACKAGE {
        files.push((format!("deps/millstream-pipeline/{name}"), text.to_string()));
    }
    Ok(WitFolder { files })
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

fn world(package: &str, input: &Side, output: &Side) -> String {
    let (input_type, output_type) = (input.root_type(), output.root_type());
    let mut used = input.named_in_root();
    used.extend(output.named_in_root());
    used.dedup();
    let mut text = format!(
        "{package}\n/// Turns {} into {}.\nworld transform {{\n",
        doc::inline(&input.describe()),
        doc::inline(&output.describe())
    );
    // A used type may not bear a name that the world needs itself.
    let (mut input_type, mut output_type) = (input_type, output_type);
    let mut uses = Vec::new();
    for name in &used {
        let escaped = super::names::escape(name);
        if TAKEN_IN_WORLD.contains(&name.as_str()) {
            let mut alias = format!("{name}-record");
            while used.contains(&alias) {
                alias.push('x');
            }
            input_type.rename(name, &alias);
            output_type.rename(name, &alias);
            uses.push(format!("{escaped} as {alias}"));
        } else {
            uses.push(escaped);
        }
    }
    if !uses.is_empty() {
        text.push_str(&format!("    use types.{{{}}};\n", uses.join(", ")));
    }
    text.push_str(&format!("    use millstream:pipeline/types@{PIPELINE_VERSION}.{{fault}};\n\n"));
    text.push_str("    /// Answers each record of the batch by its position.\n");
    let (input_type, output_type) = (input_type.text(), output_type.text());
    text.push_str(&format!(
        "    export transform: func(batch: list<{input_type}>) -> list<result<{output_type}, fault>>;\n}}\n"
    ));
    text
}

/// `package acme:payments;`, or what is wrong with the name.
fn package_line(package: &str) -> Result<String, Refusal> {
    let refusal = || Refusal::Package(package.to_string());
    let (path, version) = match package.split_once('@') {
        Some((path, version)) => (path, Some(version)),
        None => (package, None),
    };
    let (namespace, name) = path.split_once(':').ok_or_else(refusal)?;
    if !is_kebab(namespace) || !is_kebab(name) || version.is_some_and(|version| !is_version(version)) {
        return Err(refusal());
    }
    if path == "millstream:pipeline" {
        return Err(Refusal::Reserved);
    }
    let version = version.map(|version| format!("@{version}")).unwrap_or_default();
    let escape = super::names::escape;
    Ok(format!(
        "// Written by `millstream wit` from the guest's Avro schemas; run it again when they change.\n\
         package {}:{}{version};\n",
        escape(namespace),
        escape(name)
    ))
}

fn is_kebab(name: &str) -> bool {
    name.split('-').all(|word| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    })
}

/// `1.2.3`, with or without a pre-release behind it.
fn is_version(version: &str) -> bool {
    let number = |part: &str| {
        !part.is_empty()
            && part.len() < 10
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let (core, pre) = match version.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (version, None),
    };
    let identifier = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && (!part.bytes().all(|b| b.is_ascii_digit()) || number(part))
    };
    core.split('.').count() == 3 && core.split('.').all(number) && pre.is_none_or(|pre| pre.split('.').all(identifier))
}

#[cfg(test)]
mod tests;
