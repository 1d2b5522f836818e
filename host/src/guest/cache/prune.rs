//! What is thrown away, so that compiled guests do not fill the disk. Who reads an entry just then reads it to its end:
//! a removed file stays for those who have it open.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::entry::UNFINISHED;
use super::name::Name;

/// How much is kept.
#[derive(Debug)]
pub(super) struct Limits {
    /// Bytes of all entries together.
    pub(super) bytes: u64,
    /// How long an entry stays that nobody uses.
    pub(super) unused: Duration,
    /// How long a file may be unfinished before its writer counts as dead.
    pub(super) unfinished: Duration,
}

const HOUR: Duration = Duration::from_secs(3600);

/// Some thirty guests in Python, or hundreds in other languages.
pub(super) const LIMITS: Limits = Limits { bytes: 1 << 30, unused: HOUR.saturating_mul(24 * 30), unfinished: HOUR };

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
    finished: bool,
}

/// Removes what is too old or too much. What cannot be removed stays: the next time comes.
pub(super) fn sweep(folder: &Path, limits: &Limits, now: SystemTime) {
    for path in doomed(list(folder), limits, now) {
        tracing::debug!(file = %path.display(), "compiled guest removed: long unused, or too many");
        drop(std::fs::remove_file(path));
    }
}

/// The files of ours; others are none of our business.
fn list(folder: &Path) -> Vec<Kept> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let kept = entries.flatten().filter_map(|entry| {
        let name = entry.file_name();
        let name = name.to_str()?;
        let finished = Name::is_one(name);
        let about = entry.metadata().ok()?;
        let ours = about.is_file() && (finished || name.ends_with(UNFINISHED));
        let kept = || Some(Kept { path: entry.path(), bytes: about.len(), used: about.modified().ok()?, finished });
        ours.then(kept).flatten()
    });
    kept.collect()
}

/// Which files go: unfinished ones of dead writers, long unused ones, and of the rest the longest unused until all fit.
fn doomed(mut kept: Vec<Kept>, limits: &Limits, now: SystemTime) -> Vec<PathBuf> {
    // A time in the future is that of another clock; it counts as now.
    let age = |kept: &Kept| now.duration_since(kept.used).unwrap_or_default();
    kept.sort_by_key(age);
    let mut bytes = 0u64;
    let mut stays = |kept: &Kept| {
        if !kept.finished {
            return age(kept) < limits.unfinished;
        }
        bytes = bytes.saturating_add(kept.bytes);
        bytes <= limits.bytes && age(kept) < limits.unused
    };
    kept.retain(|kept| !stays(kept));
    kept.into_iter().map(|kept| kept.path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits =
        Limits { bytes: 100, unused: Duration::from_secs(1000), unfinished: Duration::from_secs(10) };

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
    }

    /// Entries by name, size and age in seconds; an unfinished one ends in `~`.
    fn doomed_of(files: &[(&str, u64, u64)]) -> Vec<String> {
        let kept = |(name, bytes, age): &(&str, u64, u64)| Kept {
            path: name.into(),
            bytes: *bytes,
            used: now() - Duration::from_secs(*age),
            finished: !name.ends_with('~'),
        };
        let doomed = doomed(files.iter().map(kept).collect(), &LIMITS, now());
        doomed.iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn what_fits_and_is_used_stays() {
        assert_eq!(doomed_of(&[("a", 50, 0), ("b", 50, 999)]), [""; 0]);
    }

    #[test]
    fn what_nobody_uses_goes() {
        assert_eq!(doomed_of(&[("a", 1, 1000), ("b", 1, 999)]), ["a"]);
    }

    #[test]
    fn of_too_much_the_longest_unused_goes() {
        assert_eq!(doomed_of(&[("a", 40, 30), ("b", 40, 10), ("c", 40, 20)]), ["a"]);
        assert_eq!(doomed_of(&[("a", 40, 30), ("b", 90, 10), ("c", 40, 20)]), ["c", "a"]);
    }

    #[test]
    fn an_unfinished_file_goes_when_its_writer_must_be_dead() {
        assert_eq!(doomed_of(&[("a~", 500, 9), ("b~", 1, 10), ("c", 100, 5)]), ["b~"]);
    }

    #[test]
    fn a_time_in_the_future_is_now() {
        let ahead = Kept { path: "a".into(), bytes: 100, used: now() + Duration::from_secs(5000), finished: true };
        assert!(doomed(vec![ahead], &LIMITS, now()).is_empty());
    }

    #[test]
    fn files_of_others_are_left_alone() {
        let folder = std::env::temp_dir().join(format!("millstream-prune-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let old = format!("{:064x}-{:016x}.compiled", 1, 1);
        for name in ["key", "notes.compiled", &old, "x.unfinished"] {
            std::fs::write(folder.join(name), "x").unwrap();
        }
        sweep(&folder, &super::LIMITS, SystemTime::now() + HOUR * 24 * 31);
        let mut left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(left, ["key", "notes.compiled"]);
    }
}
