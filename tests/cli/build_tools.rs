//! `millstream build` before a compiler runs: what is no project, and tools that are missing, too old, or in pieces.

use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::paths;
use tempfile::TempDir;

use crate::case::Done;
use crate::component::idle;

/// A folder with a project in `guest` and stand-ins for tools in `bin`.
struct Bench {
    folder: TempDir,
}

const WIT: (&str, &str) = ("wit/world.wit", "package a:b; world transform {}");

impl Bench {
    /// With these files in the project.
    fn new(files: &[(&str, &str)]) -> Bench {
        let bench = Bench { folder: paths::scratch("build").expect("a folder") };
        std::fs::create_dir(bench.folder.path().join("bin")).expect("bin");
        for (name, text) in [&[WIT], files].concat() {
            bench.write(name, text);
        }
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("guest").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, text).unwrap_or_else(|why| panic!("{name}: {why}"));
    }

    /// With a tool that is this script.
    fn tool(self, name: &str, script: &str) -> Bench {
        let path = self.folder.path().join("bin").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a script");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("its mode");
        self
    }

    /// `millstream build guest` with the stand-ins alone on PATH.
    fn build(&self) -> Done {
        build(self.folder.path(), &["guest"], &[("PATH", &self.bin())])
    }

    /// As [`Bench::build`], with the programs of the system behind the stand-ins, in the project's folder.
    fn build_here(&self, variables: &[(&str, &str)]) -> Done {
        let path = format!("{}:/usr/bin:/bin", self.bin());
        build(&self.path(""), &[], &[&[("PATH", path.as_str())], variables].concat())
    }

    fn bin(&self) -> String {
        self.folder.path().join("bin").display().to_string()
    }

    /// The error without the path of the folder.
    #[track_caller]
    fn refuses(&self, code: i32, text: &str) {
        let done = self.build();
        let folder = format!("{}/", self.folder.path().canonicalize().expect("a path").display());
        assert_eq!(done.err.replace(&folder, ""), format!("error: {text}\n"));
        assert_eq!(done.code, Some(code));
    }
}

