//! `millstream build`: a guest from its source, in any language.

use std::path::Path;
use std::time::Instant;

use super::{Fault, complain, say};
use crate::build::{self, Built};

pub(super) fn build(folder: &Path) -> Result<(), Fault> {
    let start = Instant::now();
    let built = build::build(folder, &mut |text| complain(format_args!("{text}\n")))?;
    say(format_args!("{}\n", told(&built, start.elapsed().as_secs_f64())));
    Ok(())
}

/// One line: `built enrich.wasm (Go, 2.6 MB) in 0.5 s`.
fn told(built: &Built, seconds: f64) -> String {
    let (wasm, language, size) = (built.wasm.display(), built.language.title(), size(built.size));
    match built.changed {
        true => format!("built {wasm} ({language}, {size}) in {seconds:.1} s"),
        false => format!("{wasm} is up to date ({language}, {size}), found in {seconds:.1} s"),
    }
}

/// A number of bytes, in the unit that people would use.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", (bytes + 500) / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::Language;

    #[test]
    fn a_build_is_told_in_one_line() {
        let mut built = Built { wasm: "a/b.wasm".into(), language: Language::Go, size: 2_603_595, changed: true };
        assert_eq!(told(&built, 0.51), "built a/b.wasm (Go, 2.6 MB) in 0.5 s");
        built = Built { size: 34_785, language: Language::C, changed: false, ..built };
        assert_eq!(told(&built, 0.04), "a/b.wasm is up to date (C, 35 KB), found in 0.0 s");
        assert_eq!(size(999), "999 B");
    }
}
