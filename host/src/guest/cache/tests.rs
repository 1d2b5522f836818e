use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::Duration;

use wasmtime::Config;

use super::*;

/// A folder for one test, removed when it is over.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Scratch {
        let name = format!("millstream-compiled-{}", name::hex(&folder::random::<8>().unwrap()));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Scratch(path)
    }

    fn kept(&self) -> PathBuf {
        self.0.join("kept")
    }

    fn open(&self) -> Result<Folder, String> {
        Folder::open(&self.kept()).map_err(|why| why.to_string().replace(&self.0.display().to_string(), "DIR"))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn engine(epochs: bool) -> wasmtime::Engine {
    let mut config = Config::new();
    config.wasm_component_model(true).epoch_interruption(epochs);
    wasmtime::Engine::new(&config).unwrap()
}

const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

#[test]
fn code_comes_back_as_it_was_kept() {
    let (scratch, name) = (Scratch::new(), Name::of(&engine(true), EMPTY));
    let folder = scratch.open().unwrap();
    assert!(entry::read(&folder, &name).unwrap().is_none());
    entry::write(&folder, &name, b"code").unwrap();
    entry::write(&folder, &name, b"code again").unwrap();
    // Another process has the same key.
    let folder = scratch.open().unwrap();
    assert_eq!(entry::read(&folder, &name).unwrap().unwrap(), b"code again");
    let files = std::fs::read_dir(scratch.kept()).unwrap().count();
    assert_eq!(files, 2, "the key and the entry");
}

#[test]
fn every_flaw_of_an_entry_is_seen() {
    let (scratch, name) = (Scratch::new(), Name::of(&engine(true), EMPTY));
    let folder = scratch.open().unwrap();
    entry::write(&folder, &name, b"some code").unwrap();
    let whole = std::fs::read(folder.entry(&name)).unwrap();
    let flaw = |bytes: &[u8]| {
        std::fs::write(folder.entry(&name), bytes).unwrap();
        entry::read(&folder, &name).unwrap_err().to_string()
    };
    for at in 0..whole.len() {
        flaw(&whole[..at]);
        for bit in [0, 7] {
            let mut other = whole.clone();
            other[at] ^= 1 << bit;
            flaw(&other);
        }
    }
    assert_eq!(flaw(&whole[..20]), "it has 20 bytes instead of 56");
    assert_eq!(flaw(&whole[..60]), "it has 60 bytes instead of 65");
    assert_eq!(flaw(&[&whole[..], b"!"].concat()), "it has 66 bytes instead of 65");
    assert_eq!(flaw(&[b'x'; 100]), "it is not a file of compiled code");
    let seal = "it is damaged, or was not written by this user's millstream for this guest";
    assert_eq!(flaw(&[&whole[..64], b"x"].concat()), seal);
    std::fs::remove_file(folder.entry(&name)).unwrap();
    std::fs::create_dir(folder.entry(&name)).unwrap();
    assert_eq!(entry::read(&folder, &name).unwrap_err().to_string(), "it is not a file of compiled code");
}

#[test]
fn an_entry_of_another_guest_or_another_key_is_seen() {
    let (scratch, other) = (Scratch::new(), Scratch::new());
    let (folder, foreign) = (scratch.open().unwrap(), other.open().unwrap());
    let name = Name::of(&engine(true), EMPTY);
    let second = Name::of(&engine(true), b"another");
    entry::write(&folder, &second, b"code").unwrap();
    std::fs::copy(folder.entry(&second), folder.entry(&name)).unwrap();
    assert!(matches!(entry::read(&folder, &name), Err(Flaw::Seal)));
    entry::write(&foreign, &name, b"code").unwrap();
    std::fs::copy(foreign.entry(&name), folder.entry(&name)).unwrap();
    assert!(matches!(entry::read(&folder, &name), Err(Flaw::Seal)));
}

#[test]
fn code_that_the_engine_refuses_is_compiled_again() {
    let scratch = Scratch::new();
    let (engine, compiled) = (engine(true), Compiled::kept_in(&scratch.kept()));
    let (name, folder) = (Name::of(&engine, EMPTY), scratch.open().unwrap());
    entry::write(&folder, &name, b"no code").unwrap();
    compiled.component(&engine, EMPTY, Path::new("g.wasm")).unwrap();
    assert!(take(&engine, &folder, &name).unwrap().is_some(), "and kept");
}

#[test]
fn engines_with_other_settings_share_nothing() {
    let (name, other) = (Name::of(&engine(true), EMPTY), Name::of(&engine(false), EMPTY));
    assert_ne!(name, other);
    assert_eq!(name, Name::of(&engine(true), EMPTY));
    assert!(Name::is_one(name.as_str()) && Name::is_one(other.as_str()));
    assert!(!Name::is_one("key") && !Name::is_one("a-b.compiled"));
}

#[test]
fn all_who_load_the_same_at_once_get_it() {
    let scratch = Scratch::new();
    let (engine, compiled) = (engine(true), Compiled::kept_in(&scratch.kept()));
    let load = || compiled.component(&engine, EMPTY, Path::new("g.wasm")).unwrap();
    let all: Vec<Shared> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(load)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let code = |shared: &Shared| shared.component.image_range();
    assert!(all.iter().all(|one| code(one) == code(&all[0])), "in memory once");
    assert_eq!(std::fs::read_dir(scratch.kept()).unwrap().count(), 2);
    // As long as one is left, and no longer.
    let last = all.into_iter().next_back().unwrap();
    assert_eq!(code(&load()), code(&last));
    drop(last);
    compiled.place(&Name::of(&engine, b"other"));
    assert_eq!(lock(&compiled.live).len(), 1);
}

#[test]
fn what_is_no_component_is_told_every_time() {
    let compiled = Compiled::default();
    for _ in 0..2 {
        assert!(compiled.component(&engine(true), b"\0asm\x0d\0\x01\0\xff", Path::new("g.wasm")).is_err());
    }
}

#[test]
fn a_folder_that_others_can_write_to_is_not_used() {
    let scratch = Scratch::new();
    scratch.open().unwrap();
    for mode in [0o770, 0o722, 0o1777] {
        std::fs::set_permissions(scratch.kept(), std::fs::Permissions::from_mode(mode)).unwrap();
        let why = format!("DIR/kept can be written to by others (mode {mode:o}), and what stands there is run; ");
        assert!(scratch.open().unwrap_err().starts_with(&why), "{:?}", scratch.open());
    }
    std::fs::set_permissions(scratch.kept(), std::fs::Permissions::from_mode(0o755)).unwrap();
    scratch.open().unwrap();
}

#[test]
fn a_folder_below_one_that_others_can_write_to_is_not_used() {
    let scratch = Scratch::new();
    scratch.open().unwrap();
    let above = |mode| std::fs::set_permissions(&scratch.0, std::fs::Permissions::from_mode(mode)).unwrap();
    above(0o777);
    let why = scratch.open().unwrap_err();
    assert!(why.starts_with("DIR, above DIR/kept, can be changed by others (user "), "{why}");
    // As in the system's folder for temporary files: what is ours stays ours.
    above(0o1777);
    scratch.open().unwrap();
    // Others may write, but cannot get there.
    above(0o766);
    scratch.open().unwrap();
}

#[test]
fn a_link_or_a_file_is_no_folder() {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.0.join("real")).unwrap();
    symlink(scratch.0.join("real"), scratch.kept()).unwrap();
    assert_eq!(
        scratch.open().unwrap_err(),
        "DIR/kept is a symbolic link; remove it, or name the folder that it leads to"
    );
    std::fs::remove_file(scratch.kept()).unwrap();
    std::fs::write(scratch.kept(), "").unwrap();
    assert_eq!(scratch.open().unwrap_err(), "DIR/kept is not a folder");
}

