//! The text files of the repository: what git tracks or would track.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::source::{Source, declared_tests};

/// All text files by path from the root, with `/` between the parts.
#[derive(Debug)]
pub struct Repository {
    /// Path and text.
    pub texts: BTreeMap<String, String>,
}

impl Repository {
    /// Reads the repository that this package stands in.
    pub fn open() -> Self {
        let root = root();
        let paths = tracked(&root).unwrap_or_else(|| walked(&root));
        let text = |path: String| fs::read_to_string(root.join(&path)).ok().map(|text| (path, text));
        Repository { texts: paths.into_iter().filter_map(text).collect() }
    }

    /// A page that has to exist.
    pub fn page(&self, path: &str) -> &str {
        assert!(self.texts.contains_key(path), "{path} is missing; the rules compare with it, so write it");
        self.texts.get(path).map_or("", String::as_str)
    }

    /// All Rust sources.
    pub fn rust(&self) -> Vec<Source> {
        self.sources(|_| true)
    }

    /// The Rust sources of the host.
    pub fn host(&self) -> Vec<Source> {
        self.sources(|path| path.starts_with("host/src/"))
    }

    fn sources(&self, wanted: fn(&str) -> bool) -> Vec<Source> {
        let own: Vec<_> = self.texts.iter().filter(|(path, _)| path.ends_with(".rs") && wanted(path)).collect();
        let tests: BTreeSet<String> = own.iter().flat_map(|(path, text)| declared_tests(path, text)).collect();
        own.into_iter().map(|(path, text)| Source::new(path, text).test_if(tests.contains(path))).collect()
    }
}

fn root() -> PathBuf {
    // Cargo sets it at run time too; then a moved checkout with an old build still reads itself.
    let package = env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    Path::new(&package).parent().map(Path::to_owned).unwrap_or_default()
}

/// What git tracks and what it would add; `None` where the checkout has no git.
fn tracked(root: &Path) -> Option<Vec<String>> {
    let listed = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").current_dir(root).args(listed).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

/// All files, without the folders that builds fill.
fn walked(root: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).into_iter().flatten().flatten() {
            let (name, path) = (entry.file_name(), folder.join(entry.file_name()));
            let built = ["target", ".git", "node_modules", "__pycache__", ".venv"].iter().any(|skip| name == *skip);
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !built => folders.push(path),
                Ok(kind) if kind.is_file() => paths.push(path.to_string_lossy().replace('\\', "/")),
                _ => {}
            }
        }
    }
    paths
}

#[test]
fn the_repository_is_found_with_and_without_git() {
    let walked = walked(&root());
    assert!(walked.iter().any(|path| path == "host/src/lib.rs"), "{walked:?}");
    assert!(walked.iter().all(|path| !path.contains("target/")));
    if let Some(tracked) = tracked(&root()) {
        assert!(tracked.iter().any(|path| path == "host/src/lib.rs"), "{tracked:?}");
    }
    assert!(Repository::open().host().len() > 20);
}
