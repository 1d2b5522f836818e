//! WIT folders as componentize-qjs wants them: the engine inside of its components exports an `init` of its own, so a
//! guest's must have another name until the component is made.

use std::path::Path;

use anyhow::{Context, Result, ensure};

/// What `init` is called meanwhile.
pub const RENAMED: &str = "guest-init";

/// Copies a WIT folder; tells whether it had an `init`.
pub fn rename(wit: &Path, out: &Path) -> Result<()> {
    copy(wit, out, 0)
}

fn copy(from: &Path, to: &Path, depth: u32) -> Result<()> {
    ensure!(depth < 8, "{} is nested too deeply for a WIT folder", from.display());
    std::fs::create_dir_all(to).with_context(|| format!("creating {}", to.display()))?;
    let entries = std::fs::read_dir(from).with_context(|| format!("reading {}", from.display()))?;
    for entry in entries {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target, depth + 1)?;
            continue;
        }
        let mut text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        if depth == 0 {
            text = text.replace("export init: func", &format!("export {RENAMED}: func"));
        }
        std::fs::write(&target, text).with_context(|| format!("writing {}", target.display()))?;
    }
    Ok(())
}
