//! A folder of files, written as a whole or not at all.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{File, NewError};

/// How many interrupted runs may have left their folders behind.
const TRIES: usize = 100;

/// Refuses a folder in which something is already.
pub(super) fn vacant(folder: &Path) -> Result<(), NewError> {
    let exists = || NewError::Exists { folder: folder.to_path_buf() };
    match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().map_or(Ok(()), |_| Err(exists())),
        // A file of this name, or nothing yet; what is in the way above it is told when the folder is made.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            folder.symlink_metadata().map_or(Ok(()), |_| Err(exists()))
        }
        Err(source) => Err(NewError::Write { path: folder.to_path_buf(), source }),
    }
}

/// Writes all files beside `folder` first, and then gives them its name.
pub(super) fn write(folder: &Path, files: &[File]) -> Result<(), NewError> {
    let beside = beside(folder)?;
    let written = fill(&beside, files).and_then(|()| {
        std::fs::rename(&beside, folder).map_err(|source| match source.kind() {
            ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                NewError::Exists { folder: folder.to_path_buf() }
            }
            _ => NewError::Write { path: folder.to_path_buf(), source },
        })
    });
    if written.is_err() {
        // What it says is that nothing was written; a folder that cannot be removed does not change why.
        let _ = std::fs::remove_dir_all(&beside);
    }
    written
}

/// A new folder beside the one that is wanted.
fn beside(folder: &Path) -> Result<PathBuf, NewError> {
    let parent = folder.parent().unwrap_or(Path::new(""));
    let failed = |path: &Path, source| NewError::Write { path: path.to_path_buf(), source };
    std::fs::create_dir_all(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
        .map_err(|source| failed(parent, source))?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let mut last = None;
    for number in 0..TRIES {
        let path = parent.join(format!(".{name}.new-{number}"));
        match std::fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => last = Some((path, error)),
            Err(source) => return Err(failed(&path, source)),
        }
    }
    let (path, source) = last.unwrap_or_else(|| (folder.to_path_buf(), ErrorKind::AlreadyExists.into()));
    Err(NewError::Write { path, source })
}

fn fill(folder: &Path, files: &[File]) -> Result<(), NewError> {
    for file in files {
        let path = file.path.split('/').fold(folder.to_path_buf(), |path, part| path.join(part));
        let failed = |source| NewError::Write { path: path.clone(), source };
        std::fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(failed)?;
        std::fs::write(&path, &file.text).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("millstream-new-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn nothing_stays_of_a_project_that_cannot_be_written() {
        let root = place("nothing");
        // A file where a folder is needed.
        let files = [File::new("a", ""), File::new("a/b", "")];
        let error = write(&root.join("p"), &files).unwrap_err().to_string();
        assert!(error.starts_with("cannot write "), "{error}");
        assert_eq!(std::fs::read_dir(&root).unwrap().count(), 0);
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn an_empty_folder_is_taken_and_no_other() {
        let root = place("empty");
        let folder = root.join("p");
        std::fs::create_dir(&folder).unwrap();
        vacant(&folder).unwrap();
        write(&folder, &[File::new("x/y", "z")]).unwrap();
        assert_eq!(std::fs::read_to_string(folder.join("x/y")).unwrap(), "z");
        assert!(matches!(vacant(&folder), Err(NewError::Exists { .. })));
        assert!(matches!(vacant(&folder.join("x/y")), Err(NewError::Exists { .. })));
        assert!(matches!(write(&folder, &[]), Err(NewError::Exists { .. })));
        assert_eq!(std::fs::read_dir(&root).unwrap().count(), 1);
        std::fs::remove_dir_all(root).unwrap();
    }
}
