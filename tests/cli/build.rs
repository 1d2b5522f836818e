//! `millstream build` with the languages' own tools: what does not compile is told in the compiler's words and ours, what
//! does is built once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use harness::paths;
use tempfile::TempDir;

use crate::build_tools::build;
use crate::case::Done;

/// A copy of the guest `enrich` in a language.
struct Copied {
    folder: TempDir,
}

/// Held while a language's manifests are written.
static ROOTS: Mutex<()> = Mutex::new(());

impl Copied {
    /// Of the repository's guest. The folders of one language are below one root, where its tools are installed once.
    fn new(language: &str, manifests: &[&str]) -> Copied {
        let guests = paths::root().join("guests").join(language);
        let root = paths::root().join("target/rig/build").join(language);
        let held = ROOTS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        for name in manifests {
            copy(&guests.join(name), &root.join(name));
        }
        drop(held);
        std::fs::create_dir_all(&root).expect("the root");
        let folder = tempfile::tempdir_in(&root).expect("a folder");
        copy(&guests.join("enrich"), &folder.path().join("enrich"));
        Copied { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("enrich").join(name)
    }

    /// With something replaced in a file, which must be there once.
    fn edit(&self, name: &str, old: &str, new: &str) {
        let text = std::fs::read_to_string(self.path(name)).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(text.matches(old).count(), 1, "`{old}` in {name}");
        std::fs::write(self.path(name), text.replacen(old, new, 1)).expect("writing it back");
    }

    fn build(&self) -> Done {
        build(self.folder.path(), &["enrich"], &[])
    }

    /// It does not compile; mended, it is built, and once.
    #[track_caller]
    fn breaks(&self, (file, good, bad): (&str, &str, &str), said: &[&str], title: &str) {
        self.edit(file, good, bad);
        let done = self.build();
        done.mentions(1, said);
        assert!(done.err.ends_with("; what it says stands above\n"), "{}", done.err);
        assert!(!self.path("enrich.wasm").exists() && done.out.is_empty(), "{}", done.out);
        self.edit(file, bad, good);
        self.build().shows(&[&format!("built enrich/enrich.wasm ({title}, ")]);
        self.build().shows(&[&format!("enrich/enrich.wasm is up to date ({title}, ")]);
    }
}

/// Copies a file or a folder, links as what they lead to, without what builds leave. What is the same stays untouched.
fn copy(from: &Path, to: &Path) {
    let name = from.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with('.') || name == "bindings" || name == "wit_bindings.go" || name.ends_with(".wasm") {
        return;
    }
    if from.is_dir() {
        std::fs::create_dir_all(to).expect("a folder");
        let entries = std::fs::read_dir(from).unwrap_or_else(|why| panic!("{}: {why}", from.display()));
        for entry in entries {
            let entry = entry.expect("an entry");
            copy(&entry.path(), &to.join(entry.file_name()));
        }
        return;
    }
    let bytes = std::fs::read(from).unwrap_or_else(|why| panic!("{}: {why}", from.display()));
    if std::fs::read(to).ok().as_ref() != Some(&bytes) {
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("folders");
        std::fs::write(to, bytes).unwrap_or_else(|why| panic!("{}: {why}", to.display()));
    }
}

#[test]
fn go_is_told_and_built() {
    let copied = Copied::new("go", &[]);
    for name in ["go.mod", "tools"] {
        copy(&paths::root().join("guests/go").join(name), &copied.folder.path().join(name));
    }
    let said = ["enrich.go:", "p.Amounts undefined", "error: `go build` failed in enrich (exit status: 1)"];
    copied.breaks(("export_wit_world/enrich.go", "p.Amount)))", "p.Amounts)))"), &said, "Go");
}

/// clang and its library, by the guests' own Makefile, where it may.
pub fn install_clang() {
    let folder = paths::root().join("guests/c");
    let made = Command::new("make").args(["--silent", "tools"]).current_dir(folder).output().expect("make");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn with_clang() -> Copied {
    install_clang();
    Copied::new("c", &[])
}

#[test]
fn c_is_told_and_built() {
    let said = ["enrich.c:", "error: use of undeclared identifier", "error: `clang` failed in enrich (exit status: 1)"];
    let broken = ("enrich.c", ".amount < 0", ".amount < none");
    with_clang().breaks(broken, &said, "C");
}

#[test]
fn c_is_built_again_where_an_included_file_outside_has_changed() {
    let copied = with_clang();
    let limit = copied.folder.path().join("limit.h");
    std::fs::write(&limit, "#define LEAST 0\n").expect("a header");
    copied.edit("enrich.c", ".amount < 0", ".amount < LEAST");
    copied.edit("enrich.c", "#include \"transform.h\"", "#include \"transform.h\"\n#include \"../limit.h\"");
    copied.build().shows(&["built enrich/enrich.wasm"]);
    copied.build().shows(&["is up to date"]);
    std::fs::write(&limit, "#define LEAST 10\n").expect("the header");
    copied.build().shows(&["built enrich/enrich.wasm"]);
    std::fs::write(&limit, "#define LEAST 10 // the same\n").expect("the header");
    // Compiled anew, with the same outcome.
    copied.build().shows(&["is up to date"]);
    std::fs::remove_file(copied.path("enrich.wasm")).expect("the component");
    copied.build().shows(&["built enrich/enrich.wasm"]);
    // Other flags, another component.
    build(copied.folder.path(), &["enrich"], &[("CFLAGS", "-O0")]).shows(&["built enrich/enrich.wasm"]);
}

const NPM: [&str; 2] = ["package.json", "package-lock.json"];

#[test]
fn javascript_is_told_and_built() {
    let copied = Copied::new("javascript", &NPM);
    let broken = ("enrich.js", "function enrich(payment) {", "function enrich(payment {");
    // The engine tells no place; node does.
    let said = [
        "Failed to evaluate user JavaScript module: ",
        "enrich/enrich.js:3\nfunction enrich(payment {\n",
        "SyntaxError: ",
        "error: `componentize-qjs` failed in enrich (exit status: 1)",
    ];
    copied.breaks(broken, &said, "JavaScript");
}

#[test]
fn typescript_is_told_and_built() {
    let copied = Copied::new("typescript", &[NPM[0], NPM[1], "tsconfig.json"]);
    let said = [
        "enrich.ts(9,15): error TS2551: Property 'amounts' does not exist on type 'Payment'",
        "error: `tsc` failed in enrich (exit status: 1)",
    ];
    copied.breaks(("enrich.ts", "payment.amount < 0", "payment.amounts < 0"), &said, "TypeScript");
}

#[test]
fn python_is_told() {
    let copied = Copied::new("python", &["requirements.txt"]);
    std::fs::write(copied.path("app.py"), "class WitWorld:\n    limit = nothing\n").expect("app.py");
    let done = copied.build();
    let said =
        ["app.py\", line 2", "NameError: name 'nothing'", "error: `componentize-py` failed in enrich (exit status: "];
    done.mentions(1, &said);
    assert!(done.err.ends_with("; what it says stands above\n"), "{}", done.err);
}

/// A crate with this code, built where the example guests are.
fn crate_of(library: &str, code: &str) -> (TempDir, Done) {
    let root = paths::root();
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap_or_else(|why| panic!("{name}: {why}"));
    let folder = tempfile::tempdir().expect("a folder");
    let guests = read("guests/rust/Cargo.toml");
    let profile = &guests[guests.find("[profile.release]").expect("a profile")..];
    let manifest = format!(
        "[package]\nname = \"of-rust\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{library}\n[dependencies]\n\
         wit-bindgen = {{ version = \"0.61\", default-features = false, features = [\"macros\", \"realloc\"] }}\n\
         [workspace]\n{profile}"
    );
    for (name, text) in [
        ("Cargo.toml", manifest),
        ("Cargo.lock", read("guests/rust/Cargo.lock")),
        ("rust-toolchain.toml", read("rust-toolchain.toml")),
        ("src/lib.rs", code.to_owned()),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, text).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
    copy(&root.join("guests/rust/enrich/wit"), &folder.path().join("wit"));
    let done = build_rust(folder.path());
    (folder, done)
}

fn build_rust(folder: &Path) -> Done {
    let target = paths::root().join("target/guests").display().to_string();
    build(folder, &[], &[("CARGO_TARGET_DIR", &target), ("CARGO_NET_OFFLINE", "true")])
}

const CDYLIB: &str = "[lib]\ncrate-type = [\"cdylib\"]";

#[test]
fn rust_is_told_and_built() {
    let code = std::fs::read_to_string(paths::root().join("guests/rust/enrich/src/lib.rs")).expect("enrich");
    let (folder, done) = crate_of(CDYLIB, &code.replacen("p.amount < 0", "p.amounts < 0", 1));
    let said =
        ["error[E0609]: no field `amounts`", "src/lib.rs:", "error: `cargo build` failed in . (exit status: 101)"];
    done.mentions(1, &said);
    std::fs::write(folder.path().join("src/lib.rs"), code).expect("the code");
    build_rust(folder.path()).shows(&["built of-rust.wasm (Rust, "]);
    build_rust(folder.path()).shows(&["of-rust.wasm is up to date (Rust, "]);
}

#[test]
fn a_crate_that_makes_no_guest_is_refused() {
    let (folder, done) = crate_of(CDYLIB, "#[unsafe(no_mangle)]\npub extern \"C\" fn one() -> i32 { 1 }");
    let why = "error: of-rust.wasm was built, but no pipeline can use it: it exports neither `transform` nor `deserialize` \
               nor `serialize`; it exports nothing. Generate its world with `millstream wit`\n";
    done.mentions(1, &[why]);
    assert!(!folder.path().join("of-rust.wasm").exists());
    let why =
        "error: Cargo.toml: cargo built no component from it; it needs `[lib]` with `crate-type = [\"cdylib\"]`\n";
    crate_of("", "").1.mentions(2, &[why]);
}