/// `millstream build` in a folder. None of the tools' own variables is set but these.
pub fn build(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Done {
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", "300", "env"]);
    for name in ["CC", "CFLAGS", "CLANG", "WASI_SDK_PATH"] {
        command.args(["-u", name]);
    }
    // Through `env`, so that a PATH without anything does not hide the program itself.
    command.args(variables.iter().map(|(name, value)| format!("{name}={value}")));
    command.arg(paths::millstream().expect("the program")).arg("build").args(arguments).current_dir(folder);
    let output = command.output().expect("timeout");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Done { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

const GO: (&str, &str) = ("go.mod", "module a");
const CARGO: (&str, &str) = ("Cargo.toml", "[package]\nname = \"a\"");
const PACKAGE: (&str, &str) = ("package.json", "{\"name\": \"a\"}");
const REQUIREMENTS: (&str, &str) = ("requirements.txt", "componentize-py==0.25.1");

#[test]
fn a_folder_without_a_project_says_what_would_be_one() {
    Bench::new(&[]).refuses(
        2,
        "no guest project in guest: it has no Cargo.toml (Rust) and no .c file (C), and neither it nor a folder above has \
         a go.mod (Go), package.json (JavaScript, TypeScript), requirements.txt or pyproject.toml (Python); name the \
         project's folder: millstream build FOLDER",
    );
    let bench = Bench::new(&[("a.c", "")]);
    build(bench.folder.path(), &["none"], &[]).mentions(1, &["error: cannot find none: No such file"]);
    build(bench.folder.path(), &["guest/a.c"], &[])
        .mentions(2, &["error: guest/a.c: this is a file; name the project's folder"]);
}

#[test]
fn a_project_that_lacks_a_file_is_told_which() {
    let bench = Bench::new(&[GO]);
    std::fs::remove_dir_all(bench.path("wit")).expect("gone");
    let why =
        "guest/wit: there is no such folder; `millstream wit` writes it from the schemas of the input and the output";
    bench.refuses(2, why);
    let node = "[ $1 = --version ] && echo v22.1.0";
    for (files, why) in [
        (vec![REQUIREMENTS], "guest/app.py: it is missing; the guest's functions stand there, in `class WitWorld`"),
        (
            vec![("pyproject.toml", "[project]\nname = \"a\""), ("app.py", "")],
            "guest/requirements.txt: it is missing; it names componentize-py with its version and its hashes (`pip hash` \
             tells them)",
        ),
        (
            vec![PACKAGE],
            "guest/a.js: it is missing; the guest's functions stand in the file that `main` of package.json names, else \
             in the one with the guest's name",
        ),
        (
            vec![("package.json", "{\"name\": \"a\", \"main\": \"../../b.js\"}")],
            "guest/../../b.js: it is missing; the guest's functions stand in the file that `main` of package.json names, \
             else in the one with the guest's name",
        ),
        (
            vec![PACKAGE, ("tsconfig.json", "{}"), ("a.ts", "")],
            "guest/package-lock.json: it is missing; `npm install` writes it, and it belongs into the repository",
        ),
        (vec![("package.json", "{")], "guest/package.json: not JSON: EOF while parsing an object at line 1 column 1"),
        (vec![("go.mod", "go 1.26")], "guest/go.mod: it has no line `module NAME`"),
        (
            vec![("package.json", "{\"name\": \"a b\"}")],
            "guest: the guest would be called `a b`; use letters, digits, `-` and `_` in its name",
        ),
    ] {
        Bench::new(&files).tool("node", node).refuses(2, why);
    }
}

#[test]
fn a_wit_folder_that_cannot_be_read_is_told_with_the_place() {
    let bench = Bench::new(&[GO, ("wit/world.wit", "package a:b;\nworld transform { export }")]);
    let done = bench.tool("go", "echo go version go1.26.0 linux/amd64").build();
    done.mentions(
        2,
        &[
            "error: guest/wit: this WIT cannot be used (`millstream wit` writes it anew): ",
            "world.wit:2:26",
            "expected an identifier or string, found '}'",
        ],
    );
    let bench = Bench::new(&[GO, ("wit/world.wit", "package a:b;\nworld other { }")]);
    let done = bench.tool("go", "echo go version go1.26.0 linux/amd64").build();
    done.mentions(2, &["error: guest/wit: this WIT cannot be used (`millstream wit` writes it anew): ", "transform"]);
}

const GET_RUST: &str = "install rustup from https://rustup.rs (on Debian 13 or later: sudo apt-get install rustup), or \
                        with rustup there: rustup update stable";
const GET_GO: &str = "install it from https://go.dev/dl (on Debian 13 or later: sudo apt-get install golang-go)";
const GET_PYTHON: &str =
    "on Debian: sudo apt-get install python3 python3-venv; elsewhere from https://www.python.org/downloads";
const GET_NODE: &str =
    "install Node from https://nodejs.org, or on Debian 13 or later: sudo apt-get install nodejs npm";
const GET_CLANG: &str = "on Debian 12 or later: sudo apt-get install clang-19 lld-19 wasi-libc \
                         libclang-rt-19-dev-wasm32; elsewhere install wasi-sdk \
                         (https://github.com/WebAssembly/wasi-sdk) and set WASI_SDK_PATH; CLANG names another clang";

/// A language's project with its files, its tool, and where it says to get it.
type Kit = (&'static str, Vec<(&'static str, &'static str)>, &'static str, &'static str, &'static str);

fn kits() -> Vec<Kit> {
    let script = vec![PACKAGE, ("a.js", ""), ("package-lock.json", "{}")];
    let typed = vec![PACKAGE, ("a.ts", ""), ("package-lock.json", "{}"), ("tsconfig.json", "{}")];
    vec![
        ("Rust", vec![CARGO], "cargo", "1.85", GET_RUST),
        ("Go", vec![GO], "go", "1.24", GET_GO),
        ("Python", vec![REQUIREMENTS, ("app.py", "")], "python3", "3.10", GET_PYTHON),
        ("JavaScript", script, "node", "20", GET_NODE),
        ("TypeScript", typed, "node", "20", GET_NODE),
        ("C", vec![("a.c", "")], "clang", "19", GET_CLANG),
    ]
}

#[test]
fn a_missing_tool_is_named_with_where_to_get_it() {
    for (language, files, tool, least, get) in kits() {
        let why =
            format!("building a guest in {language} needs `{tool}` {least} or later, which is not on PATH; {get}");
        Bench::new(&files).refuses(3, &why);
    }
}

#[test]
fn a_tool_that_is_too_old_is_named_with_both_versions() {
    for (language, files, tool, least, get) in kits() {
        for (said, version) in [("version 1.9.7 (old)", "1.9.7"), ("v0.20", "0.20.0")] {
            let wanted = format!("building a guest in {language} needs `{tool}` {least} or later");
            let bench = Bench::new(&files).tool(tool, &format!("echo '{said}'"));
            bench.refuses(3, &format!("{wanted}, but bin/{tool} is {version}; {get}"));
        }
    }
}

#[test]
fn a_tool_that_does_not_tell_its_version_is_quoted() {
    for (language, files, tool, least, get) in kits() {
        let question = if tool == "go" { "version" } else { "--version" };
        let wanted = format!("building a guest in {language} needs `{tool}` {least} or later");
        for (script, said) in [("echo hello; exit 0", "hello"), ("echo 'broken 99.1' >&2; exit 1", "broken 99.1")] {
            let why = format!("{wanted}, but `bin/{tool} {question}` tells no version: \"{said}\"; {get}");
            Bench::new(&files).tool(tool, script).refuses(3, &why);
        }
    }
}

#[test]
fn what_belongs_to_a_tool_is_asked_for_too() {
    let rustc = "[ $1 = --version ] && echo rustc 1.95.0 || echo /none/lib";
    let rust = || Bench::new(&[CARGO]).tool("cargo", "echo cargo 1.95.0").tool("rustc", rustc);
    let why = "building a guest in Rust needs the target wasm32-wasip2, which is not installed for rustc 1.95.0; ";
    rust().refuses(3, &format!("{why}install rustup from https://rustup.rs, then: rustup target add wasm32-wasip2"));
    let how = "in the project's folder: rustup target add wasm32-wasip2";
    rust().tool("rustup", "exit 0").refuses(3, &format!("{why}{how}"));

    let script = Bench::new(&[PACKAGE, ("a.js", ""), ("package-lock.json", "{}")]).tool("node", "echo v20.19.1");
    let npm = "building a guest in JavaScript needs `npm`, which is not on PATH; ";
    script.refuses(3, &format!("{npm}{GET_NODE}"));

    let python = "[ $1 = --version ] && echo Python 3.11.2";
    let why = "building a guest in Python needs the module venv, which bin/python3 (3.11.2) does not have; ";
    let bench = Bench::new(&[REQUIREMENTS, ("app.py", "")]).tool("python3", python);
    bench.refuses(3, &format!("{why}{GET_PYTHON}"));
}

#[test]
fn what_belongs_to_clang_is_asked_for_too() {
    let version = "[ $1 = --version ] && echo clang version 19.1.7 && exit; for last; do :; done";
    let linker = "[ $last = -print-prog-name=wasm-ld ] && echo /bin/ld && exit";
    let libc = "[ $last = -print-file-name=crt1-reactor.o ] && echo /lib/crt1-reactor.o && exit";
    for (script, lacks) in [
        (format!("{version}; echo $last"), "the linker wasm-ld (of lld), which bin/clang-19 does not find"),
        (format!("{version}; {linker}; echo $last"), "wasi-libc, the C library, which bin/clang-19 does not find"),
        (
            format!("{version}; {linker}; {libc}; echo /none/builtins.a"),
            "clang's library for wasm32, which is not at /none/builtins.a",
        ),
    ] {
        let why = format!("building a guest in C needs {lacks}; {GET_CLANG}");
        Bench::new(&[("a.c", "")]).tool("clang-19", &script).refuses(3, &why);
    }
    let bench = Bench::new(&[("a.c", "")]).tool("clang-19", "echo clang version 19.1.7");
    let done = bench.build_here(&[("CLANG", "clang-of-mine")]);
    done.mentions(3, &["needs clang 19 or later, and CLANG names clang-of-mine, which is not there; "]);
    let done = bench.build_here(&[("WASI_SDK_PATH", "/none")]);
    done.mentions(3, &["needs `clang` 19 or later, but `/none/bin/clang --version` tells no version: \"No such file"]);
}

/// Stands in for Python, its environments, pip and componentize-py.
const PYTHON: &str = r#"
echo "$*" >> "$LOG"
case "$*" in
*--version) echo Python 3.11.0 ;;
*"-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
*"pip install"*) echo "pip says no" >&2; exit "$PIP" ;;
*" bindings /"*) shift; mkdir -p "$9" ;;
*" componentize -p "*) for out; do :; done; cp "$GUEST" "$out" ;;
esac"#;

