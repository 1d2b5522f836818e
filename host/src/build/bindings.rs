//! Bindings of a guest's world, by wit-bindgen as a library.

use std::path::Path;

use wit_bindgen_core::{Files, WorldGenerator};
use wit_parser::{Resolve, WorldId};

use super::error::BuildError;

/// A world and the types that it knows.
type World = (Resolve, WorldId);

/// Go packages for the world `transform`.
pub(super) fn go(world: &World, out: &Path, module: &str) -> Result<(), BuildError> {
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
    write(&mut *opts.build(), world, out, unpinned)
}

/// A C header and source for the world `transform`, and an object file with its types.
pub(super) fn c(world: &World, out: &Path) -> Result<(), BuildError> {
    write(&mut *wit_bindgen_c::Opts::default().build(), world, out, |text| text)
}

fn write(
    generator: &mut dyn WorldGenerator,
    (resolve, world): &World,
    out: &Path,
    change: impl Fn(String) -> String,
) -> Result<(), BuildError> {
    let mut files = Files::default();
    generator
        .generate(&mut resolve.clone(), *world, &mut files)
        .map_err(|error| BuildError::project(out, format!("bindings cannot be written: {error:#}")))?;
    for (name, contents) in files.iter() {
        let contents = match std::str::from_utf8(contents) {
            Ok(text) => change(text.to_owned()).into_bytes(),
            Err(_) => contents.to_vec(),
        };
        // Go: what goes into the package of the guest's own code, for the methods of its resources.
        let path = if name.starts_with("export_") { out.with_file_name(name) } else { out.join(name) };
        put(&path, &contents)?;
    }
    Ok(())
}

/// Writes a file and the folders above it. What did not change keeps its time, so that nothing is compiled again for it.
pub(super) fn put(path: &Path, contents: &[u8]) -> Result<(), BuildError> {
    if std::fs::read(path).is_ok_and(|old| old == contents) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(BuildError::file("create", folder))?;
    }
    std::fs::write(path, contents).map_err(BuildError::file("write", path))
}
