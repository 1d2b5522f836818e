//! The folder of compiled guests, and why what stands there can be trusted.

use std::fs::{DirBuilder, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::name::{Name, hex};

/// Bytes of the key that entries are sealed with.
pub(super) const KEY: usize = 32;
const KEY_FILE: &str = "key";

/// What group and others may not do with the folder: write.
const OTHERS_WRITE: u32 = 0o022;
/// What they need on the way to anything below a folder.
const OTHERS_ENTER: u32 = 0o011;
/// In such a folder only the owner of a file can rename or remove it, as in the system's folder for temporary files.
const STICKY: u32 = 0o1000;

/// A folder that nobody else can write to.
#[derive(Clone)]
pub(super) struct Folder {
    path: PathBuf,
    key: [u8; KEY],
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.path.fmt(f)
    }
}

/// Why a folder is not used.
#[derive(Debug, Error)]
pub(super) enum Untrusted {
    #[error("cannot use {path}: {error}")]
    Io { path: PathBuf, error: io::Error },
    #[error("{0} is a symbolic link; remove it, or name the folder that it leads to")]
    Link(PathBuf),
    #[error("{0} is not a folder")]
    File(PathBuf),
    #[error("{path} belongs to user {owner}, and this is user {user}; name a folder of your own")]
    Owner { path: PathBuf, owner: u32, user: u32 },
    #[error(
        "{path} can be written to by others (mode {mode:o}), and what stands there is run; remove the folder, it is \
         made again"
    )]
    Open { path: PathBuf, mode: u32 },
    #[error(
        "{parent}, above {path}, can be changed by others (user {owner}, mode {mode:o}), and what stands below it is \
         run; `chmod go-w` it, or name a folder elsewhere"
    )]
    Parent { path: PathBuf, parent: PathBuf, owner: u32, mode: u32 },
}

impl Folder {
    /// Makes the folder if there is none, and looks whether it can be trusted.
    pub(super) fn open(path: &Path) -> Result<Folder, Untrusted> {
        let failed = |error| Untrusted::Io { path: path.to_owned(), error };
        if let Err(error) = DirBuilder::new().recursive(true).mode(0o700).create(path)
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(failed(error));
        }
        let about = std::fs::symlink_metadata(path).map_err(failed)?;
        if about.is_symlink() {
            return Err(Untrusted::Link(path.to_owned()));
        }
        if !about.is_dir() {
            return Err(Untrusted::File(path.to_owned()));
        }
        // Links further up are followed now and not again.
        let path = path.canonicalize().map_err(failed)?;
        let about = std::fs::metadata(&path).map_err(failed)?;
        check(&path, about.uid(), about.mode() & 0o7777, user())?;
        check_above(&path, user())?;
        let key = key(&path).map_err(failed)?;
        Ok(Folder { path, key })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn key(&self) -> &[u8; KEY] {
        &self.key
    }

    /// The file of a name.
    pub(super) fn entry(&self, name: &Name) -> PathBuf {
        self.path.join(name.as_str())
    }
}

/// It is this user's, and nobody else can write to it.
fn check(path: &Path, owner: u32, mode: u32, user: u32) -> Result<(), Untrusted> {
    if owner != user {
        return Err(Untrusted::Owner { path: path.to_owned(), owner, user });
    }
    if mode & OTHERS_WRITE != 0 {
        return Err(Untrusted::Open { path: path.to_owned(), mode });
    }
    Ok(())
}

/// Whoever can write to a folder above can put another in this one's place. Nobody can who cannot get there at all.
fn check_above(path: &Path, user: u32) -> Result<(), Untrusted> {
    let mut changeable = Ok(());
    for parent in path.ancestors().skip(1) {
        let failed = |error| Untrusted::Io { path: parent.to_owned(), error };
        let about = std::fs::metadata(parent).map_err(failed)?;
        let (owner, mode) = (about.uid(), about.mode() & 0o7777);
        let trusted = [0, user].contains(&owner);
        if trusted && mode & OTHERS_ENTER == 0 {
            return Ok(());
        }
        if changeable.is_ok() && !(trusted && (mode & OTHERS_WRITE == 0 || mode & STICKY != 0)) {
            changeable = Err(Untrusted::Parent { path: path.to_owned(), parent: parent.to_owned(), owner, mode });
        }
    }
    changeable
}

/// The folder's key, made where there is none. A key that others can read, or half of one, is replaced; what it sealed
/// is compiled again.
fn key(folder: &Path) -> io::Result<[u8; KEY]> {
    let path = folder.join(KEY_FILE);
    if let Some(key) = read_key(&path)? {
        return Ok(key);
    }
    let fresh = random::<KEY>()?;
    let unfinished = folder.join(format!("{KEY_FILE}.{}{}", hex(&random::<8>()?), super::entry::UNFINISHED));
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    // A link does not replace what another process has put there meanwhile.
    let placed = file.write_all(&fresh).and_then(|()| std::fs::hard_link(&unfinished, &path));
    drop(std::fs::remove_file(&unfinished));
    match placed {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => read_key(&path)?.ok_or_else(|| io::Error::other("its key does not stay as it was written")),
    }
}

fn read_key(path: &Path) -> io::Result<Option<[u8; KEY]>> {
    let about = match std::fs::symlink_metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !is_key(&about) {
        std::fs::remove_file(path)?;
        return Ok(None);
    }
    let mut key = [0; KEY];
    File::open(path)?.read_exact(&mut key)?;
    Ok(Some(key))
}

fn is_key(about: &Metadata) -> bool {
    about.is_file() && about.len() == KEY as u64 && about.mode() & 0o077 == 0 && about.uid() == user()
}

/// Bytes that nobody can guess.
pub(super) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn user() -> u32 {
    // SAFETY: this is how POSIX declares it, with `uid_t` a u32 wherever Rust's own `MetadataExt::uid` is one.
    unsafe extern "C" {
        safe fn geteuid() -> u32;
    }
    geteuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_another_user_is_not_used() {
        let why = check(Path::new("DIR"), 7, 0o700, 8).unwrap_err().to_string();
        assert_eq!(why, "DIR belongs to user 7, and this is user 8; name a folder of your own");
        check(Path::new("DIR"), 7, 0o700, 7).unwrap();
    }
}