const TRANSFORM: &str = "export transform: func(batch: list<string>) -> list<result<string, string>>;";

#[test]
fn an_environment_of_python_is_made_once_and_anew_where_it_is_broken() {
    let bench = Bench::new(&[REQUIREMENTS, ("app.py", "")]).tool("python3", PYTHON);
    let (log, guest) = (bench.path("log.md"), bench.path("ready.wasm"));
    std::fs::write(&guest, idle(TRANSFORM)).expect("a component");
    // Builds, and gives the answer and which of the two long steps were done.
    let build = |pip: &str| {
        drop(std::fs::remove_file(&log));
        let (log, guest) = (log.display().to_string(), guest.display().to_string());
        let done = bench.build_here(&[("LOG", &log), ("GUEST", &guest), ("PIP", pip)]);
        let calls = std::fs::read_to_string(&log).unwrap_or_default();
        let mut steps = String::new();
        for (name, call) in [("venv", "-m venv .venv"), ("pip", "pip install"), ("component", " componentize -p ")] {
            let _ = write!(steps, "{}", if calls.contains(call) { format!("{name} ") } else { String::new() });
        }
        (done, steps)
    };
    let failed = "`pip install -r requirements.txt` failed in . (exit status: 1); what it says stands above";
    let (done, steps) = build("1");
    done.mentions(1, &["making .venv\n", "pip says no\nerror: ", failed]);
    assert_eq!(steps, "venv pip ");
    // Half made: not used.
    let (done, steps) = build("0");
    done.shows(&["built guest.wasm (Python, "]);
    assert_eq!(steps, "venv pip component ");
    let (done, steps) = build("0");
    done.shows(&["guest.wasm is up to date (Python, "]);
    assert_eq!(steps, "");
    bench.write("requirements.txt", "componentize-py==0.25.2");
    let (done, steps) = build("0");
    assert_eq!((done.code, steps.as_str()), (Some(0), "pip component "), "{}", done.err);
    std::fs::remove_file(bench.path(".venv/bin/python")).expect("its Python");
    let (done, steps) = build("0");
    done.shows(&["guest.wasm is up to date"]);
    assert_eq!(steps, "venv pip ");
    // Made by somebody else: left as it is, and filled.
    std::fs::remove_file(bench.path(".venv/.millstream")).expect("the mark");
    assert_eq!(build("0").1, "pip ");
    bench.write("app.py", "# changed");
    assert_eq!(build("0").1, "component ");
}

