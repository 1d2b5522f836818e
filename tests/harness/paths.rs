//! Where things are: the repository, the built program, and folders that vanish after use.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{Result, RigError};

/// The repository's top folder.
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests = tests.canonicalize().unwrap_or_else(|_| tests.to_path_buf());
    tests.parent().unwrap_or(&tests).to_path_buf()
}

/// The program under test: `MILLSTREAM_BIN`, else the one that was built beside this test, else the release build.
pub fn millstream() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("MILLSTREAM_BIN") {
        let named = PathBuf::from(named);
        return if named.is_file() {
            Ok(named)
        } else {
            Err(RigError::new(format!("MILLSTREAM_BIN names {}, which is no file", named.display())))
        };
    }
    let release = root().join("target/release/millstream");
    sibling("millstream").or_else(|_| {
        if release.is_file() {
            Ok(release)
        } else {
            Err(RigError::new("no millstream program found; run `cargo build --release` or set MILLSTREAM_BIN"))
        }
    })
}

/// Another program of this build, in the folder of the running one (tests run one folder further down).
pub fn sibling(name: &str) -> Result<PathBuf> {
    let me = std::env::current_exe().map_err(RigError::doing("finding this program's own path"))?;
    me.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| RigError::new(format!("no program {name} beside {}; build it first", me.display())))
}

/// A built guest component, as `guests/rust/<name>/<name>.wasm`.
pub fn guest(name: &str) -> PathBuf {
    root().join(format!("guests/rust/{name}/{name}.wasm"))
}

/// A schema of the repository, as `schemas/<name>.avsc`.
pub fn schema(name: &str) -> PathBuf {
    root().join(format!("schemas/{name}.avsc"))
}

/// A new folder under `target/rig`, removed when dropped.
pub fn scratch(name: &str) -> Result<TempDir> {
    let parent = root().join("target/rig");
    std::fs::create_dir_all(&parent).map_err(RigError::doing(format!("creating {}", parent.display())))?;
    tempfile::Builder::new()
        .prefix(&format!("{name}-"))
        .tempdir_in(&parent)
        .map_err(RigError::doing(format!("creating a folder in {}", parent.display())))
}
