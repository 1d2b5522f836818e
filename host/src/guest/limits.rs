//! How much memory a guest may have: one sum over all its memories and tables, not a limit for each.

use wasmtime::{ResourceLimiter, Result};

/// What a table's element costs of the budget, in bytes.
const ELEMENT: usize = 16;

/// Counts what an instance has and refuses what goes beyond.
#[derive(Debug)]
pub(super) struct Limiter {
    limit: usize,
    used: usize,
    /// Something was refused in this call.
    refused: bool,
}

impl Limiter {
    pub(super) fn new(limit: u64) -> Self {
        Limiter { limit: usize::try_from(limit).unwrap_or(usize::MAX), used: 0, refused: false }
    }

    /// Bytes in use.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// Starts a call: what was refused before explains nothing that happens in it.
    pub(super) fn begin_call(&mut self) {
        self.refused = false;
    }

    /// Whether a request was refused in this call.
    pub(super) fn refused(&self) -> bool {
        self.refused
    }

    fn grow(&mut self, more: usize) -> bool {
        let fits = self.used.checked_add(more).is_some_and(|used| used <= self.limit);
        if fits {
            self.used += more;
        } else {
            self.refused = true;
        }
        fits
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        Ok(self.grow(desired.saturating_sub(current)))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        Ok(self.grow(desired.saturating_sub(current).saturating_mul(ELEMENT)))
    }

    fn instances(&self) -> usize {
        64
    }

    fn tables(&self) -> usize {
        32
    }

    fn memories(&self) -> usize {
        32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_memories_share_one_budget() {
        let mut limiter = Limiter::new(100);
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(!limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.refused());
        assert!(limiter.memory_growing(60, 100, None).unwrap());
        assert_eq!(limiter.used(), 100);
    }

    #[test]
    fn a_table_counts_too() {
        let mut limiter = Limiter::new(100);
        assert!(!limiter.table_growing(0, 7, None).unwrap());
        assert!(limiter.table_growing(0, 6, None).unwrap());
    }
}
