//! What can go wrong with a guest: at load, before any record, or in a call.

use std::path::PathBuf;

use thiserror::Error;

use crate::contract::mismatch::Mismatch;
use crate::contract::shape::Role;

/// Why a guest cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The engine itself.
    #[error("the wasm engine does not start: {0}")]
    Engine(String),
    /// The file cannot be read.
    #[error("cannot read the guest {path}: {error}; build it first, or correct `guest` in [[stage]]")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is too large to be compiled.
    #[error("the guest {path} has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A core module whose types are not known.
    #[error(
        "the guest {0} is a core wasm module that does not carry its WIT, so that no component can be made of it; build \
         it with `millstream build`, or embed its WIT with `wasm-tools component embed`"
    )]
    CoreModule(PathBuf),
    /// A core module of which no component can be made.
    #[error(
        "the guest {path} is a core wasm module, and no component can be made of it: {why}; build it with `millstream \
         build`"
    )]
    Wrap {
        /// Which file.
        path: PathBuf,
        /// The encoder's words.
        why: String,
    },
    /// Something else.
    #[error("the guest {path} is not a WebAssembly component: {why}")]
    NotComponent {
        /// Which file.
        path: PathBuf,
        /// The engine's words.
        why: String,
    },
    /// It asks for something no pipeline offers.
    #[error(
        "the guest {path} imports `{import}`, which this host does not offer; guests may import interfaces of wasi:* and millstream:pipeline only"
    )]
    Import {
        /// Which file.
        path: PathBuf,
        /// The import's name.
        import: String,
    },
    /// It asks for an interface of `millstream:pipeline` that this host does not have.
    #[error(
        "the guest {path} imports `{import}`, which this host does not offer; it speaks version {version} of \
         millstream:pipeline, with {offered}"
    )]
    ImportInterface {
        /// Which file.
        path: PathBuf,
        /// The import's name.
        import: String,
        /// The version that there is, without its last number.
        version: &'static str,
        /// What there is.
        offered: String,
    },
    /// It asks for a version of `millstream:pipeline` that this host does not have.
    #[error(
        "the guest {path} imports `{import}`, but this host offers version {offered} of millstream:pipeline; make its WIT folder with the `millstream wit` of this host and build it again"
    )]
    ImportVersion {
        /// Which file.
        path: PathBuf,
        /// The import's name.
        import: String,
        /// The version that there is, without its last number.
        offered: &'static str,
    },
    /// It asks for something that pipeline.toml does not grant.
    #[error("the guest {path} imports `{import}`, which is not granted: add \"{grant}\" to `grants` in its [[stage]]")]
    NotGranted {
        /// Which file.
        path: PathBuf,
        /// The import's name.
        import: String,
        /// The grant it takes.
        grant: &'static str,
    },
    /// It asks for a function that an interface does not have.
    #[error("the guest {path} imports `{function}` of `{import}`, which this host does not offer; it offers {offered}")]
    ImportFunction {
        /// Which file.
        path: PathBuf,
        /// The interface's name.
        import: String,
        /// The function's name.
        function: String,
        /// What there is.
        offered: String,
    },
    /// It asks for a function with other types.
    #[error("the guest {path} imports `{function}` of `{import}` as {found}, but this host offers {offered}")]
    ImportType {
        /// Which file.
        path: PathBuf,
        /// The interface's name.
        import: String,
        /// The function's name.
        function: String,
        /// Its type in the guest.
        found: String,
        /// Its type in the host.
        offered: String,
    },
    /// Its init has another shape.
    #[error("the guest {path} exports `init: {found}`; expected `init: func() -> result<_, string>`")]
    InitShape {
        /// Which file.
        path: PathBuf,
        /// Its type.
        found: String,
    },
    /// It exports no function that a pipeline would call.
    #[error(
        "the guest {path} exports neither `transform` nor `deserialize` nor `serialize`; it exports {exports}. \
         Generate its world with `millstream wit`"
    )]
    World {
        /// Which file.
        path: PathBuf,
        /// What it does export.
        exports: String,
    },
    /// Its functions do not stand together.
    #[error(
        "the guest {path} exports its functions in {places}; they must all stand in the world or in one interface, \
         each once"
    )]
    Scattered {
        /// Which file.
        path: PathBuf,
        /// Where they are.
        places: String,
    },
    /// A function of it has another shape.
    #[error(
        "the guest {path} exports `{role}: {found}`; expected `{role}: func(batch: list<IN>) -> list<result<OUT, fault>>`"
    )]
    Shape {
        /// Which file.
        path: PathBuf,
        /// Which function.
        role: Role,
        /// Its type.
        found: String,
    },
    /// Its types and the schemas differ.
    #[error("the guest {path} does not fit the {side} schema {schema}:{}", list(.mismatches))]
    Mismatch {
        /// Which file.
        path: PathBuf,
        /// `source` or `sink`.
        side: &'static str,
        /// Which schema.
        schema: String,
        /// All of it.
        mismatches: Vec<Mismatch>,
    },
    /// Its values are not what its side of the pipeline has.
    #[error("the guest {path} does not fit `[{side}] format = \"{format}\"`:{}", list(.mismatches))]
    Format {
        /// Which file.
        path: PathBuf,
        /// `source` or `sink`.
        side: &'static str,
        /// The format.
        format: &'static str,
        /// All of it.
        mismatches: Vec<Mismatch>,
    },
    /// A function gives what cannot go to the next one.
    #[error("what `{role}` of the guest {path} gives cannot be handed on:{}", list(.mismatches))]
    Values {
        /// Which file.
        path: PathBuf,
        /// Which function.
        role: Role,
        /// All of it.
        mismatches: Vec<Mismatch>,
    },
    /// A function takes other values than the one before it gives.
    #[error("`{role}` of the guest {path} takes other values than {giver} gives:{}", list(.mismatches))]
    Neighbours {
        /// Which file.
        path: PathBuf,
        /// Which function.
        role: Role,
        /// The function before it, in words.
        giver: String,
        /// All of it.
        mismatches: Vec<Mismatch>,
    },
    /// Fields are to be carried past a guest that takes no record of the schema.
    #[error(
        "the guest {path} leaves {fields} to `passthrough = true`, which needs a first guest that takes the source \
         schema's record as a type of its own"
    )]
    Passthrough {
        /// Which file.
        path: PathBuf,
        /// The fields.
        fields: String,
    },
    /// It does not come up.
    #[error("the guest {path} does not start: {why}")]
    Start {
        /// Which file.
        path: PathBuf,
        /// The engine's words.
        why: String,
    },
}

fn list(mismatches: &[Mismatch]) -> String {
    mismatches.iter().map(|mismatch| format!("\n  - {mismatch}")).collect()
}

/// Why a call failed. The instance is gone with it.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{kind}: {text}")]
pub struct CallError {
    /// The kind, as metrics and dead letters name it.
    pub kind: CallFailure,
    /// What happened, in the guest's words where it had any.
    pub text: String,
}

/// The kinds of failed calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallFailure {
    /// The guest trapped: a panic, an exception, unreachable code.
    Trap,
    /// It ran longer than its time limit.
    Timeout,
    /// It wanted more memory than its limit.
    Memory,
    /// What it returned breaks the canonical ABI or its limits.
    Result,
}

impl CallFailure {
    /// The kind as a label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::Timeout => "timeout",
            Self::Memory => "memory",
            Self::Result => "bad-result",
        }
    }
}

impl std::fmt::Display for CallFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.label())
    }
}
