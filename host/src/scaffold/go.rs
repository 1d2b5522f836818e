//! Projects in go.

use super::{About, File, Model};

/// What the README says.
pub(super) fn about(_model: &Model) -> About {
    About::default()
}

/// The files of the language.
pub(super) fn files(_model: &Model) -> Vec<File> {
    Vec::new()
}
