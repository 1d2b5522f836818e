//! A program as a child process: started, watched, stopped by signal, and never left behind.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::{Result, RigError};

/// A running program, killed when dropped. Its output goes to a file.
pub struct Process {
    child: Child,
    log: PathBuf,
    ended: Option<ExitStatus>,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With an exit code.
    Code(i32),
    /// By a signal.
    Signal,
}

/// What a process has used so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// CPU seconds of all its threads, user and system.
    pub cpu: f64,
    /// The most memory it ever had resident, in MiB.
    pub peak_mib: f64,
}

impl Process {
    /// Starts a program with its standard output and error in `log`.
    ///
    /// The kernel kills it if the thread that started it ends, which covers a test run that is killed itself.
    pub fn start<S: AsRef<std::ffi::OsStr>>(program: &Path, arguments: &[S], log: &Path) -> Result<Process> {
        Process::start_with(program, arguments, &[], log)
    }

    /// The same with variables of the environment set, or removed where there is no value.
    pub fn start_with<S: AsRef<std::ffi::OsStr>>(
        program: &Path,
        arguments: &[S],
        environment: &[(&str, Option<&str>)],
        log: &Path,
    ) -> Result<Process> {
        let file = File::create(log).map_err(RigError::doing(format!("creating {}", log.display())))?;
        let again = file.try_clone().map_err(RigError::doing(format!("opening {} twice", log.display())))?;
        let mut command = Command::new("setpriv");
        for (name, value) in environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let child = command
            .args(["--pdeathsig", "KILL"])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(again)
            .spawn()
            .map_err(RigError::doing(format!("starting {} with setpriv", program.display())))?;
        Ok(Process { child, log: log.to_path_buf(), ended: None })
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Whether it still runs.
    pub fn running(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended.is_none()
    }

    /// Asks it to stop (SIGTERM) and waits.
    pub fn terminate(&mut self, limit: Duration) -> Result<Ended> {
        self.signal("-TERM")?;
        self.wait(limit)
    }

    /// Stops it in the middle of whatever it does (SIGSTOP), until `resume`.
    pub fn pause(&self) -> Result<()> {
        self.signal("-STOP")
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) -> Result<()> {
        self.signal("-CONT")
    }

    /// Sends it a signal, such as `-CONT`, and does not wait for what it does.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let sent = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status();
        sent.map(drop).map_err(RigError::doing("running kill"))
    }

    /// Kills it (SIGKILL): it gets no chance to do anything.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        self.ended = self.child.wait().ok();
    }

    /// Waits for its end; one that takes longer is an error that shows what it wrote.
    pub fn wait(&mut self, limit: Duration) -> Result<Ended> {
        let deadline = Instant::now() + limit;
        while self.running() {
            if Instant::now() > deadline {
                return Err(RigError::new(format!("still running after {limit:?}; it wrote:\n{}", self.log())));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(self.ended.and_then(|status| status.code()).map_or(Ended::Signal, Ended::Code))
    }

    /// CPU time and peak memory so far; only while it runs.
    pub fn usage(&self) -> Result<Usage> {
        let pid = self.child.id();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).map_err(RigError::doing("reading CPU time"))?;
        let status =
            std::fs::read_to_string(format!("/proc/{pid}/status")).map_err(RigError::doing("reading memory"))?;
        // After the name in brackets: state is field 3, user and system time are 14 and 15, in hundredths of a second.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |n: usize| fields.get(n - 3).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|rest| rest.split_whitespace().next()).and_then(|kib| kib.parse::<f64>().ok());
        Ok(Usage { cpu: (ticks(14) + ticks(15)) / 100.0, peak_mib: peak.unwrap_or(0.0) / 1024.0 })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.running() {
            self.kill();
        }
    }
}
