//! The tools of a language: where they are, whether they are new enough, and how to get them.

use std::fmt;
use std::path::{Path, PathBuf};

use super::error::BuildError;
use super::steps::ask;
use crate::telemetry::printable::printable;

/// Longest answer of a tool that is shown, in bytes.
const SHOWN: usize = 200;

/// A version, its first three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) u32, pub(super) u32, pub(super) u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl Version {
    /// The first version in a text: two numbers or more with dots between.
    pub(super) fn first_in(text: &str) -> Option<Version> {
        text.split(|c: char| !(c.is_ascii_digit() || c == '.')).find_map(|word| {
            let mut numbers = word.split('.').map(|number| number.parse().ok());
            let (major, minor) = (numbers.next()??, numbers.next()??);
            Some(Version(major, minor, numbers.next().flatten().unwrap_or(0)))
        })
    }
}

/// A tool that a language needs.
pub(super) struct Need {
    /// The language, as it stands in a sentence.
    pub(super) language: &'static str,
    /// The program's name.
    pub(super) program: &'static str,
    /// The oldest version that will do, as it is told.
    pub(super) least: &'static str,
    /// How it is asked for its version.
    pub(super) ask: &'static [&'static str],
    /// How to get it.
    pub(super) get: &'static str,
}

/// A tool that was found.
#[derive(Debug, Clone)]
pub(super) struct Tool {
    /// Where it is.
    pub(super) path: PathBuf,
    /// What it says it is.
    pub(super) version: Version,
}

impl Need {
    /// Finds it on PATH; `folder` is where it is asked, for tools that have another version in each folder.
    pub(super) fn find(&self, folder: &Path) -> Result<Tool, BuildError> {
        let Some(path) = on_path(self.program) else {
            return Err(self.lacking(format!("`{}` {} or later, which is not on PATH", self.program, self.least)));
        };
        self.look_at(path, folder)
    }

    /// The tool at this path, if it is new enough.
    pub(super) fn look_at(&self, path: PathBuf, folder: &Path) -> Result<Tool, BuildError> {
        let (wanted, shown) = (format!("`{}` {} or later", self.program, self.least), path.display());
        let (well, said) = ask(&path, self.ask, folder);
        let version = Version::first_in(&said).filter(|_| well);
        let Some(version) = version else {
            let said = printable(said.as_bytes(), SHOWN);
            let question = self.ask.join(" ");
            return Err(self.lacking(format!("{wanted}, but `{shown} {question}` tells no version: \"{said}\"")));
        };
        if Version::first_in(&format!("{}.0", self.least)).is_some_and(|least| version < least) {
            return Err(self.lacking(format!("{wanted}, but {shown} is {version}")));
        }
        Ok(Tool { path, version })
    }

    /// The error that says what is wrong with it.
    pub(super) fn lacking(&self, need: String) -> BuildError {
        BuildError::Tool { language: self.language, need, get: self.get.to_owned() }
    }
}

/// A program on PATH, or at the path that the name is.
pub(super) fn on_path(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| is_program(path));
    }
    let path = std::env::var_os("PATH")?;
    // An empty part means the current folder, where nobody keeps compilers on purpose.
    let folders = std::env::split_paths(&path).filter(|folder| !folder.as_os_str().is_empty());
    folders.map(|folder| folder.join(program)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_tools_say() {
        for (said, version) in [
            ("go version go1.26.8 linux/amd64", Some(Version(1, 26, 8))),
            ("v20.20.2", Some(Version(20, 20, 2))),
            ("Python 3.10.0rc1", Some(Version(3, 10, 0))),
            ("Debian clang version 19.1.7 (3~deb12u1)\nTarget: x86_64", Some(Version(19, 1, 7))),
            ("cargo 1.95.0 (abc 2026-04-14)", Some(Version(1, 95, 0))),
            ("clang 19", None),
            ("99999999999.1", None),
            ("", None),
        ] {
            assert_eq!(Version::first_in(said), version, "{said}");
        }
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(Version(1, 9, 0) < Version(1, 24, 0) && Version(1, 24, 0) <= Version(1, 24, 0));
    }
}