#[test]
fn packages_of_node_are_installed_once_and_anew_where_the_lock_has_changed() {
    let npm = "echo installing >&2; echo npm >> \"$LOG\"; mkdir -p node_modules/componentize-qjs/bin
        echo x > node_modules/componentize-qjs/bin/componentize-qjs";
    let node = "[ $1 = --version ] && echo v22.0.0 && exit
        echo node >> \"$LOG\"; echo said by the engine; [ -n \"$GUEST\" ] || exit 5; for out; do :; done; cp \"$GUEST\" \"$out\"";
    let files = [PACKAGE, ("a.js", "export {};"), ("package-lock.json", "{}"), ("wit/world.wit", WITH_TRANSFORM)];
    let bench = Bench::new(&files).tool("npm", npm).tool("node", node);
    let (log, guest) = (bench.path("log.md"), bench.path("ready.wasm"));
    std::fs::write(&guest, idle(TRANSFORM)).expect("a component");
    let build = |guest: &str| {
        drop(std::fs::remove_file(&log));
        let done = bench.build_here(&[("LOG", &log.display().to_string()), ("GUEST", guest)]);
        (done, std::fs::read_to_string(&log).unwrap_or_default())
    };
    let (done, steps) = build("");
    let failed =
        "said by the engine\nerror: `componentize-qjs` failed in . (exit status: 5); what it says stands above\n";
    done.mentions(1, &["installing the packages of package-lock.json into node_modules\ninstalling\n", failed]);
    assert_eq!(steps, "npm\nnode\n");
    let guest = guest.display().to_string();
    let (done, steps) = build(&guest);
    done.shows(&["built a.wasm (JavaScript, "]);
    assert_eq!((steps.as_str(), done.err.as_str()), ("node\n", ""));
    assert_eq!(build(&guest).1, "");
    bench.write("package-lock.json", "{ }");
    assert_eq!(build(&guest).1, "npm\nnode\n");
    bench.write("helper.js", "");
    assert_eq!(build(&guest).1, "node\n");
    bench.write("README.md", "no part of it");
    assert_eq!(build(&guest).1, "");
    // Somebody else's component in its place is not taken for it.
    bench.write("a.wasm", "x");
    let (done, steps) = build(&guest);
    done.shows(&["built a.wasm"]);
    assert_eq!(steps, "node\n");
}

const WITH_TRANSFORM: &str = "package a:b; world transform {
    export transform: func(batch: list<string>) -> list<result<string, string>>;
}";
