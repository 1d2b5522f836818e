//! `docs/first-guest.md`, done as it says: its files are written, its commands run, and they print what it shows.

use std::path::Path;
use std::process::Command;

use harness::paths;

/// A fenced block: its language, the file it is the text of, its lines.
struct Block<'a> {
    language: &'a str,
    file: Option<&'a str>,
    lines: Vec<&'a str>,
}

/// The blocks of a page, in order. A block is a file's where the text before it ends with the file's name: `` `name`: ``
fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut found: Vec<Block<'_>> = Vec::new();
    let (mut open, mut file) = (false, None);
    for line in page.lines() {
        match (line.strip_prefix("```"), open) {
            (Some(language), false) => {
                open = true;
                found.push(Block { language, file: file.take(), lines: Vec::new() });
            }
            (Some(_), true) => open = false,
            (None, true) => found.last_mut().expect("an open block").lines.push(line),
            (None, false) if !line.is_empty() => {
                file = line.strip_suffix("`:").and_then(|text| text.rsplit('`').next());
            }
            (None, false) => {}
        }
    }
    found
}

/// One command in the folder; what it printed, after it ended well.
fn run(folder: &Path, command: &str) -> String {
    let program = paths::millstream().expect("the program");
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", program.parent().expect("its folder").display());
    let done = Command::new("timeout")
        .args(["--signal=KILL", "300", "sh", "-c", command])
        .current_dir(folder)
        .env("PATH", path)
        .env("XDG_CACHE_HOME", paths::root().join("target/rig/cache"))
        // What the example guests were built with is built already, and nothing is downloaded.
        .env("CARGO_TARGET_DIR", paths::root().join("target/guests"))
        .env("CARGO_NET_OFFLINE", "true")
        .output()
        .expect("sh");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "`{command}` failed:\n{}\n{}", text(&done.stdout), text(&done.stderr));
    text(&done.stdout)
}

/// Whether each line is printed, in any order: records of several partitions have none. `...` stands for anything.
fn assert_shows(command: &str, shown: &[&str], printed: &str) {
    for line in shown.iter().filter(|line| !line.is_empty()) {
        let (start, end) = line.split_once("...").unwrap_or((line, ""));
        let alike = |printed: &str| match line.contains("...") {
            true => printed.starts_with(start) && printed.ends_with(end),
            false => printed == *line,
        };
        assert!(printed.lines().any(alike) || *line == "...", "`{command}` does not print\n{line}\nbut\n{printed}");
    }
}

#[test]
fn the_first_guest_can_be_written_as_the_page_says() {
    let root = paths::root();
    let page = std::fs::read_to_string(root.join("docs/first-guest.md")).expect("the page");
    // Outside of the repository, so that its workspace is not the guest's.
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::create_dir(folder.join("src")).expect("src");
    for (from, to) in [("guests/rust/Cargo.lock", "Cargo.lock"), ("rust-toolchain.toml", "rust-toolchain.toml")] {
        std::fs::copy(root.join(from), folder.join(to)).unwrap_or_else(|why| panic!("{from}: {why}"));
    }
    let (mut files, mut commands) = (Vec::new(), Vec::new());
    for block in blocks(&page) {
        if let Some(file) = block.file {
            std::fs::write(folder.join(file), block.lines.join("\n") + "\n")
                .unwrap_or_else(|why| panic!("{file}: {why}"));
            files.push(file);
            continue;
        }
        assert_eq!(block.language, "console", "a block that is neither a file nor a command: {:?}", block.lines);
        let command = block.lines[0].strip_prefix("$ ").expect("a command");
        assert_shows(command, &block.lines[1..], &run(folder, command));
        commands.push(command);
        if command.starts_with("cargo build") {
            let built = "wasm32-wasip2/release/receipts.wasm";
            let to = folder.join("target").join(built);
            std::fs::create_dir_all(to.parent().expect("a folder")).expect("target");
            std::fs::copy(root.join("target/guests").join(built), to).expect("the component");
        }
    }
    assert_eq!(files, ["order.avsc", "receipt.avsc", "Cargo.toml", "src/lib.rs", "pipeline.toml", "orders.jsonl"]);
    assert_eq!(commands.len(), 4, "{commands:?}");
}

#[test]
fn the_folding_example_of_the_reference_is_rust() {
    let root = paths::root();
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap_or_else(|why| panic!("{name}: {why}"));
    let (page, reference) = (read("docs/first-guest.md"), read("wit/README.md"));
    let fold = blocks(&reference).into_iter().find(|block| block.language == "rust").expect("an example");
    let cargo = blocks(&page).into_iter().find(|block| block.file == Some("Cargo.toml")).expect("a Cargo.toml");
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::create_dir(folder.join("src")).expect("src");
    let code = format!(
        "wit_bindgen::generate!({{ world: \"transform\", path: \"wit\", generate_all }});\n\
         use millstream::pipeline::{{generic::Node, schemas::{{NamedType, named_types}}}};\n{}\n{FOLDING}",
        fold.lines.join("\n")
    );
    for (name, text) in [
        ("Cargo.toml", cargo.lines.join("\n").replace("receipts", "folding")),
        ("src/lib.rs", code),
        ("Cargo.lock", read("guests/rust/Cargo.lock")),
        ("rust-toolchain.toml", read("rust-toolchain.toml")),
    ] {
        std::fs::write(folder.join(name), text).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
    run(folder, "millstream wit --input generic --output string --import schemas --package test:folding");
    run(folder, "cargo build --release --target wasm32-wasip2");
}

/// The rest of a guest around the example.
const FOLDING: &str = r#"
struct Folding;

impl Guest for Folding {
    fn transform(batch: Vec<GenericRecord>) -> Vec<Result<String, Fault>> {
        let text = |record: GenericRecord| {
            let rendered = fold(&mut record.nodes.iter(), &named_types(record.schema));
            rendered.ok_or(Fault::Reject("a kind that the example leaves out".into()))
        };
        batch.into_iter().map(text).collect()
    }
}

export!(Folding);
"#;
