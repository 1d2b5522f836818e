//! What a component was built from, so that nothing is built again while that has not changed.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::BuildError;
use super::project::Project;

/// Most files and folders that are looked at for one build; a project with more of them is built each time.
const ENTRIES_MAX: usize = 20_000;
/// Deepest folder that is looked into.
const DEPTH_MAX: usize = 16;

/// Collects what goes into a build.
pub(super) struct Inputs {
    digest: Sha256,
    entries: usize,
    /// Something could not be read, or there was too much of it.
    unknown: bool,
}

impl Inputs {
    /// Of this program and these tools.
    pub(super) fn new(tools: &str) -> Inputs {
        let mut inputs = Inputs { digest: Sha256::new(), entries: 0, unknown: false };
        inputs.text(concat!("millstream ", env!("CARGO_PKG_VERSION")));
        inputs.text(tools);
        inputs
    }

    /// A text with its length, so that no two lists of them are alike.
    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// As [`Inputs::text`], of bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.digest.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.digest.update(bytes);
    }

    /// A file; that it is not there counts too.
    pub(super) fn file(&mut self, path: &Path) {
        self.text(&path.to_string_lossy());
        match std::fs::read(path) {
            Ok(bytes) => self.bytes(&bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.text("none"),
            Err(_) => self.unknown = true,
        }
    }

    /// All files below a folder but hidden ones, what builds leave there, and what no component is made of.
    pub(super) fn folder(&mut self, folder: &Path) {
        self.below(folder, 0);
    }

    fn below(&mut self, folder: &Path, depth: usize) {
        let Ok(entries) = std::fs::read_dir(folder) else {
            self.unknown = true;
            return;
        };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| counts(path)).collect();
        paths.sort();
        self.entries += paths.len();
        if self.entries > ENTRIES_MAX || depth > DEPTH_MAX {
            self.unknown = true;
        }
        for path in paths {
            if self.unknown {
                return;
            }
            if path.is_dir() { self.below(&path, depth + 1) } else { self.file(&path) }
        }
    }

    /// All of it in one word; none where not all of it is known.
    pub(super) fn finish(self) -> Option<String> {
        (!self.unknown).then(|| hex(&self.digest.finalize()))
    }
}

/// Whether a file or folder can be part of a component.
fn counts(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let left = ["node_modules", "__pycache__", "pipeline.toml", "tests.toml"];
    let endings = [".wasm", ".md", ".jsonl", ".pyc", "_test.go", ".test.js", ".test.ts"];
    let test = name.starts_with("test_") && name.ends_with(".py");
    !(name.starts_with('.') || left.contains(&&*name) || endings.iter().any(|ending| name.ends_with(ending)) || test)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of bytes, in hexadecimal digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Whether the component of a project is that of these inputs.
pub(super) fn is_fresh(project: &Project, inputs: Option<&str>) -> bool {
    let Some(inputs) = inputs else { return false };
    let stamp = std::fs::read_to_string(stamp_file(project)).unwrap_or_default();
    let Ok(component) = std::fs::read(project.wasm()) else { return false };
    stamp == text(inputs, &component)
}

/// Notes what a component was made of.
pub(super) fn note(project: &Project, inputs: Option<&str>, component: &[u8]) -> Result<(), BuildError> {
    let path = stamp_file(project);
    match inputs {
        Some(inputs) => std::fs::write(&path, text(inputs, component)).map_err(BuildError::file("write", path)),
        None => Ok(()),
    }
}

fn stamp_file(project: &Project) -> PathBuf {
    project.out().join("stamp")
}

fn text(inputs: &str, component: &[u8]) -> String {
    format!("inputs {inputs}\ncomponent {}\n", digest(component))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(folder: &Path) -> Option<String> {
        let mut inputs = Inputs::new("tool 1");
        inputs.folder(folder);
        inputs.finish()
    }

    #[test]
    fn what_a_component_is_made_of_changes_the_inputs_and_nothing_else_does() {
        let folder = std::env::temp_dir().join(format!("millstream-stamp-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("sub")).unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
        put("app.py", "a");
        let first = of(&folder);
        assert!(first.is_some());
        for name in ["app.wasm", "README.md", "test_app.py", ".hidden", "a.test.js", "pipeline.toml", "samples.jsonl"] {
            put(name, "x");
        }
        assert_eq!(of(&folder), first);
        put("sub/data.json", "{}");
        let second = of(&folder);
        assert_ne!(second, first);
        put("sub/data.json", "[]");
        assert_ne!(of(&folder), second);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(of(&folder), None);
    }

    #[test]
    fn a_loop_of_links_ends() {
        let folder = std::env::temp_dir().join(format!("millstream-loop-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["a", "b", "c"] {
            drop(std::fs::remove_file(folder.join(name)));
            std::os::unix::fs::symlink(&folder, folder.join(name)).unwrap();
        }
        assert_eq!(of(&folder), None);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
