//! What the native bench contenders share: the same work, the same client settings, the same commit rule.
//!
//! They are what a good Rust programmer would write by hand for this one job, so that the price of the guest is
//! measured against a fair opponent.

mod arguments;
mod settings;
mod windows;
mod work;

pub use arguments::Arguments;
pub use settings::{CONSUMER, PRODUCER, consumer_settings, producer_settings};
pub use windows::Windows;
pub use work::{Work, Worker};
