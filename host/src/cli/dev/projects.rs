//! What is watched for a pipeline, and which of its guests are built from sources beside them.

use std::path::{Path, PathBuf};

use super::files::Scope;
use crate::cli::test;
use crate::config::Pipeline;
use crate::schema::local;

/// Files beside a project's folder or above it that its build reads.
const MANIFESTS: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "go.mod",
    "go.sum",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "requirements.txt",
    "pyproject.toml",
];

/// Builds the project in a folder; the path is the component's. What it says of its steps goes to the closure, what a
/// compiler says to standard error, and the error is for people.
pub(super) type Build = fn(&Path, &mut dyn FnMut(&str)) -> Result<PathBuf, String>;

/// The folder of a guest where it is built: that of its file, where its WIT and its sources stand too.
pub(super) fn project_of(guest: &Path, is_project: fn(&Path) -> bool) -> Option<PathBuf> {
    let folder = folder_of(guest);
    (folder.join("wit").is_dir() && is_project(&folder)).then_some(folder)
}

/// All that a pipeline is made of.
pub(super) fn scope(config: &Pipeline, samples: &Path, projects: &[PathBuf]) -> Scope {
    let mut scope = Scope { files: vec![config.file.clone(), samples.to_owned()], folders: projects.to_vec() };
    scope.files.push(folder_of(&config.file).join(test::FILE));
    let schemas = [&config.source.schema, &config.source.key_schema, &config.sink.schema, &config.sink.key_schema];
    for schema in schemas.into_iter().flatten() {
        scope.files.extend([schema.clone(), folder_of(schema).join(local::FILE)]);
    }
    for stage in &config.stages {
        let folder = folder_of(&stage.guest);
        scope.files.push(folder.join(test::FILE));
        match projects.contains(&folder) {
            true => scope.files.extend(manifests(&folder)),
            // Nobody builds it here, so its file is all there is.
            false => scope.files.push(stage.guest.clone()),
        }
    }
    scope.files.sort();
    scope.files.dedup();
    scope.folders.sort();
    scope.folders.dedup();
    scope
}

/// The manifests that count for a folder: its own, else those of the nearest folder above that has some.
fn manifests(folder: &Path) -> Vec<PathBuf> {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let of = |folder: &Path| MANIFESTS.iter().map(|name| folder.join(name)).filter(|path| path.is_file()).collect();
    real.ancestors().map(of).find(|found: &Vec<PathBuf>| !found.is_empty()).unwrap_or_default()
}

pub(super) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Whether one of the projects' builds has to run for these changes: what is below the project, or a manifest of it.
pub(super) fn concerns(project: &Path, changed: &[PathBuf]) -> bool {
    changed.iter().any(|path| path.starts_with(project) || manifests(project).contains(path))
}
