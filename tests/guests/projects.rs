//! What `millstream new` writes builds and passes its own tests, whatever the schemas are called and hold: keywords of all
//! languages, names of their standard libraries, types within types, values that are no records.
//!
//! In the languages of the run; see `language.rs`. Schemas stand in `nasty/`.

use std::path::{Path, PathBuf};
use std::process::Command;

use harness::paths;

use crate::language::languages;

/// Shape, input, output.
const PROJECTS: [(&str, &str, &str); 10] = [
    ("map", "payment", "enriched"),
    ("map", "keywords", "keywords-out"),
    ("map", "deep", "deep-out"),
    ("map", "prelude", "prelude-out"),
    ("fan-out", "deep", "deep-out"),
    ("filter", "prelude", "prelude-out"),
    ("filter", "deep", "deep"),
    ("fan-out", "list", "text"),
    ("map", "text", "list"),
    ("map", "list", "list"),
];

fn schema(name: &str) -> PathBuf {
    let nasty = paths::root().join(format!("tests/guests/nasty/{name}.avsc"));
    if nasty.is_file() { nasty } else { paths::schema(name) }
}

/// The program in a folder; what it wrote when it failed.
fn run(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(paths::millstream().expect("the program"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("MILLSTREAM_LOG")
        .env("XDG_CACHE_HOME", paths::root().join("target/rig/cache"))
        // The crates of all projects are compiled once.
        .env("CARGO_TARGET_DIR", paths::root().join("target/rig/projects"))
        .output()
        .expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(()),
        false => {
            Err(format!("millstream {}:\n{}\n{}", arguments.join(" "), text(&output.stdout), text(&output.stderr)))
        }
    }
}

fn project(language: &str, number: usize) -> Result<(), String> {
    let (shape, input, output) = PROJECTS[number];
    let folder = paths::scratch("projects").expect("a folder");
    let name = format!("in-{language}-{number}");
    let (input, output) = (schema(input), schema(output));
    let (input, output) = (input.to_string_lossy(), output.to_string_lossy());
    run(folder.path(), &["new", &name, "--lang", language, "--shape", shape, "--input", &input, "--output", &output])?;
    let folder = folder.path().join(&name);
    run(&folder, &["build"])?;
    run(&folder, &["test"])
}

#[test]
fn new_projects_build_and_pass_their_tests() {
    let mut failed = Vec::new();
    for language in languages("enrich") {
        for (number, what) in PROJECTS.iter().enumerate() {
            if let Err(why) = project(language.name, number) {
                failed.push(format!("{} {what:?}: {why}", language.name));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
