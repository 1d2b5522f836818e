//! Why a guest was not built.

use std::path::PathBuf;

use thiserror::Error;

/// Why a guest was not built. What a compiler has to say has been printed by itself.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There is nothing to build.
    #[error(
        "no guest project in {0}: it has no Cargo.toml (Rust) and no .c file (C), and neither it nor a folder above has a \
         go.mod (Go), package.json (JavaScript, TypeScript), requirements.txt or pyproject.toml (Python); name the \
         project's folder: millstream build FOLDER"
    )]
    NoProject(PathBuf),
    /// The project lacks something, or something in it is wrong.
    #[error("{path}: {why}")]
    Project {
        /// Which file or folder.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
    /// A tool is not there, or not the one that is needed.
    #[error("building a guest in {language} needs {need}; {get}")]
    Tool {
        /// For which language.
        language: &'static str,
        /// Which tool, and what there is instead.
        need: String,
        /// How to get it.
        get: String,
    },
    /// A tool failed. Its own words stand above.
    #[error("`{step}` failed in {folder} ({how}); what it says stands above")]
    Step {
        /// Which step, in a few words.
        step: String,
        /// Where it ran.
        folder: PathBuf,
        /// How it ended.
        how: String,
    },
    /// A file cannot be read or written.
    #[error("cannot {doing} {path}: {error}")]
    File {
        /// `read`, `write` and the like.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// What was built is no guest.
    #[error("{path} was built, but no pipeline can use it: {why}")]
    NoGuest {
        /// Where it would have been put.
        path: PathBuf,
        /// Why, and what to do.
        why: String,
    },
}

impl BuildError {
    /// The exit code of a program that ends with it: 1 for what failed, 2 for a wrong project, 3 for a missing tool.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NoProject(_) | Self::Project { .. } => 2,
            Self::Tool { .. } => 3,
            Self::Step { .. } | Self::File { .. } | Self::NoGuest { .. } => 1,
        }
    }

    /// For `map_err` of what reads or writes a file.
    pub(super) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> BuildError {
        let path = path.into();
        move |error| BuildError::File { doing, path, error }
    }

    /// Something wrong with the project.
    pub(super) fn project(path: impl Into<PathBuf>, why: impl Into<String>) -> BuildError {
        BuildError::Project { path: path.into(), why: why.into() }
    }
}
