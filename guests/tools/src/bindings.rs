//! Bindings of a guest's world, by wit-bindgen as a library.

use std::path::Path;

use anyhow::{Context, Result};
use wit_bindgen_core::{Files, WorldGenerator};

use crate::component::read;

/// Go packages for the world `transform`.
pub fn go(wit: &Path, out: &Path, module: &str) -> Result<()> {
    // The text of strings is held by what the guest answered, and its memory does not move: no need to pin each of them,
    // which costs more than all else that is done for a record.
    let unpinned = |text: String| {
        let line =
            |line: &str| if line.trim().starts_with("pinner.Pin(utf8") { "_ = pinner\n" } else { line }.to_owned();
        if text.contains("package wit_exports") { text.split_inclusive('\n').map(line).collect() } else { text }
    };
    let opts = wit_bindgen_go::Opts {
        pkg_name: Some(format!("{module}/bindings")),
        export_pkg_name: Some(module.to_owned()),
        ..Default::default()
    };
    write(&mut *opts.build(), wit, out, unpinned)
}

/// A C header and source for the world `transform`, and an object file with its types.
pub fn c(wit: &Path, out: &Path) -> Result<()> {
    write(&mut *wit_bindgen_c::Opts::default().build(), wit, out, |text| text)
}

fn write(generator: &mut dyn WorldGenerator, wit: &Path, out: &Path, change: impl Fn(String) -> String) -> Result<()> {
    let (mut resolve, world) = read(wit)?;
    let mut files = Files::default();
    generator.generate(&mut resolve, world, &mut files)?;
    for (name, contents) in files.iter() {
        let contents = match std::str::from_utf8(contents) {
            Ok(text) => change(text.to_owned()).into_bytes(),
            Err(_) => contents.to_vec(),
        };
        // Go: what goes into the package of the guest's own code, for the methods of its resources.
        let path = if name.starts_with("export_") { out.with_file_name(name) } else { out.join(name) };
        let folder = path.parent().unwrap_or(out);
        std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        // What did not change keeps its time, so that nothing is compiled again for it.
        if std::fs::read(&path).is_ok_and(|old| old == contents) {
            continue;
        }
        std::fs::write(&path, contents).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}
