//! Python: componentize-py makes the component, out of a virtual environment beside requirements.txt.

use std::path::{Path, PathBuf};

use super::Made;
use super::bindings::put;
use super::error::BuildError;
use super::project::Project;
use super::stamp::{self, Inputs, digest};
use super::steps::{Step, ask};
use super::tools::Need;

const PYTHON: Need = Need {
    language: "Python",
    program: "python3",
    least: "3.10",
    ask: &["--version"],
    get: "on Debian: sudo apt-get install python3 python3-venv; elsewhere from https://www.python.org/downloads",
};

/// Where the component begins: it imports the guest's own module, `app`.
const ENTRY: &str = include_str!("guest_entry.py");
/// Runs componentize-py without the script that has the path of the environment in it, so that a project can be moved.
const COMPONENTIZE: &str = "from componentize_py import script; script()";
/// What is in the mark of an environment that is not complete.
const UNFINISHED: &str = "unfinished";

/// The environment of a project.
struct Environment {
    folder: PathBuf,
    python: PathBuf,
    /// Says which requirements are installed.
    mark: PathBuf,
}

pub(super) fn build(project: &Project, say: &mut dyn FnMut(&str)) -> Result<Made, BuildError> {
    if !project.folder.join("app.py").is_file() {
        let why = "it is missing; the guest's functions stand there, in `class WitWorld`";
        return Err(BuildError::project(project.show("app.py"), why));
    }
    let environment = Environment::ready(project, say)?;
    // Which Python is in there does not matter: the component has a Python of componentize-py's own.
    let mut inputs = Inputs::new(ENTRY);
    inputs.file(&project.root.join("requirements.txt"));
    inputs.folder(&project.folder);
    let inputs = inputs.finish();
    if stamp::is_fresh(project, inputs.as_deref()) {
        return Ok(Made::Fresh);
    }
    put(&project.out().join("guest_entry.py"), ENTRY.as_bytes())?;
    write_bindings(project, &environment)?;
    let made = project.out().join("made.wasm");
    environment
        .componentize(project)
        .args(["componentize", "-p", ".", "-p", ".millstream", "guest_entry", "-o"])
        .arg(&made)
        .run()?;
    let component = std::fs::read(&made).map_err(BuildError::file("read", made))?;
    Ok(Made::New { component, inputs })
}

/// The types of the world for editors and for the guest's own tests, in `.millstream/bindings`.
fn write_bindings(project: &Project, environment: &Environment) -> Result<(), BuildError> {
    let (folder, mark) = (project.out().join("bindings"), project.out().join("bindings.stamp"));
    let mut inputs = Inputs::new("bindings");
    inputs.folder(&project.wit());
    inputs.file(&project.root.join("requirements.txt"));
    let now = inputs.finish().unwrap_or_default();
    if folder.is_dir() && !now.is_empty() && std::fs::read_to_string(&mark).is_ok_and(|then| then == now) {
        return Ok(());
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(BuildError::file("remove", &folder))?;
    }
    environment.componentize(project).args(["bindings"]).arg(&folder).run()?;
    std::fs::write(&mark, now).map_err(BuildError::file("write", mark))
}

impl Environment {
    /// With all requirements in it; made where it is missing or broken.
    fn ready(project: &Project, say: &mut dyn FnMut(&str)) -> Result<Environment, BuildError> {
        let requirements = project.root.join("requirements.txt");
        if !requirements.is_file() {
            let why = "it is missing; it names componentize-py with its version and its hashes (`pip hash` tells them)";
            return Err(BuildError::project(project.show_root("requirements.txt"), why));
        }
        let folder = project.root.join(".venv");
        let (python, mark) = (folder.join("bin/python"), folder.join(".millstream"));
        let environment = Environment { folder, python, mark };
        let wanted = digest(project.manifest("requirements.txt")?.as_bytes());
        let works = environment.works(project);
        let marked = std::fs::read_to_string(&environment.mark).ok();
        if works && marked.as_deref() == Some(&wanted) {
            return Ok(environment);
        }
        // One that somebody else made, and that works, is left as it is and gets what is missing.
        if !works || marked.as_deref() == Some(UNFINISHED) {
            environment.make(project, say)?;
        }
        say("installing the packages of requirements.txt into .venv");
        let requirements = project.show_root("requirements.txt");
        let pip = ["-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
        Step::new(
            &format!("pip install -r {}", requirements.display()),
            &environment.python,
            &project.root,
            &project.shown,
        )
        .args(pip)
        .args(["--require-hashes", "--only-binary", ":all:", "-r", "requirements.txt"])
        .run()?;
        if !ask(&environment.python, &["-I", "-c", "import componentize_py"], &project.root).0 {
            let why = "it does not name componentize-py, which makes components of Python; add it with its version and \
                       its hashes (`pip hash` tells them)";
            return Err(BuildError::project(requirements, why));
        }
        std::fs::write(&environment.mark, wanted).map_err(BuildError::file("write", &environment.mark))?;
        Ok(environment)
    }

    /// Whether its Python starts and has pip.
    fn works(&self, project: &Project) -> bool {
        self.python.exists() && ask(&self.python, &["-I", "-c", "import pip"], &project.root).0
    }

    fn make(&self, project: &Project, say: &mut dyn FnMut(&str)) -> Result<(), BuildError> {
        let python = PYTHON.find(&project.root)?;
        if !ask(&python.path, &["-I", "-c", "import venv, ensurepip"], &project.root).0 {
            let (path, version) = (python.path.display(), python.version);
            return Err(PYTHON.lacking(format!("the module venv, which {path} ({version}) does not have")));
        }
        say("making .venv");
        if self.folder.exists() {
            std::fs::remove_dir_all(&self.folder).map_err(BuildError::file("remove", &self.folder))?;
        }
        std::fs::create_dir_all(&self.folder).map_err(BuildError::file("create", &self.folder))?;
        std::fs::write(&self.mark, UNFINISHED).map_err(BuildError::file("write", &self.mark))?;
        Step::new("python3 -m venv .venv", &python.path, &project.root, &project.shown)
            .args(["-m", "venv", ".venv"])
            .run()
    }

    /// componentize-py on the project's world.
    fn componentize(&self, project: &Project) -> Step {
        // Packages of the guest's own are looked for in this environment and nowhere else.
        Step::new("componentize-py", &self.python, &project.folder, &project.shown)
            .env("VIRTUAL_ENV", &self.folder)
            .args(["-I", "-c", COMPONENTIZE, "--quiet", "-d"])
            .arg(Path::new("wit"))
            .args(["-w", super::component::WORLD])
    }
}
