//! When something has changed, worked out from looks at the files. Knows neither files nor time.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The files that are watched and what stands in them, as a digest.
pub(super) type Look = BTreeMap<PathBuf, u64>;

/// Compares looks. A change counts when two looks in a row agree on it: a file that is still being written is waited
/// for.
pub(super) struct Watch {
    /// What has been acted on.
    known: Look,
    last: Look,
}

impl Watch {
    pub(super) fn new(known: Look) -> Watch {
        Watch { last: known.clone(), known }
    }

    /// The paths that came, went or have another content since they were last acted on, once they hold still.
    pub(super) fn changed(&mut self, now: Look) -> Vec<PathBuf> {
        if now != self.last {
            self.last = now;
            return Vec::new();
        }
        let came = now.iter().filter(|(path, digest)| self.known.get(*path) != Some(*digest)).map(|(path, _)| path);
        let went = self.known.keys().filter(|path| !now.contains_key(*path));
        let changed = came.chain(went).cloned().collect();
        self.known = now;
        changed
    }

    /// Other files are watched from now on: those that were not watched before have not changed.
    pub(super) fn rescope(&mut self, now: Look) {
        self.known.retain(|path, _| now.contains_key(path));
        for (path, digest) in &now {
            self.known.entry(path.clone()).or_insert(*digest);
        }
        self.last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(files: &[(&str, u64)]) -> Look {
        files.iter().map(|(path, digest)| (PathBuf::from(path), *digest)).collect()
    }

    fn names(changed: Vec<PathBuf>) -> Vec<String> {
        changed.iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn a_change_counts_once_it_holds_still() {
        let mut watch = Watch::new(look(&[("a", 1)]));
        assert!(watch.changed(look(&[("a", 1)])).is_empty());
        assert!(watch.changed(look(&[("a", 2)])).is_empty(), "it may still be written");
        assert!(watch.changed(look(&[("a", 3)])).is_empty(), "it was");
        assert_eq!(names(watch.changed(look(&[("a", 3)]))), ["a"]);
        assert!(watch.changed(look(&[("a", 3)])).is_empty(), "once");
    }

    #[test]
    fn what_comes_and_goes_has_changed_too() {
        let mut watch = Watch::new(look(&[("a", 1), ("b", 1)]));
        assert!(watch.changed(look(&[("b", 1), ("c", 1)])).is_empty());
        assert_eq!(names(watch.changed(look(&[("b", 1), ("c", 1)]))), ["c", "a"]);
    }

    #[test]
    fn what_is_as_it_was_has_not_changed() {
        let mut watch = Watch::new(look(&[("a", 1)]));
        assert!(watch.changed(look(&[])).is_empty(), "an editor replaces the file");
        assert!(watch.changed(look(&[("a", 1)])).is_empty());
        assert!(watch.changed(look(&[("a", 1)])).is_empty());
    }

    #[test]
    fn files_that_are_new_to_the_watch_have_not_changed_and_others_still_may_have() {
        let mut watch = Watch::new(look(&[("a", 1), ("b", 1)]));
        watch.rescope(look(&[("a", 2), ("c", 1)]));
        assert_eq!(names(watch.changed(look(&[("a", 2), ("c", 1)]))), ["a"]);
        assert!(watch.changed(look(&[("a", 2), ("c", 1)])).is_empty());
    }
}
