//! The program under test with a hook at its fault points. The shipped program has no such door: it installs no hook.
//!
//! `MILLSTREAM_FAULT` is `point:count:action`: at the so-many-th time that this point is reached, the process is killed
//! (`kill`), stopped (`stop`), or the thread waits (so many milliseconds). Times count from when the file of
//! `MILLSTREAM_FAULT_ARMED` is there, so that a fault hits a pipeline under load. `MILLSTREAM_FAULT_NOTES` names a file that
//! gets a line for the first time that each point is reached, and one before the action.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use millstream::fault::{self, Point};
use signal_hook::consts::{SIGKILL, SIGSTOP};

#[derive(Clone, Copy)]
enum Action {
    Signal(i32),
    Sleep(Duration),
}

fn main() -> ExitCode {
    let plan = std::env::var("MILLSTREAM_FAULT").ok();
    let plan = match plan.as_deref().map(|text| read(text).ok_or(text)).transpose() {
        Ok(plan) => plan,
        Err(text) => {
            let _ = writeln!(std::io::stderr(), "MILLSTREAM_FAULT=`{text}` is not `point:count:action`");
            return ExitCode::from(2);
        }
    };
    let notes = std::env::var("MILLSTREAM_FAULT_NOTES").ok();
    let armed = std::env::var_os("MILLSTREAM_FAULT_ARMED").map(PathBuf::from);
    let reached: [AtomicBool; Point::ALL.len()] = Default::default();
    let counts: [AtomicU64; Point::ALL.len()] = Default::default();
    fault::install(Box::new(move |point| {
        if !reached[point as usize].swap(true, Ordering::Relaxed) {
            note(notes.as_deref(), format_args!("reached {}", point.name()));
        }
        if plan.is_none_or(|plan| plan.0 != point) || armed.as_ref().is_some_and(|file| !file.exists()) {
            return;
        }
        let count = counts[point as usize].fetch_add(1, Ordering::Relaxed) + 1;
        let Some((_, _, action)) = plan.filter(|plan| plan.0 == point && plan.1 == count) else { return };
        note(notes.as_deref(), format_args!("fired {}", point.name()));
        match action {
            Action::Signal(signal) => drop(signal_hook::low_level::raise(signal)),
            Action::Sleep(time) => std::thread::sleep(time),
        }
    }));
    millstream::cli::main()
}

fn read(text: &str) -> Option<(Point, u64, Action)> {
    let mut parts = text.split(':');
    let name = parts.next()?;
    let point = Point::ALL.into_iter().find(|point| point.name() == name)?;
    let count = parts.next()?.parse().ok()?;
    let action = match parts.next()? {
        "kill" => Action::Signal(SIGKILL),
        "stop" => Action::Signal(SIGSTOP),
        ms => Action::Sleep(Duration::from_millis(ms.parse().ok()?)),
    };
    parts.next().is_none().then_some((point, count, action))
}

fn note(file: Option<&str>, line: std::fmt::Arguments<'_>) {
    let Some(file) = file else { return };
    if let Ok(mut file) = std::fs::OpenOptions::new().append(true).create(true).open(file) {
        let _ = writeln!(file, "{line}");
    }
}