#[test]
fn a_key_that_others_know_is_replaced() {
    let scratch = Scratch::new();
    let first = *scratch.open().unwrap().key();
    let path = scratch.kept().join("key");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let second = *scratch.open().unwrap().key();
    assert_ne!(first, second);
    std::fs::write(&path, &second[..16]).unwrap();
    let third = *scratch.open().unwrap().key();
    assert!(![first, second].contains(&third));
    assert_eq!(third, *scratch.open().unwrap().key());
}

#[test]
fn an_entry_is_pruned_by_its_last_use() {
    let (scratch, name) = (Scratch::new(), Name::of(&engine(true), EMPTY));
    let folder = scratch.open().unwrap();
    entry::write(&folder, &name, b"code").unwrap();
    let day = Duration::from_secs(24 * 3600);
    let file = std::fs::File::open(folder.entry(&name)).unwrap();
    file.set_modified(SystemTime::now() - day * 29).unwrap();
    assert!(entry::read(&folder, &name).unwrap().is_some());
    prune::sweep(folder.path(), &prune::LIMITS, SystemTime::now() + day * 2);
    assert!(entry::read(&folder, &name).unwrap().is_some(), "it was used just now");
    prune::sweep(folder.path(), &prune::LIMITS, SystemTime::now() + day * 31);
    assert!(entry::read(&folder, &name).unwrap().is_none());
}
