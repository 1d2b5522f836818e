//! What can go wrong with a guest: at load, before any record, or in a call.

use std::path::PathBuf;

use thiserror::Error;

use crate::contract::mismatch::Mismatch;

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
    /// A core module.
    #[error(
        "the guest {0} is a core wasm module, not a component; build it for wasm32-wasip2, or wrap it with `wasm-tools component new`"
    )]
    CoreModule(PathBuf),
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
        "the guest {path} imports `{import}`, which this host does not offer; guests may import wasi:* interfaces only"
    )]
    Import {
        /// Which file.
        path: PathBuf,
        /// The import's name.
        import: String,
    },
    /// It exports no transform.
    #[error(
        "the guest {path} does not export `transform`; it exports {exports}. Generate its world with `millstream wit`"
    )]
    World {
        /// Which file.
        path: PathBuf,
        /// What it does export.
        exports: String,
    },
    /// Its transform has another shape.
    #[error(
        "the guest {path} exports `transform: {found}`; expected `transform: func(batch: list<IN>) -> list<result<OUT, fault>>`"
    )]
    Shape {
        /// Which file.
        path: PathBuf,
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
