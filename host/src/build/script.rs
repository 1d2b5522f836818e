//! JavaScript and TypeScript: componentize-qjs makes the component, tsc checks the types before; both are of
//! package-lock.json, in node_modules beside it.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::bindings::put;
use super::component::read;
use super::entry::{GUARD, entry};
use super::error::BuildError;
use super::language::Language;
use super::project::Project;
use super::stamp::{self, Inputs, digest};
use super::steps::Step;
use super::tools::{Need, Tool, on_path};
use super::{Made, types, world};
use super::{exports, flat, own};

const NODE: Need = Need {
    language: "JavaScript",
    program: "node",
    least: "20",
    ask: &["--version"],
    get: "install Node from https://nodejs.org, or on Debian 13 or later: sudo apt-get install nodejs npm",
};

pub(super) fn build(project: &Project, say: &mut dyn FnMut(&str)) -> Result<Made, BuildError> {
    let need = Need { language: project.language.title(), ..NODE };
    let node = need.find(&project.folder)?;
    let source = source(project)?;
    require_packages(project, &need, say)?;
    let mut inputs = Inputs::new(&node.version.to_string());
    inputs.text(&source);
    inputs.text(GUARD);
    for name in ["package-lock.json", "tsconfig.json"] {
        inputs.file(&project.root.join(name));
    }
    inputs.folder(&project.wit());
    inputs.folder(&project.root);
    let inputs = inputs.finish();
    if stamp::is_fresh(project, inputs.as_deref()) {
        return Ok(Made::Fresh);
    }
    let known = read(&project.wit(), &project.show("wit"))?;
    let out = project.out();
    world::rename(&project.wit(), &out.join("wit"))?;
    let tuples = flat::extend(&known, &out.join("wit"))?;
    // For editors, and for the compiler.
    put(&out.join("wit.d.ts"), types::declarations(&known.0, known.1).as_bytes())?;
    let module = if project.language == Language::TypeScript {
        compile(project, &node, &source)?
    } else {
        format!("../{source}")
    };
    put(&out.join("entry.js"), entry(project, &known, &module, tuples)?.as_bytes())?;
    let component = componentize(project, &node, &source)?;
    Ok(Made::New { component, inputs })
}

/// The guest's own module, from the folder: `main` of its package.json, else the file of the guest's name.
fn source(project: &Project) -> Result<String, BuildError> {
    let ending = if project.language == Language::TypeScript { "ts" } else { "js" };
    let named = match project.root == project.folder {
        true => project.package()?.get("main").and_then(|main| main.as_str().map(str::to_owned)),
        false => None,
    };
    let file = named.unwrap_or_else(|| format!("{}.{ending}", project.name));
    let file = file.trim_start_matches("./");
    // `main` may name what the compiler makes of the source.
    let file = match file.strip_suffix(".js") {
        Some(stem) if ending == "ts" => format!("{stem}.ts"),
        _ => file.to_owned(),
    };
    let inside = Path::new(&file).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if !inside || !project.folder.join(&file).is_file() {
        let why = "it is missing; the guest's functions stand in the file that `main` of package.json names, else in the \
                   one with the guest's name";
        return Err(BuildError::project(project.show(&file), why));
    }
    Ok(file)
}

/// `npm ci`, where node_modules is not what package-lock.json says.
fn require_packages(project: &Project, need: &Need, say: &mut dyn FnMut(&str)) -> Result<(), BuildError> {
    if !project.root.join("package-lock.json").is_file() {
        let why = "it is missing; `npm install` writes it, and it belongs into the repository";
        return Err(BuildError::project(project.show_root("package-lock.json"), why));
    }
    let modules = project.root.join("node_modules");
    let mark = modules.join(".millstream");
    let wanted = digest(project.manifest("package-lock.json")?.as_bytes());
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let npm = on_path("npm").ok_or_else(|| need.lacking("`npm`, which is not on PATH".to_owned()))?;
    say("installing the packages of package-lock.json into node_modules");
    Step::new("npm ci", &npm, &project.root, &project.shown)
        .args(["ci", "--no-audit", "--no-fund", "--loglevel", "error"])
        .run()?;
    let tools: &[&str] = match project.language {
        Language::TypeScript => &["componentize-qjs", "typescript"],
        _ => &["componentize-qjs"],
    };
    if let Some(missing) = tools.iter().find(|name| !modules.join(name).is_dir()) {
        let why = format!("it does not name {missing}; add it: npm install --save-dev {missing}");
        return Err(BuildError::project(project.show_root("package.json"), why));
    }
    std::fs::write(&mark, wanted).map_err(BuildError::file("write", mark))
}

/// Lets the compiler check the types and take them out; gives the module that is left, as seen from `.millstream`.
fn compile(project: &Project, node: &Tool, source: &str) -> Result<String, BuildError> {
    let (out, up) = (project.out(), project.up_to_root());
    let config = json!({
        "extends": format!("{up}/tsconfig.json"),
        "compilerOptions": { "rootDir": up, "outDir": "js", "noEmit": false, "noEmitOnError": true },
        "include": [],
        "files": ["wit.d.ts", format!("../{source}")],
    });
    put(&out.join("tsconfig.json"), format!("{config:#}\n").as_bytes())?;
    let compiler = bin(project, "typescript", "tsc")?;
    Step::new("tsc", &node.path, &project.folder, &project.shown)
        .arg(&compiler)
        .args(["--project", ".millstream/tsconfig.json"])
        .run()?;
    let below = project.below_root();
    let folder = if below.is_empty() { "js".to_owned() } else { format!("js/{below}") };
    Ok(format!("./{folder}/{}.js", source.trim_end_matches(".ts")))
}

fn componentize(project: &Project, node: &Tool, source: &str) -> Result<Vec<u8>, BuildError> {
    let (out, made) = (project.out(), project.out().join("made.wasm"));
    // --sync: the host calls guests and waits for them.
    let made_it = Step::new("componentize-qjs", &node.path, &project.folder, &project.shown)
        .arg(&bin(project, "componentize-qjs", "componentize-qjs")?)
        .args(["--wit", ".millstream/wit", "--js", ".millstream/entry.js", "--sync", "-n", super::component::WORLD])
        .args(["--module-root"])
        .arg(&project.root)
        .arg_out(&made)
        .run_quietly(&out.join("log"));
    if let Err(error) = made_it {
        // The engine tells what is wrong, but not where; node does, where it takes the file for a module.
        if project.package()?.get("type").is_some_and(|kind| kind == "module") {
            let place = Step::new("node --check", &node.path, &project.folder, &project.shown);
            drop(place.args(["--check", source]).run());
        }
        return Err(error);
    }
    let bytes = std::fs::read(&made).map_err(BuildError::file("read", made))?;
    let finished = exports::renamed(&bytes).and_then(|bytes| own::returned(&bytes));
    finished.map_err(|why| BuildError::NoGuest { path: project.show(&project.wasm_name()), why })
}

/// A program of a package, as its own package.json names it.
fn bin(project: &Project, package: &str, name: &str) -> Result<PathBuf, BuildError> {
    let path = project.root.join("node_modules").join(package).join("bin").join(name);
    match path.is_file() {
        true => Ok(path),
        false => {
            let why = format!("{package} {name} is missing; remove node_modules and build again");
            Err(BuildError::project(project.show_root("node_modules"), why))
        }
    }
}
