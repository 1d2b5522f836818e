//! A file of compiled code: what it is, how long it is, a seal over it, and the code.
//!
//! The seal is HMAC-SHA256 (RFC 2104) with the folder's key, over the entry's name and its code. It tells damage, and a
//! file that somebody made, copied from elsewhere or renamed: a bare digest would tell damage only.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::folder::{Folder, KEY, random};
use super::name::{Name, hex};
use super::prune::LIMITS;

/// The first bytes, with the version of this layout.
const MAGIC: &[u8; 16] = b"millstream-code1";
const SEAL: usize = 32;
/// Magic, length of the code, seal.
const HEADER: usize = MAGIC.len() + size_of::<u64>() + SEAL;
/// How names end while a file is being written.
pub(super) const UNFINISHED: &str = ".unfinished";

/// Why an entry is not used.
#[derive(Debug, Error)]
pub(super) enum Flaw {
    #[error("it is not a file of compiled code")]
    Other,
    #[error("it has {found} bytes instead of {wanted}")]
    Length { found: u64, wanted: u64 },
    #[error("it is damaged, or was not written by this user's millstream for this guest")]
    Seal,
    #[error("the engine refuses it: {0}")]
    Refused(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The code under a name, if there is any.
pub(super) fn read(folder: &Folder, name: &Name) -> Result<Option<Vec<u8>>, Flaw> {
    let path = folder.entry(name);
    let about = match std::fs::symlink_metadata(&path) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // A pipe would never end, and a link leads out of the folder.
    if !about.is_file() {
        return Err(Flaw::Other);
    }
    let mut file = File::open(&path)?;
    let (length, seal) = header(&mut file, about.len())?;
    let mut code = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    (&file).take(length).read_to_end(&mut code)?;
    if seal != self::seal(folder.key(), name, &code) {
        return Err(Flaw::Seal);
    }
    // For the pruning; where nothing can be written nothing is pruned.
    drop(file.set_modified(SystemTime::now()));
    Ok(Some(code))
}

/// The code's length, which is what the file has, and the seal.
fn header(file: &mut File, found: u64) -> Result<(u64, [u8; SEAL]), Flaw> {
    let mut header = [0; HEADER];
    if found < HEADER as u64 {
        return Err(Flaw::Length { found, wanted: HEADER as u64 });
    }
    file.read_exact(&mut header)?;
    let (Some((magic, rest)), true) = (header.split_first_chunk::<16>(), found <= LIMITS.bytes) else {
        return Err(Flaw::Other);
    };
    let (Some((length, rest)), true) = (rest.split_first_chunk::<8>(), magic == MAGIC) else {
        return Err(Flaw::Other);
    };
    let length = u64::from_le_bytes(*length);
    let wanted = length.saturating_add(HEADER as u64);
    match rest.first_chunk::<SEAL>() {
        Some(seal) if found == wanted => Ok((length, *seal)),
        _ => Err(Flaw::Length { found, wanted }),
    }
}

/// Puts code under a name, at once as a whole: readers have the old file or the new one, and of two writers the later
/// one stays. Nothing forces it to the disk: after a power cut the seal tells what is missing.
pub(super) fn write(folder: &Folder, name: &Name, code: &[u8]) -> io::Result<()> {
    if (code.len() + HEADER) as u64 > LIMITS.bytes {
        return Err(io::Error::other("it is larger than all compiled guests may be together"));
    }
    let path = folder.entry(name);
    // Processes in containers share numbers, so the process's own would not do.
    let unfinished = path.with_extension(format!("{}{UNFINISHED}", hex(&random::<8>()?)));
    let done = fill(&unfinished, folder, name, code).and_then(|()| std::fs::rename(&unfinished, &path));
    if done.is_err() {
        drop(std::fs::remove_file(&unfinished));
    }
    done
}

fn fill(path: &Path, folder: &Folder, name: &Name, code: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(MAGIC)?;
    file.write_all(&(code.len() as u64).to_le_bytes())?;
    file.write_all(&seal(folder.key(), name, code))?;
    file.write_all(code)
}

fn seal(key: &[u8; KEY], name: &Name, code: &[u8]) -> [u8; SEAL] {
    // The key is shorter than a block of SHA-256, which is 64 bytes.
    let padded = |pad: u8| {
        let mut block = [pad; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        Sha256::new_with_prefix(block)
    };
    // Names are all of one length, so nothing of the code can pass for one.
    let inner = padded(0x36).chain_update(name.as_str()).chain_update(code).finalize();
    padded(0x5c).chain_update(inner).finalize().into()
}
