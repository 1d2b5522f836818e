//! Compiled guests, kept between starts and shared by all pipelines: compiling an interpreter takes many seconds.
//!
//! What is kept is native code, and it is run with all rights of this process. So it is read only from a folder that
//! nobody else can write to (`folder.rs`), and only where a seal says that this user's Millstream wrote it for this
//! component and this engine (`entry.rs`). Without such a folder guests are compiled at every start.

mod entry;
mod folder;
mod name;
mod prune;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

use wasmtime::component::Component;

use entry::Flaw;
use folder::Folder;
use name::Name;

/// Components from this size on, in bytes, are told of before they are compiled: it takes seconds.
const LONG: usize = 4 << 20;

/// Compiles components, or takes what an earlier start has compiled.
#[derive(Default)]
pub(super) struct Compiled {
    folder: Option<Folder>,
    /// The components of this process: whoever wants one that is being loaded waits for it, and all use the same.
    live: Mutex<HashMap<Name, Weak<Mutex<Option<Component>>>>>,
    /// Somebody was told that compiled guests cannot be written.
    told: AtomicBool,
}

/// A component, shared with all who load the same for as long as one of them has this.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) component: Component,
    _place: Arc<Mutex<Option<Component>>>,
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Compiled {
    /// Keeps compiled guests in a folder, which is made where there is none. One that cannot be trusted is not used.
    pub(super) fn kept_in(path: &Path) -> Compiled {
        let folder = match Folder::open(path) {
            Ok(folder) => Some(folder),
            Err(why) => {
                tracing::warn!("compiled guests are not kept, every start compiles them: {why}");
                None
            }
        };
        Compiled { folder, ..Compiled::default() }
    }

    /// The component of these bytes; `guest` is for messages.
    pub(super) fn component(&self, engine: &wasmtime::Engine, bytes: &[u8], guest: &Path) -> wasmtime::Result<Shared> {
        let name = Name::of(engine, bytes);
        let place = self.place(&name);
        let mut held = lock(&place);
        let component = match &*held {
            Some(component) => component.clone(),
            None => self.fetch(engine, &name, bytes, guest)?,
        };
        *held = Some(component.clone());
        drop(held);
        Ok(Shared { component, _place: place })
    }

    fn place(&self, name: &Name) -> Arc<Mutex<Option<Component>>> {
        let mut live = lock(&self.live);
        live.retain(|_, place| place.strong_count() > 0);
        if let Some(place) = live.get(name).and_then(Weak::upgrade) {
            return place;
        }
        let place = Arc::default();
        live.insert(name.clone(), Arc::downgrade(&place));
        place
    }

    fn fetch(&self, engine: &wasmtime::Engine, name: &Name, bytes: &[u8], guest: &Path) -> wasmtime::Result<Component> {
        let Some(folder) = &self.folder else { return compile(engine, bytes, guest) };
        match take(engine, folder, name) {
            Ok(Some(component)) => {
                tracing::debug!(guest = %guest.display(), "guest taken from the compiled ones");
                return Ok(component);
            }
            Ok(None) => {}
            Err(flaw) => {
                let file = folder.entry(name);
                tracing::warn!("{} is not used, the guest is compiled again: {flaw}", file.display());
                drop(std::fs::remove_file(file));
            }
        }
        let component = compile(engine, bytes, guest)?;
        let kept = component.serialize().map_err(|error| format!("{error:#}"));
        let kept = kept.and_then(|code| entry::write(folder, name, &code).map_err(|error| error.to_string()));
        match kept {
            // Only now has it grown.
            Ok(()) => prune::sweep(folder.path(), &prune::LIMITS, SystemTime::now()),
            Err(why) if !self.told.swap(true, Ordering::Relaxed) => {
                let folder = folder.path().display();
                tracing::warn!("compiled guests cannot be written to {folder}, every start compiles them: {why}");
            }
            Err(_) => {}
        }
        Ok(component)
    }
}

fn compile(engine: &wasmtime::Engine, bytes: &[u8], guest: &Path) -> wasmtime::Result<Component> {
    let guest = guest.display();
    if bytes.len() >= LONG {
        tracing::info!(%guest, mib = bytes.len() >> 20, "compiling the guest, which takes some seconds");
    }
    let component = Component::from_binary(engine, bytes)?;
    tracing::debug!(%guest, "guest compiled");
    Ok(component)
}

/// What was kept under a name, if anything was.
fn take(engine: &wasmtime::Engine, folder: &Folder, name: &Name) -> Result<Option<Component>, Flaw> {
    let Some(code) = entry::read(folder, name)? else { return Ok(None) };
    // SAFETY: the engine must have made this code, and does not check that it has. The seal says so: only this user's
    // Millstream knows the key, it seals nothing else, and the name is of this engine's version and settings. The code
    // was read into memory of this process before the seal was looked at, so nobody can change it in between.
    let component = unsafe { Component::deserialize(engine, code) };
    component.map(Some).map_err(|error| Flaw::Refused(format!("{error:#}")))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
