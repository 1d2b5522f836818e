//! Other programs, as steps of a build. Nothing here goes through a shell, and none of them can wait for input.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use super::error::BuildError;

/// Most that is read of what a program answers, in bytes.
const ANSWER_MAX: u64 = 64 << 20;
/// Most that is shown of what a program said, in bytes.
const SAID_MAX: u64 = 1 << 20;
/// How long a program may take to answer a question.
const ASK_MAX: Duration = Duration::from_secs(30);
/// How often is looked whether it has.
const LOOK: Duration = Duration::from_millis(5);

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

/// What a program answers to a question, all of its output, and whether it ended well. One that takes longer than
/// [`ASK_MAX`] is ended.
pub(super) fn ask(program: &Path, args: &[&str], folder: &Path) -> (bool, String) {
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    match answered(&mut command, ASK_MAX) {
        Ok(Some(output)) => {
            let text = [output.stdout, output.stderr].concat();
            (output.status.success(), String::from_utf8_lossy(&text).trim().to_owned())
        }
        Ok(None) => (false, format!("it was ended, as it gave no answer within {} s", ASK_MAX.as_secs())),
        Err(error) => (false, error.to_string()),
    }
}

/// What a program wrote until it ended; none if that took too long.
fn answered(command: &mut Command, most: Duration) -> std::io::Result<Option<Output>> {
    let (mut child, start) = (command.spawn()?, Instant::now());
    while child.try_wait()?.is_none() {
        if start.elapsed() > most {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(LOOK);
    }
    child.wait_with_output().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_does_not_answer_is_ended() {
        let start = Instant::now();
        let short = Duration::from_millis(100);
        assert!(answered(Command::new("sleep").arg("60"), short).unwrap().is_none());
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn what_a_tool_says_and_how_it_ends_is_told() {
        let shell = Path::new("/bin/sh");
        let folder = Path::new("/");
        assert_eq!(ask(shell, &["-c", "echo 1.2; echo why >&2"], folder), (true, "1.2\nwhy".to_owned()));
        assert_eq!(ask(shell, &["-c", "echo no; exit 3"], folder), (false, "no".to_owned()));
        assert!(!ask(Path::new("/nowhere"), &[], folder).0);
    }
}
