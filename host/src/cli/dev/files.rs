//! Looks at the files that are watched: by asking for them every now and then, which works the same on every file
//! system, also one that is mounted from elsewhere and tells nobody of changes.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::watch::Look;

/// What is looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scope {
    /// Files, wherever they are.
    pub(super) files: Vec<PathBuf>,
    /// Folders of sources, with all that is below them but what builds write.
    pub(super) folders: Vec<PathBuf>,
}

/// Files of one scope that are looked at, at most: more than a project has, and less than what keeps a disk busy.
const FILES: usize = 5_000;
/// Folders within folders, at most.
const DEPTH: usize = 16;
/// Larger files are told apart by size and time only, in bytes.
const READ: u64 = 64 << 20;
/// Folders that builds write. Those whose names begin with a dot are left out too.
const BUILT_FOLDERS: &[&str] = &["target", "node_modules", "bindings", "__pycache__", "venv"];
/// Endings of files that builds and editors write. Cargo brings its lock up to date when it builds; other locks are
/// written by commands that people type.
const BUILT_FILES: &[&str] =
    &[".wasm", ".o", ".pyc", "~", ".swp", ".swx", ".tmp", ".bak", ".orig", ".rej", ".new", "Cargo.lock"];

/// Remembers what it has read, so that a file is read again only when its size or time is another.
#[derive(Default)]
pub(super) struct Files {
    /// Where this process writes to, as device and number: what it says of a change is no change.
    own: Vec<(u64, u64)>,
    read: HashMap<PathBuf, (u64, Option<SystemTime>, u64)>,
}

impl Files {
    /// For this process, whose output may go to a file among those that are watched.
    pub(super) fn new() -> Files {
        let outputs = ["/dev/stdout", "/dev/stderr"].into_iter().filter_map(|path| std::fs::metadata(path).ok());
        Files { own: outputs.map(|about| (about.dev(), about.ino())).collect(), read: HashMap::new() }
    }

    /// All files of the scope that are there, with their digests.
    pub(super) fn look(&mut self, scope: &Scope) -> Look {
        let mut paths: Vec<PathBuf> = scope.files.clone();
        scope.folders.iter().for_each(|folder| below(folder, DEPTH, &mut paths));
        // A file may be found in two ways: `./a` is `a`.
        let plain = paths.into_iter().map(|path| path.strip_prefix(".").map(Path::to_owned).unwrap_or(path));
        let digests = plain.filter_map(|path| Some((path.clone(), self.digest(path)?)));
        let look: Look = digests.collect();
        self.read.retain(|path, _| look.contains_key(path));
        look
    }

    fn digest(&mut self, path: PathBuf) -> Option<u64> {
        let about = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file)?;
        if self.own.contains(&(about.dev(), about.ino())) {
            return None;
        }
        let (size, time) = (about.len(), about.modified().ok());
        if let Some((known, at, digest)) = self.read.get(&path)
            && (*known, *at) == (size, time)
        {
            return Some(*digest);
        }
        let mut hasher = DefaultHasher::new();
        match size <= READ {
            true => std::fs::read(&path).ok()?.hash(&mut hasher),
            false => (size, time).hash(&mut hasher),
        }
        let digest = hasher.finish();
        self.read.insert(path, (size, time, digest));
        Some(digest)
    }
}

/// The files of a folder of sources.
fn below(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if paths.len() >= FILES {
            return;
        }
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let Ok(kind) = entry.file_type() else { continue };
        // Links to folders are not followed: they may lead round in a circle.
        if kind.is_dir() && depth > 0 && is_source_folder(&name) {
            below(&entry.path(), depth - 1, paths);
        } else if !kind.is_dir() && is_source_file(&name) {
            paths.push(entry.path());
        }
    }
}

fn is_source_folder(name: &str) -> bool {
    !name.starts_with('.') && !BUILT_FOLDERS.contains(&name) && !name.ends_with(".egg-info")
}

fn is_source_file(name: &str) -> bool {
    // `4913` is what vim writes to see whether it may.
    !name.starts_with(['.', '#']) && name != "4913" && !BUILT_FILES.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }

    fn folder(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("millstream-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(folder: &Folder, name: &str, text: &str) {
        let path = folder.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn sources_are_looked_at_and_what_builds_and_editors_write_is_not() {
        let here = folder("sources");
        let sources = ["Cargo.toml", "src/lib.rs", "wit/deps/p/a.wit", "tests.toml"];
        let others = [
            "target/release/lib.rs",
            "node_modules/p/index.js",
            ".venv/lib/a.py",
            ".millstream/core.wasm",
            "bindings/main.go",
            "guest.wasm",
            "Cargo.lock",
            "src/.lib.rs.swp",
            "src/lib.rs~",
            "src/#lib.rs#",
            "src/4913",
            "__pycache__/app.pyc",
        ];
        sources.iter().chain(&others).for_each(|name| write(&here, name, "x"));
        let scope = Scope { files: Vec::new(), folders: vec![here.0.clone()] };
        let look = Files::default().look(&scope);
        let mut found: Vec<_> = look.keys().map(|path| path.strip_prefix(&here.0).unwrap().to_owned()).collect();
        found.sort();
        let mut wanted = sources.map(PathBuf::from).to_vec();
        wanted.sort();
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_file_that_is_named_is_looked_at_whatever_it_is_called() {
        let here = folder("named");
        write(&here, "guest.wasm", "one");
        let path = here.0.join("guest.wasm");
        let scope = Scope { files: vec![path.clone(), here.0.join("missing"), here.0.clone()], folders: Vec::new() };
        let mut files = Files::default();
        let first = files.look(&scope);
        assert_eq!(first.keys().collect::<Vec<_>>(), [&path]);
        assert_eq!(files.look(&scope), first, "nothing has changed");
        write(&here, "guest.wasm", "longer");
        assert_ne!(files.look(&scope), first);
        std::fs::remove_file(&path).unwrap();
        assert!(files.look(&scope).is_empty());
    }

    #[test]
    fn what_the_process_writes_itself_is_not_looked_at() {
        let here = folder("own");
        write(&here, "output", "swapped");
        let about = std::fs::metadata(here.0.join("output")).unwrap();
        let scope = Scope { files: Vec::new(), folders: vec![here.0.clone()] };
        assert_eq!(Files::new().look(&scope).len(), 1, "of another process");
        let mut files = Files { own: vec![(about.dev(), about.ino())], ..Files::default() };
        assert!(files.look(&scope).is_empty());
    }

    #[test]
    fn a_file_that_is_written_again_as_it_was_is_the_same() {
        let here = folder("again");
        write(&here, "lib.rs", "one");
        let scope = Scope { files: Vec::new(), folders: vec![here.0.clone()] };
        let mut files = Files::default();
        let first = files.look(&scope);
        let file = std::fs::File::options().write(true).open(here.0.join("lib.rs")).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(files.look(&scope), first);
    }
}
