//! Copies of WIT folders, for tools that need another world. componentize-qjs does: the engine inside of its components
//! exports an `init` of its own, so a guest's must have another name until the component is made.

use std::path::Path;

use super::bindings::put;
use super::error::BuildError;

/// What `init` is called meanwhile.
pub(super) const RENAMED: &str = "guest-init";

/// Copies a WIT folder, with another name for `init`.
pub(super) fn rename(wit: &Path, out: &Path) -> Result<(), BuildError> {
    anew(wit, out, &|text| text.replace("export init: func", &format!("export {RENAMED}: func")))
}

/// Copies a WIT folder as it is.
pub(super) fn same(wit: &Path, out: &Path) -> Result<(), BuildError> {
    anew(wit, out, &|text| text)
}

fn anew(wit: &Path, out: &Path, change: &dyn Fn(String) -> String) -> Result<(), BuildError> {
    // Nothing may stay of a file that is gone.
    if out.exists() {
        std::fs::remove_dir_all(out).map_err(BuildError::file("remove", out))?;
    }
    copy(wit, out, change, 0)
}

fn copy(from: &Path, to: &Path, change: &dyn Fn(String) -> String, depth: u32) -> Result<(), BuildError> {
    if depth >= 8 {
        return Err(BuildError::project(from, "this is nested too deeply for a WIT folder"));
    }
    let entries = std::fs::read_dir(from).map_err(BuildError::file("read", from))?;
    for entry in entries {
        let path = entry.map_err(BuildError::file("read", from))?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target, change, depth + 1)?;
            continue;
        }
        let mut text = std::fs::read_to_string(&path).map_err(BuildError::file("read", &path))?;
        if depth == 0 {
            text = change(text);
        }
        put(&target, text.as_bytes())?;
    }
    Ok(())
}
