//! The pages that lead from nothing to a running pipeline, done as they say: their files are written, their commands run,
//! and they print what is shown.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard};

use harness::paths;
use tempfile::TempDir;

use crate::build::install_clang;

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
        .env_remove("KAFKA_BROKERS")
        .output()
        .expect("sh");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&done.stdout), text(&done.stderr));
    assert!(done.status.success(), "`{command}` failed:\n{out}\n{err}");
    // As a terminal has it; some tools put what they have done to standard error.
    out + &err
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

/// Somebody who does what a page says.
struct Reader {
    /// Where they are.
    folder: PathBuf,
    files: Vec<String>,
    commands: Vec<String>,
}

impl Reader {
    fn new(folder: &Path) -> Reader {
        Reader { folder: folder.to_path_buf(), files: Vec::new(), commands: Vec::new() }
    }

    /// Writes a block's file, or runs its commands, of which each has what it prints below it.
    fn follows(&mut self, block: &Block<'_>) {
        if let Some(file) = block.file {
            let text = block.lines.join("\n") + "\n";
            std::fs::write(self.folder.join(file), text).unwrap_or_else(|why| panic!("{file}: {why}"));
            self.files.push(file.to_owned());
            return;
        }
        let lines = &block.lines;
        assert_eq!(block.language, "console", "a block that is neither a file nor commands: {lines:?}");
        assert!(lines[0].starts_with("$ "), "{lines:?}");
        let starts: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].starts_with("$ ")).collect();
        for (number, start) in starts.iter().enumerate() {
            let end = starts.get(number + 1).copied().unwrap_or(lines.len());
            let command = &lines[*start][2..];
            match command.strip_prefix("cd ") {
                Some(name) => self.folder.push(name),
                None => assert_shows(command, &lines[start + 1..end], &run(&self.folder, command)),
            }
            self.commands.push(command.to_owned());
        }
    }
}

fn read(name: &str) -> String {
    std::fs::read_to_string(paths::root().join(name)).unwrap_or_else(|why| panic!("{name}: {why}"))
}

/// The two pages about Rust build crates of one name into one folder.
fn one_of_rust() -> MutexGuard<'static, ()> {
    static RUST: Mutex<()> = Mutex::new(());
    RUST.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[test]
fn the_first_guest_can_be_written_as_the_page_says() {
    let _held = one_of_rust();
    let root = paths::root();
    let page = read("docs/first-guest.md");
    // Outside of the repository, so that its workspace is not the guest's.
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::create_dir(folder.join("src")).expect("src");
    for (from, to) in [("guests/rust/Cargo.lock", "Cargo.lock"), ("rust-toolchain.toml", "rust-toolchain.toml")] {
        std::fs::copy(root.join(from), folder.join(to)).unwrap_or_else(|why| panic!("{from}: {why}"));
    }
    let mut reader = Reader::new(folder);
    for block in blocks(&page) {
        reader.follows(&block);
        if block.lines[0].starts_with("$ cargo build") {
            let built = "wasm32-wasip2/release/receipts.wasm";
            let to = folder.join("target").join(built);
            std::fs::create_dir_all(to.parent().expect("a folder")).expect("target");
            std::fs::copy(root.join("target/guests").join(built), to).expect("the component");
        }
    }
    let wanted = ["order.avsc", "receipt.avsc", "Cargo.toml", "src/lib.rs", "pipeline.toml", "orders.jsonl"];
    assert_eq!(reader.files, wanted);
    assert_eq!(reader.commands.len(), 4, "{:?}", reader.commands);
}

/// What `millstream build` installs into a project. From one run of a test to the next it is kept.
struct Installed {
    kept: PathBuf,
    name: &'static str,
}

impl Installed {
    /// Puts what is kept into the project. The build looks whether it is what the project asks for.
    fn hand_to(&self, project: &Path) {
        if self.kept.exists() {
            std::fs::rename(&self.kept, project.join(self.name)).expect("to the project");
        }
    }

    fn take_from(&self, project: &Path) {
        std::fs::rename(project.join(self.name), &self.kept).expect("from the project");
    }
}

/// Follows the guide of a language, in which these files are written and these commands are run beside those of all guides.
fn guide(language: &str, installed: Option<&'static str>, own_files: &[&str], own_command: &str) {
    let page = read(&format!("docs/guides/{language}.md"));
    let root = paths::root().join("target/rig/guides").join(language);
    std::fs::create_dir_all(&root).expect("the root");
    let folder: TempDir = tempfile::tempdir_in(&root).expect("a folder");
    let installed = installed.map(|name| Installed { kept: root.join(name), name });
    let mut reader = Reader::new(folder.path());
    let project = folder.path().join("receipts");
    for block in blocks(&page) {
        reader.follows(&block);
        if let (Some(installed), true) = (&installed, block.lines[0].starts_with("$ millstream new ")) {
            installed.hand_to(&project);
        }
    }
    if let Some(installed) = installed {
        installed.take_from(&project);
    }
    let files = [&["order.avsc", "receipt.avsc"], own_files, &["samples.jsonl"]].concat();
    assert_eq!(reader.files, files);
    let new = format!("millstream new receipts --lang {language} --input order.avsc --output receipt.avsc");
    let quickstart = "millstream quickstart --samples samples.jsonl";
    let commands = [&new, "cd receipts", "millstream build", "millstream test", own_command, quickstart];
    assert_eq!(reader.commands, commands);
    // The same task on all pages.
    let of_task = |page: &str| -> Vec<String> {
        let of_files = blocks(page).into_iter().filter(|block| block.language == "json" && block.file.is_some());
        of_files.map(|block| block.lines.join("\n")).collect()
    };
    assert_eq!(of_task(&page), of_task(&read("docs/first-guest.md")));
}

#[test]
fn the_guide_for_rust_does_as_it_says() {
    let _held = one_of_rust();
    guide("rust", None, &["src/lib.rs", "tests.toml"], "cargo test");
}

#[test]
fn the_guide_for_go_does_as_it_says() {
    let files = ["export_wit_world/receipts.go", "tests.toml", "export_wit_world/receipts_test.go"];
    guide("go", None, &files, "go test ./export_wit_world");
}

#[test]
fn the_guide_for_python_does_as_it_says() {
    guide("python", Some(".venv"), &["app.py", "tests.toml", "test_app.py"], ".venv/bin/python -m unittest");
}

#[test]
fn the_guide_for_javascript_does_as_it_says() {
    guide("javascript", Some("node_modules"), &["receipts.js", "tests.toml", "receipts.test.js"], "npm test");
}

#[test]
fn the_guide_for_typescript_does_as_it_says() {
    guide("typescript", Some("node_modules"), &["receipts.ts", "tests.toml", "receipts.test.js"], "npm test");
}

#[test]
fn the_guide_for_c_does_as_it_says() {
    install_clang();
    guide("c", None, &["receipts.c", "tests.toml"], "make test");
}

#[test]
fn the_folding_example_of_the_reference_is_rust() {
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
