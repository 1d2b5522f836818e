//! The whole contract of a guest as a user meets it: a pipeline file and components, run by the program.

mod chains;
mod formats;
mod guest;
mod limits;
mod load;
mod poison;
mod retry;
mod runtime;
mod story;
mod tries;
