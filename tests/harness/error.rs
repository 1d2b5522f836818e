//! One error for the whole rig: a sentence for the person whose test run it stopped.

use std::fmt;

/// What went wrong in the rig itself, as opposed to in the program under test.
#[derive(Debug)]
pub struct RigError(String);

/// The rig's result.
pub type Result<T> = std::result::Result<T, RigError>;

impl RigError {
    /// An error with this sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        RigError(sentence.into())
    }

    /// For `map_err`: what was being done, then why it failed.
    pub fn doing<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Self {
        move |why| RigError(format!("{what}: {why}"))
    }
}

impl fmt::Display for RigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RigError {}
