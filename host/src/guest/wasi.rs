//! What guests find behind the WASI imports that their language's runtime brings along: nothing, politely.
//!
//! Output streams become log lines; environment and arguments are empty; clocks and random numbers work where the
//! pipeline grants them; everything else is refused by name at the moment a guest calls it. No file system, no
//! sockets: those interfaces have no implementation here at all, so there is none to break out of.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{LinkerInstance, Resource, ResourceType, Val};
use wasmtime::{AsContextMut, Engine, Result, StoreContextMut, bail};

use super::state::{Level, State};

/// Stands for every WASI resource; streams are told apart by their representation.
struct Handle;

const STDIN: u32 = 0;
const STDOUT: u32 = 1;
const STDERR: u32 = 2;
const POLLABLE: u32 = 3;

/// Largest piece that an output stream takes at once, and largest request for random bytes.
const PIECE: u64 = 4096;
const RANDOM_MAX: u64 = 1 << 20;

/// Answers one imported WASI function.
type Answer = fn(&mut StoreContextMut<'_, State>, Arguments<'_>) -> Result<Option<Val>>;

/// What a function was called with.
#[derive(Clone, Copy)]
struct Arguments<'a> {
    values: &'a [Val],
    /// The representations of the resources among them, in order.
    resources: &'a [u32],
}

/// Defines every function and resource of one imported `wasi:` interface.
pub(super) fn link(
    engine: &Engine,
    linker: &mut LinkerInstance<'_, State>,
    interface: &str,
    imported: &ComponentInstance,
) -> Result<()> {
    for (name, item) in imported.exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(_) => define(linker, interface, name)?,
            ComponentItem::Resource(_) => linker.resource(name, ResourceType::host::<Handle>(), |_, _| Ok(()))?,
            _ => {}
        }
    }
    Ok(())
}

fn define(linker: &mut LinkerInstance<'_, State>, interface: &str, name: &str) -> Result<()> {
    // wasi:cli/stdout@0.2.6 -> cli/stdout: every 0.2 version of these functions has the same shape.
    let short = interface.trim_start_matches("wasi:");
    let short = short.split_once('@').map_or(short, |(short, _)| short);
    let full = format!("{interface}#{name}");
    let answer = answer(short, name);
    let grant = grant(short);
    linker.func_new(name, move |mut store, _, params, results| {
        let granted = match grant {
            Some("clock") => store.data().grants.clock,
            Some("random") => store.data().grants.random,
            _ => true,
        };
        let Some(answer) = answer.filter(|_| granted) else {
            store.data_mut().denied = Some(full.clone());
            match grant {
                Some(grant) => {
                    bail!(
                        "the guest called {full}, which is not granted: add `grants = [\"{grant}\"]` to its [[stage]]"
                    )
                }
                None => bail!("the guest called {full}, which this host never offers to a guest"),
            }
        };
        let mut resources = Vec::new();
        lent(&mut store, params, &mut resources)?;
        let value = answer(&mut store.as_context_mut(), Arguments { values: params, resources: &resources })?;
        if let (Some(value), Some(place)) = (value, results.first_mut()) {
            *place = value;
        }
        Ok(())
    })
}

/// Takes note of the resources that a guest lends for the call, and gives them back: a call may keep none.
fn lent(store: &mut StoreContextMut<'_, State>, values: &[Val], resources: &mut Vec<u32>) -> Result<()> {
    for value in values {
        match value {
            Val::Resource(resource) => resources.push(resource.try_into_resource::<Handle>(&mut *store)?.rep()),
            Val::List(values) => lent(store, values, resources)?,
            _ => {}
        }
    }
    Ok(())
}

/// The grant that an interface needs.
pub(super) fn grant(interface: &str) -> Option<&'static str> {
    match interface {
        "clocks/wall-clock" | "clocks/monotonic-clock" => Some("clock"),
        "random/random" => Some("random"),
        _ => None,
    }
}

