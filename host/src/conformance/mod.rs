//! The conformance kit: cases that a guest in any language has to pass, the same for all of them.
//!
//! A case stands in `tests/conformance/cases/<name>`: a pipeline without its guest, `[[tests]]` for it, and words for
//! whoever writes the guest. They are part of the program, so that they can be run where there is no repository.

mod batches;
mod folder;
mod kit;
mod refusals;
mod repeats;
mod run;

pub use folder::{Folder, FolderError};
pub use kit::{KITS, Kit, kit};
pub use run::{Verdict, fitting, run};
