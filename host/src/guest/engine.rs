//! One per process: the wasm engine, its settings, and the clock that ends guests which overrun.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::Config;

use super::cache::Compiled;
use super::error::LoadError;

/// The engine's release train, for people who look for its advisories.
pub const WASMTIME: &str = "48";

/// How often the epoch clock ticks: the grain of every time limit.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// Wasm stack of a guest: `reliability.md` 6 asks for 512 KiB, enough for interpreters of dynamic languages.
const STACK: usize = 512 << 10;

/// Compiles components and runs their instances. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(super) inner: wasmtime::Engine,
    pub(super) compiled: Arc<Compiled>,
    /// Guests have fuel, so that their work can be told in units of it.
    pub(super) metered: bool,
    _clock: Arc<Clock>,
}

#[derive(Debug)]
struct Clock {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Starts the engine and its clock. Compiled components are kept in the folder `kept`. What stands there is run as
    /// native code: a folder that others can write to is not used, with a warning.
    pub fn start(kept: Option<&Path>) -> Result<Engine, LoadError> {
        Engine::new(kept, false)
    }

    /// As [`Engine::start`], of instances that count their work, which makes them slower. Their code is another one, and
    /// is kept beside that of others.
    pub fn metered(kept: Option<&Path>) -> Result<Engine, LoadError> {
        Engine::new(kept, true)
    }

    fn new(kept: Option<&Path>, metered: bool) -> Result<Engine, LoadError> {
        let failed = |error: wasmtime::Error| LoadError::Engine(format!("{error:#}"));
        let mut config = Config::new();
        config.wasm_component_model(true).epoch_interruption(true).max_wasm_stack(STACK).consume_fuel(metered);
        let inner = wasmtime::Engine::new(&config).map_err(failed)?;
        let stop = Arc::new(AtomicBool::new(false));
        let (ticking, engine) = (stop.clone(), inner.weak());
        // A thread of its own: a busy async runtime must not be able to hold the clock up.
        let tick = move || {
            while !ticking.load(Ordering::Relaxed) {
                std::thread::park_timeout(TICK);
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => return,
                }
            }
        };
        let thread = std::thread::Builder::new().name("epoch-clock".into()).spawn(tick);
        let thread = thread.map_err(|error| LoadError::Engine(format!("cannot start the epoch clock: {error}")))?;
        let compiled = Arc::new(kept.map(Compiled::kept_in).unwrap_or_default());
        Ok(Engine { inner, compiled, metered, _clock: Arc::new(Clock { stop, thread: Some(thread) }) })
    }

    /// Ticks of the epoch clock that give a call at least this long.
    pub(super) fn ticks(limit: Duration) -> u64 {
        limit.as_millis().div_ceil(TICK.as_millis()) as u64 + 1
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            drop(thread.join());
        }
    }
}
