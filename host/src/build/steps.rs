//! Other programs, as steps of a build. Nothing here goes through a shell, and none of them can wait for input.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use super::error::BuildError;

/// Most that is read of what a program answers, in bytes.
const ANSWER_MAX: u64 = 64 << 20;
/// Most that is shown of what a program said, in bytes.
const SAID_MAX: u64 = 1 << 20;

/// One program to run.
pub(super) struct Step {
    /// A few words for messages, such as `go build`.
    what: String,
    /// Where it runs, as the user names it.
    shown: PathBuf,
    command: Command,
}

impl Step {
    /// A program that runs in a folder.
    pub(super) fn new(what: &str, program: &Path, folder: &Path, shown: &Path) -> Step {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null());
        Step { what: what.to_owned(), shown: shown.to_owned(), command }
    }

    /// With arguments.
    pub(super) fn args<S: AsRef<std::ffi::OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Step {
        self.command.args(args);
        self
    }

    /// With one more argument, a path.
    pub(super) fn arg(mut self, path: &Path) -> Step {
        self.command.arg(path);
        self
    }

    /// With `-o` and a path.
    pub(super) fn arg_out(self, path: &Path) -> Step {
        self.args(["-o"]).arg(path)
    }

    /// With a variable of the environment.
    pub(super) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Step {
        self.command.env(name, value);
        self
    }

    /// Runs it; all that it says goes to standard error as it is.
    pub(super) fn run(mut self) -> Result<(), BuildError> {
        let status = self.command.stdout(std::io::stderr()).status();
        self.judge(status)
    }

    /// Runs it; what it says is shown only when it fails.
    pub(super) fn run_quietly(mut self, log: &Path) -> Result<(), BuildError> {
        let file = File::create(log).map_err(BuildError::file("write", log))?;
        let twice = file.try_clone().map_err(BuildError::file("write", log))?;
        let status = self.command.stdout(file).stderr(twice).status();
        let done = self.judge(status);
        if done.is_err() {
            let mut said = Vec::new();
            let file = File::open(log).map_err(BuildError::file("read", log))?;
            file.take(SAID_MAX).read_to_end(&mut said).map_err(BuildError::file("read", log))?;
            // As untouched as what goes there directly. Nobody to read it is no error.
            let _ = std::io::stderr().write_all(&said);
        }
        done
    }

    /// Runs it and gives what it answers on standard output; the rest goes to standard error as it is.
    pub(super) fn answer(mut self) -> Result<Vec<u8>, BuildError> {
        let mut answer = Vec::new();
        let status = self.command.stdout(Stdio::piped()).spawn().and_then(|mut child| {
            if let Some(out) = child.stdout.take() {
                out.take(ANSWER_MAX).read_to_end(&mut answer)?;
            }
            child.wait()
        });
        self.judge(status).map(|()| answer)
    }

    fn judge(self, status: std::io::Result<ExitStatus>) -> Result<(), BuildError> {
        let how = match status {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        Err(BuildError::Step { step: self.what, folder: self.shown, how })
    }
}

/// What a program answers to a question, all of its output, and whether it ended well.
pub(super) fn ask(program: &Path, args: &[&str], folder: &Path) -> (bool, String) {
    let asked = Command::new(program).args(args).current_dir(folder).stdin(Stdio::null()).output();
    match asked {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            (output.status.success(), String::from_utf8_lossy(&text).trim().to_owned())
        }
        Err(error) => (false, error.to_string()),
    }
}
