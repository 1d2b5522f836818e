//! What is watched for a pipeline, and which of its guests are built from sources beside them.

use std::path::{Path, PathBuf};

use super::files::Scope;
use crate::build;
use crate::cli::test;
use crate::config::Pipeline;
use crate::schema::local;

/// Files beside a project's folder or above it that its build reads.
const MANIFESTS: &[&str] = &[
    "Cargo.toml",
    "go.mod",
    "go.sum",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "requirements.txt",
    "pyproject.toml",
];

/// The folder of a guest where it is built: that of its file, where its WIT and its sources stand too.
pub(super) fn project_of(guest: &Path) -> Option<PathBuf> {
    let folder = folder_of(guest);
    build::is_project(&folder).then_some(folder)
}

/// All that a pipeline is made of.
pub(super) fn scope(config: &Pipeline, samples: &Path, projects: &[PathBuf]) -> Scope {
    let mut scope = Scope { files: vec![config.file.clone(), samples.to_owned()], folders: projects.to_vec() };
    scope.files.push(beside(&config.file, test::FILE));
    let schemas = [&config.source.schema, &config.source.key_schema, &config.sink.schema, &config.sink.key_schema];
    for schema in schemas.into_iter().flatten() {
        scope.files.extend([schema.clone(), beside(schema, local::FILE)]);
    }
    for stage in &config.stages {
        scope.files.push(beside(&stage.guest, test::FILE));
        let folder = folder_of(&stage.guest);
        match projects.contains(&folder) {
            true => scope.files.extend(manifests_above(&folder)),
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

/// The manifests of the nearest folder above that has some, for a folder that has none itself.
fn manifests_above(folder: &Path) -> Vec<PathBuf> {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let of = |folder: &Path| MANIFESTS.iter().map(|name| folder.join(name)).filter(|path| path.is_file()).collect();
    let found: Option<Vec<PathBuf>> = real.ancestors().map(of).find(|found: &Vec<PathBuf>| !found.is_empty());
    found.filter(|found| found.iter().all(|path| path.parent() != Some(&real))).unwrap_or_default()
}

/// The folder of a file, as a path that can be used: `.` for a bare name.
pub(super) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Another file of the same folder, named in the same way.
pub(super) fn beside(file: &Path, name: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(name)
}

/// Whether a project has to be built for these changes: what is below its folder, or a manifest of it.
pub(super) fn concerns(project: &Path, changed: &[PathBuf]) -> bool {
    let here = project == Path::new(".");
    let above = manifests_above(project);
    changed.iter().any(|path| path.starts_with(project) || here && path.is_relative() || above.contains(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_concerns_the_project_that_it_is_in() {
        let changed = |path: &str| [PathBuf::from(path)];
        assert!(concerns(Path::new("a/b"), &changed("a/b/src/lib.rs")));
        assert!(!concerns(Path::new("a/b"), &changed("a/bc/src/lib.rs")));
        assert!(concerns(Path::new("."), &changed("src/lib.rs")));
        assert!(!concerns(Path::new("."), &changed("/elsewhere/lib.rs")));
    }

    #[test]
    fn a_manifest_above_counts_where_the_folder_has_none() {
        let top = std::env::temp_dir().join(format!("millstream-manifests-{}", std::process::id()));
        std::fs::create_dir_all(top.join("with")).unwrap();
        std::fs::create_dir_all(top.join("without")).unwrap();
        let top = top.canonicalize().unwrap();
        for manifest in ["go.mod", "with/go.mod"] {
            std::fs::write(top.join(manifest), "module a").unwrap();
        }
        assert_eq!(manifests_above(&top.join("without")), [top.join("go.mod")]);
        assert!(manifests_above(&top.join("with")).is_empty());
        assert!(concerns(&top.join("without"), &[top.join("go.mod")]));
        assert!(!concerns(&top.join("with"), &[top.join("go.mod")]));
        std::fs::remove_dir_all(top).unwrap();
    }

    #[test]
    fn files_are_named_as_the_pipeline_names_its_own() {
        assert_eq!(beside(Path::new("pipeline.toml"), "tests.toml"), Path::new("tests.toml"));
        assert_eq!(beside(Path::new("a/pipeline.toml"), "tests.toml"), Path::new("a/tests.toml"));
        assert_eq!(folder_of(Path::new("guest.wasm")), Path::new("."));
    }
}
