//! The shared package: complete, documented, and the same for ever once released.

use std::collections::BTreeSet;

use super::*;

#[test]
fn a_released_version_of_the_package_never_changes() {
    // FNV-1a over the released text. For a new version of the package: raise PIPELINE_VERSION and the `package` line of
    // every file, mark what is new with its own `@since`, and add the files' digests under the new version here (the
    // failing test prints them). Entries of versions that were released are never edited.
    let digest = |text: &str| {
        text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    };
    let released = RELEASED;
    for (name, text) in PIPELINE_PACKAGE {
        let known = released.iter().find(|(version, file, _)| (*version, *file) == (PIPELINE_VERSION, *name));
        let digest = digest(text);
        assert_eq!(known.map(|k| k.2), Some(digest), "wit/{name} of {PIPELINE_VERSION} has changed");
        assert!(text.starts_with(&format!("package millstream:pipeline@{PIPELINE_VERSION};")));
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = files.filter(|name| name.ends_with(".wit")).collect();
    let listed: BTreeSet<String> = PIPELINE_PACKAGE.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(files, listed, "PIPELINE_PACKAGE lists the files of wit/");
}

/// Version, file, digest.
const RELEASED: &[(&str, &str, u64)] = &[
    ("0.1.0", "types.wit", 15268529894358992490),
    ("0.1.0", "generic.wit", 15113545808249445896),
    ("0.1.0", "schemas.wit", 1263672713623345011),
    ("0.1.0", "envelope.wit", 4167232201649560237),
    ("0.1.0", "log.wit", 703160527858328280),
    ("0.1.0", "metrics.wit", 18001260568969719649),
    ("0.1.0", "config.wit", 461499150732091464),
];

#[test]
fn every_item_of_the_package_is_documented_and_dated() {
    for (name, text) in PIPELINE_PACKAGE {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let code = |line: &str| !line.starts_with("///");
        for (index, line) in lines.iter().enumerate() {
            let item =
                ["interface ", "record ", "variant ", "enum ", "resource "].iter().any(|word| line.starts_with(word))
                    || line.contains(": func(");
            let item = item && code(line);
            let member = line.ends_with(',') && code(line);
            let above = lines[..index].iter().rev().find(|line| !line.starts_with("@since(version = "));
            if item || member {
                assert!(above.is_some_and(|line| line.starts_with("///")), "wit/{name}: no doc comment for `{line}`");
            }
            if item {
                assert!(lines[index - 1].starts_with("@since(version = "), "wit/{name}: no @since for `{line}`");
            }
        }
    }
}

#[test]
fn the_readme_names_every_item_with_its_file() {
    let readme = include_str!("../../../../wit/README.md");
    for (name, text) in PIPELINE_PACKAGE {
        let row =
            readme.lines().find(|line| line.starts_with(&format!("| `{name}` |"))).unwrap_or_else(|| panic!("{name}"));
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let named: BTreeSet<&str> = cells[3].split('`').skip(1).step_by(2).collect();
        let code = text.lines().map(str::trim).filter(|line| !line.starts_with("///"));
        let item = |line: &str| {
            let typed = ["record ", "variant ", "enum ", "resource "].iter().find_map(|word| line.strip_prefix(word));
            let name = typed.map(|rest| rest.trim_end_matches([' ', '{', ';'])).or(Some(line.split_once(": func(")?.0));
            name.map(str::to_string)
        };
        let items: BTreeSet<String> = code.clone().filter_map(item).collect();
        for item in &items {
            assert!(named.contains(item.as_str()), "wit/README.md does not name `{item}` of {name}");
        }
        // Cases may be named too, but nothing that is not there.
        let words: BTreeSet<&str> =
            code.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')).collect();
        for named in named {
            assert!(words.contains(named), "wit/README.md names `{named}`, which {name} does not have");
        }
        let interface = name.trim_end_matches(".wit");
        assert!(text.contains(&format!("interface {interface} {{")) && cells[2] == format!("`{interface}`"));
        let granted = Import::ALL.iter().any(|(import, word)| *word == interface && import.needs_grant());
        assert_eq!(cells[5].contains("grants = "), granted, "{row}");
    }
}