fn answer(interface: &str, name: &str) -> Option<Answer> {
    Some(match (interface, name) {
        ("cli/environment", "get-environment" | "get-arguments") => |_, _| Ok(Some(Val::List(Vec::new()))),
        ("cli/environment", "initial-cwd") => |_, _| Ok(Some(Val::Option(None))),
        ("cli/exit", _) => |_, _| bail!("the guest called exit"),
        ("cli/stdin", _) => |store, _| handle(store, STDIN),
        ("cli/stdout", _) => |store, _| handle(store, STDOUT),
        ("cli/stderr", _) => |store, _| handle(store, STDERR),
        ("cli/terminal-stdin" | "cli/terminal-stdout" | "cli/terminal-stderr", _) => |_, _| Ok(Some(Val::Option(None))),
        ("io/streams", "[method]output-stream.check-write") => |_, _| ok(Some(Val::U64(PIECE))),
        ("io/streams", "[method]output-stream.write" | "[method]output-stream.blocking-write-and-flush") => write,
        ("io/streams", "[method]output-stream.flush" | "[method]output-stream.blocking-flush") => |_, _| ok(None),
        ("io/streams", "[method]input-stream.read" | "[method]input-stream.blocking-read") => {
            |_, _| Ok(Some(Val::Result(Err(Some(Box::new(Val::Variant("closed".into(), None)))))))
        }
        // Nothing here ever waits, so whatever a runtime polls before it writes is ready.
        ("io/streams", "[method]output-stream.subscribe" | "[method]input-stream.subscribe") => {
            |store, _| handle(store, POLLABLE)
        }
        ("io/poll", "[method]pollable.ready") => |_, _| Ok(Some(Val::Bool(true))),
        ("io/poll", "[method]pollable.block") => |_, _| Ok(None),
        ("io/poll", "poll") => poll,
        ("clocks/wall-clock", "now") => |_, _| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            datetime(now.as_secs(), now.subsec_nanos())
        },
        ("clocks/wall-clock", "resolution") => |_, _| datetime(0, 1),
        ("clocks/monotonic-clock", "now") => |store, _| Ok(Some(Val::U64(monotonic(store.data().started)))),
        ("clocks/monotonic-clock", "resolution") => |_, _| Ok(Some(Val::U64(1))),
        ("random/random", "get-random-u64") => |store, _| Ok(Some(Val::U64(store.data_mut().random.next()))),
        ("random/random", "get-random-bytes") => random_bytes,
        // Insecure by name: a fixed seed gives a guest's hash maps what they need and tells it nothing.
        ("random/insecure-seed", "insecure-seed") => {
            |_, _| Ok(Some(Val::Tuple(vec![Val::U64(0x6d69_6c6c_7374), Val::U64(0x7265_616d)])))
        }
        ("random/insecure", "get-insecure-random-u64") => {
            |store, _| Ok(Some(Val::U64(store.data_mut().insecure.next())))
        }
        _ => return None,
    })
}

fn handle(store: &mut StoreContextMut<'_, State>, stream: u32) -> Result<Option<Val>> {
    let resource = Resource::<Handle>::new_own(stream).try_into_resource_any(store)?;
    Ok(Some(Val::Resource(resource)))
}

fn ok(value: Option<Val>) -> Result<Option<Val>> {
    Ok(Some(Val::Result(Ok(value.map(Box::new)))))
}

fn datetime(seconds: u64, nanoseconds: u32) -> Result<Option<Val>> {
    let fields = vec![("seconds".into(), Val::U64(seconds)), ("nanoseconds".into(), Val::U32(nanoseconds))];
    Ok(Some(Val::Record(fields)))
}

fn monotonic(started: Instant) -> u64 {
    started.elapsed().as_nanos() as u64
}

fn write(store: &mut StoreContextMut<'_, State>, given: Arguments<'_>) -> Result<Option<Val>> {
    let ([_, Val::List(bytes)], [stream]) = (given.values, given.resources) else {
        bail!("write takes a stream and bytes")
    };
    let bytes = bytes.iter().filter_map(|byte| if let Val::U8(byte) = byte { Some(*byte) } else { None });
    let level = if *stream == STDERR { Level::Warn } else { Level::Info };
    let bytes: Vec<u8> = bytes.collect();
    store.data_mut().print(level, &bytes);
    ok(None)
}

/// All of them are ready.
fn poll(_: &mut StoreContextMut<'_, State>, given: Arguments<'_>) -> Result<Option<Val>> {
    Ok(Some(Val::List((0..given.resources.len() as u32).map(Val::U32).collect())))
}

fn random_bytes(store: &mut StoreContextMut<'_, State>, given: Arguments<'_>) -> Result<Option<Val>> {
    match given.values {
        [Val::U64(count)] if *count <= RANDOM_MAX => {
            let random = &mut store.data_mut().random;
            Ok(Some(Val::List((0..*count).map(|_| Val::U8(random.next() as u8)).collect())))
        }
        _ => bail!("the guest asked for more than {RANDOM_MAX} random bytes at once"),
    }
}
