//! A case as files: for an author to keep, or for a run and no longer.

use std::path::{Path, PathBuf};

use super::kit::Kit;
use super::repeats::repeated;
use crate::contract::wit::PIPELINE_PACKAGE;

/// A case's pipeline in a folder of this process, which is removed when dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

/// Why a case's files cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct FolderError {
    /// Which file or folder.
    path: PathBuf,
    /// What the system said.
    source: std::io::Error,
}

/// Folders of runs that were killed are left behind; so many of them are passed over.
const TRIES: u32 = 10_000;

impl Folder {
    /// Writes the files of a case into a new folder that nobody else can write to.
    pub(super) fn temporary(kit: &Kit) -> Result<Folder, FolderError> {
        use std::os::unix::fs::DirBuilderExt;
        let base = std::env::temp_dir();
        let mut tries = 0..TRIES;
        let path = loop {
            let number = tries.next().unwrap_or(TRIES);
            let path = base.join(format!("millstream-conformance-{number}"));
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => break path,
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < TRIES => {}
                Err(source) => return Err(FolderError { path, source }),
            }
        };
        let folder = Folder { path };
        write(folder.path(), "", files(kit))?;
        Ok(folder)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is small, and in the folder for such things.
        drop(std::fs::remove_dir_all(&self.path));
    }
}

impl Kit {
    /// Writes the case for the author of a guest: its WIT, its schemas, a pipeline for `guest.wasm`, and the tests.
    pub fn write(&self, folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
        let own = self.wit.iter().map(|(name, text)| (*name, (*text).to_owned()));
        let mut written = write(folder, "", files(self))?;
        written.extend(write(folder, "wit", own)?);
        let package = PIPELINE_PACKAGE.iter().map(|(name, text)| (*name, (*text).to_owned()));
        written.extend(write(folder, "wit/deps/millstream-pipeline", package)?);
        Ok(written)
    }
}

fn files(kit: &Kit) -> impl Iterator<Item = (&'static str, String)> + '_ {
    kit.files.iter().map(|(name, text)| (*name, repeated(text)))
}

fn write<'a>(
    folder: &Path,
    below: &str,
    files: impl Iterator<Item = (&'a str, String)>,
) -> Result<Vec<PathBuf>, FolderError> {
    let folder = if below.is_empty() { folder.to_owned() } else { folder.join(below) };
    std::fs::create_dir_all(&folder).map_err(|source| FolderError { path: folder.clone(), source })?;
    let mut written = Vec::new();
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|source| FolderError { path: path.clone(), source })?;
        written.push(path);
    }
    Ok(written)
}
