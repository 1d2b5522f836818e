//! Python: componentize-py makes the component, out of a virtual environment beside requirements.txt.

use std::path::{Path, PathBuf};

use wit_parser::{Resolve, Type, TypeDefKind};

use super::bindings::put;
use super::component::read;
use super::error::BuildError;
use super::flat::{self, changes, functions, kind};
use super::project::Project;
use super::stamp::{self, Inputs, digest};
use super::steps::{Step, ask};
use super::tools::Need;
use super::{Made, exports, gil, world};

const PYTHON: Need = Need {
    language: "Python",
    program: "python3",
    least: "3.10",
    ask: &["--version"],
    get: "on Debian: sudo apt-get install python3 python3-venv; elsewhere from https://www.python.org/downloads",
};

/// Where the component begins: it imports the guest's own module, `app`.
const ENTRY: &str = include_str!("guest_entry.py");
/// Makes records of the tuples that the engine has, and the other way round.
const FLAT: &str = include_str!("guest_flat.py");
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
    inputs.text(FLAT);
    inputs.file(&project.root.join("requirements.txt"));
    inputs.folder(&project.folder);
    let inputs = inputs.finish();
    if stamp::is_fresh(project, inputs.as_deref()) {
        return Ok(Made::Fresh);
    }
    let out = project.out();
    put(&out.join("guest_entry.py"), ENTRY.as_bytes())?;
    put(&out.join("guest_flat.py"), FLAT.as_bytes())?;
    write_world(project)?;
    write_bindings(project, &environment)?;
    let made = out.join("made.wasm");
    environment
        .componentize(project, &out.join("wit"))
        .args(["componentize", "-p", ".", "-p", ".millstream", "guest_entry", "-o"])
        .arg(&made)
        .run()?;
    let component = std::fs::read(&made).map_err(BuildError::file("read", made))?;
    let component = exports::placed(&component).and_then(|component| gil::held(&component));
    let component = component.map_err(|why| BuildError::NoGuest { path: project.show(&project.wasm_name()), why })?;
    Ok(Made::New { component, inputs })
}

/// The world that the engine gets, with tuples, in `.millstream/wit`, and what they are for `guest_flat.py`.
fn write_world(project: &Project) -> Result<(), BuildError> {
    let known = read(&project.wit(), &project.show("wit"))?;
    let wit = project.out().join("wit");
    world::same(&project.wit(), &wit)?;
    let tuples = flat::extend(&known, &wit)?;
    let (resolve, world) = &known;
    let mut text = "\"\"\"Written from the guest's WIT, for guest_flat.py.\"\"\"\n\nSHAPES = {\n".to_owned();
    for one in functions(resolve, *world).into_iter().filter(|_| tuples) {
        let (name, takes, gives) = (&one.function.name, shape(resolve, one.takes), shape(resolve, one.gives));
        text.push_str(&format!("    \"{}\": ({takes}, {gives}),\n", name.replace('-', "_")));
    }
    text.push_str("}\n");
    put(&project.out().join("guest_shapes.py"), text.as_bytes())
}

/// Where the records and enums of a type are, as an expression in Python.
fn shape(resolve: &Resolve, ty: Type) -> String {
    if !changes(resolve, ty) {
        return "None".to_owned();
    }
    let all = |types: &mut dyn Iterator<Item = Type>| types.map(|ty| shape(resolve, ty)).collect::<Vec<_>>().join(", ");
    match kind(resolve, ty) {
        Some(TypeDefKind::Record(record)) => {
            format!("[\"record\", [{}]]", all(&mut record.fields.iter().map(|field| field.ty)))
        }
        Some(TypeDefKind::Tuple(tuple)) => format!("[\"tuple\", [{}]]", all(&mut tuple.types.iter().copied())),
        Some(TypeDefKind::Enum(_)) => "[\"enum\"]".to_owned(),
        Some(TypeDefKind::Option(inner)) => format!("[\"option\", {}]", shape(resolve, *inner)),
        Some(TypeDefKind::List(inner)) => format!("[\"list\", {}]", shape(resolve, *inner)),
        _ => "None".to_owned(),
    }
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
    environment.componentize(project, Path::new("wit")).args(["bindings"]).arg(&folder).run()?;
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

    /// componentize-py on a WIT folder.
    fn componentize(&self, project: &Project, wit: &Path) -> Step {
        // Packages of the guest's own are looked for in this environment and nowhere else.
        Step::new("componentize-py", &self.python, &project.folder, &project.shown)
            .env("VIRTUAL_ENV", &self.folder)
            .args(["-I", "-c", COMPONENTIZE, "--quiet", "-d"])
            .arg(wit)
            .args(["-w", super::component::WORLD])
    }
}
