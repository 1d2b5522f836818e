//! Projects that `millstream new` writes, and what builds them: the program, on a PATH of the test's choice.
//!
//! A language's packages are installed once: the first project that has them lends them to the others.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use harness::paths;

use crate::language::Language;

/// Held while a project is built: crates and packages are shared.
static BUILDING: Mutex<()> = Mutex::new(());

/// A project. It stays where it is until the next run, so that cargo knows it again.
pub struct Project {
    /// Its name: the same for all projects of a language, as the lock file of packages has it in it.
    pub name: String,
    language: Language,
    folder: PathBuf,
    /// What PATH is while it is made, where not the test's own.
    path: Option<PathBuf>,
}

/// A schema of the repository, or of `nasty/`.
pub fn schema(name: &str) -> PathBuf {
    let nasty = paths::root().join(format!("tests/guests/nasty/{name}.avsc"));
    if nasty.is_file() { nasty } else { paths::schema(name) }
}

impl Project {
    /// Writes it: its shape, its input and its output. `place` tells it from others of its language.
    pub fn new(
        language: Language,
        place: &str,
        path: Option<PathBuf>,
        [shape, input, output]: [&str; 3],
    ) -> Result<Project, String> {
        let parent = paths::root().join(format!("target/rig/new/{}-{place}", language.name));
        drop(std::fs::remove_dir_all(&parent));
        std::fs::create_dir_all(&parent).map_err(|why| format!("{}: {why}", parent.display()))?;
        let name = format!("in-{}", language.name);
        let project = Project { folder: parent.join(&name), name, language, path };
        let (input, output) = (schema(input), schema(output));
        let (input, output) = (input.to_string_lossy(), output.to_string_lossy());
        let what = ["new", &project.name, "--lang", language.name, "--shape", shape];
        project.run_in(&parent, &[&what[..], &["--input", &input, "--output", &output]].concat())?;
        Ok(project)
    }

    /// A file of it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Builds it, with packages that another one has installed where there are some.
    pub fn build(&self) -> Result<(), String> {
        let _held = BUILDING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let Some((own, shared)) = self.packages() else { return self.run(&["build"]) };
        if shared.exists() {
            symlink(&shared, &own).map_err(|why| format!("{}: {why}", own.display()))?;
            return self.run(&["build"]);
        }
        self.run(&["build"])?;
        std::fs::create_dir_all(shared.parent().unwrap_or(&shared))
            .and_then(|()| std::fs::rename(&own, &shared))
            .and_then(|()| symlink(&shared, &own))
            .map_err(|why| format!("{}: {why}", shared.display()))
    }

    /// Runs the cases of tests.toml.
    pub fn test(&self) -> Result<(), String> {
        self.run(&["test"])
    }

    /// Where its packages are, and where those of all projects with this list of them are.
    fn packages(&self) -> Option<(PathBuf, PathBuf)> {
        let (list, folder) = match self.language.name {
            "python" => ("requirements.txt", ".venv"),
            "javascript" | "typescript" => ("package-lock.json", "node_modules"),
            _ => return None,
        };
        let mut hasher = DefaultHasher::new();
        std::fs::read(self.file(list)).unwrap_or_else(|why| panic!("{list}: {why}")).hash(&mut hasher);
        let shared = format!("target/rig/packages/{}-{:016x}/{folder}", self.language.name, hasher.finish());
        Some((self.file(folder), paths::root().join(shared)))
    }

    /// The program in the project's folder; what it wrote when it failed.
    pub fn run(&self, arguments: &[&str]) -> Result<(), String> {
        self.run_in(&self.folder, arguments)
    }

    fn run_in(&self, folder: &Path, arguments: &[&str]) -> Result<(), String> {
        let mut command = Command::new(paths::millstream().expect("the program"));
        for name in ["CC", "CFLAGS", "CLANG", "WASI_SDK_PATH", "MILLSTREAM_LOG"] {
            command.env_remove(name);
        }
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        command
            .args(arguments)
            .current_dir(folder)
            .env("XDG_CACHE_HOME", paths::root().join("target/rig/cache"))
            // The crates of all projects are compiled once.
            .env("CARGO_TARGET_DIR", paths::root().join("target/rig/projects"));
        said(&format!("millstream {}", arguments.join(" ")), &mut command).map(drop)
    }

    /// What the language's own formatter would change.
    pub fn formatted(&self, shape: &str) -> Result<(), String> {
        let (program, arguments) = match self.language.name {
            "go" => ("gofmt", &["-l", "."][..]),
            // Values of Rust's generic records stand in tables, one field a line, where rustfmt would take three.
            "rust" if shape == "generic" || shape == "user-functions" => {
                ("rustfmt", &["--check", "--edition", "2024", "src/generic.rs"][..])
            }
            "rust" => ("cargo", &["fmt", "--check"][..]),
            _ => return Ok(()),
        };
        // Without a file of its own a project in this repository would have the repository's.
        std::fs::write(self.file("rustfmt.toml"), "").map_err(|why| format!("rustfmt.toml: {why}"))?;
        let text = said(program, Command::new(program).args(arguments).current_dir(&self.folder))?;
        if text.is_empty() { Ok(()) } else { Err(format!("{program} would change {text}")) }
    }
}

/// Runs a program: what it wrote on standard output, or all that it wrote when it failed.
fn said(what: &str, command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|why| format!("{what}: {why}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(format!("{what}: {}\n{}\n{}", output.status, text(&output.stdout), text(&output.stderr))),
    }
}

/// A folder with these programs of the test's own PATH, and no others.
pub fn only(language: Language, programs: &[&str]) -> PathBuf {
    let folder = paths::root().join("target/rig/only").join(language.name);
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).expect("a folder");
    for program in programs {
        symlink(find(program), folder.join(program)).unwrap_or_else(|why| panic!("{program}: {why}"));
    }
    folder
}

fn find(program: &str) -> PathBuf {
    if program == "python3" {
        // A script that chooses a Python needs more than itself.
        let ask = ["-c", "import sys; print(sys._base_executable)"];
        let path = said("python3", Command::new("python3").args(ask)).unwrap_or_else(|why| panic!("{why}"));
        return PathBuf::from(path.trim());
    }
    let path = std::env::var_os("PATH").expect("PATH");
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{program} is not on PATH"))
}
