//! Test cases: records in, what must come out, and how far the two are apart. No files, no clock, no terminal: the
//! command line reads, runs and prints.
//!
//! A case's records are made by [`Maker`], taken through the guests by [`crate::pipeline::offline`], and judged by
//! [`judge`]; [`update`] writes what was found into the text that the case stands in.

mod bytes;
mod diff;
mod judge;
mod junit;
mod make;
mod render;
mod update;

pub use diff::{Difference, differences};
pub use judge::{Cost, Found, Judged, Output, judge, read};
pub use junit::{Report, junit};
pub use make::{Case, Expected, ExpectedValue, Maker, Wanted};
pub use update::{Updated, update};
