//! C: clang and wasi-libc make a core module for WASI preview 1, between bindings and the last step of our own.

use std::path::{Path, PathBuf};

use super::component::{self, read};
use super::error::BuildError;
use super::project::Project;
use super::stamp::{self, Inputs};
use super::steps::{Step, ask};
use super::tools::{Need, Tool, on_path};
use super::{Made, bindings};

const CLANG: Need = Need {
    language: "C",
    program: "clang",
    least: "19",
    ask: &["--version"],
    get: "on Debian 12 or later: sudo apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32; elsewhere \
          install wasi-sdk (https://github.com/WebAssembly/wasi-sdk) and set WASI_SDK_PATH; CLANG names another clang",
};

/// Names of clang on PATH, the best first.
const NAMES: [&str; 5] = ["clang-19", "clang-22", "clang-21", "clang-20", "clang"];
/// Where CFLAGS say nothing.
const FLAGS: &str = "-O2 -std=c17 -Wall -Wextra";
const TARGET: &str = "--target=wasm32-wasi";

/// clang and what it takes to use it.
struct Compiler {
    tool: Tool,
    /// `--sysroot=...`, where it is not clang's own.
    sysroot: Option<String>,
    /// Of the user.
    flags: Vec<String>,
}

pub(super) fn build(project: &Project) -> Result<Made, BuildError> {
    let clang = Compiler::find(project)?;
    let inputs = inputs(project, &clang)?;
    if stamp::is_fresh(project, inputs.as_deref()) {
        return Ok(Made::Fresh);
    }
    clang.require_libc(project)?;
    let world = read(&project.wit(), &project.show("wit"))?;
    let generated = project.out().join("bindings");
    bindings::c(&world, &generated)?;
    let mut objects = vec![generated.join("transform_component_type.o")];
    let bindings = project.out().join("bindings.o");
    // What is generated is not held to the warnings.
    let quiet = ["-O2".to_owned(), "-w".to_owned(), "-c".to_owned()];
    clang.step(project).args(quiet).arg(&generated.join("transform.c")).arg_out(&bindings).run()?;
    objects.push(bindings);
    for source in project.sources("c")? {
        let name = source.file_name().unwrap_or_default().to_owned();
        let object = project.out().join(&name).with_extension("c.o");
        let listed = project.out().join(&name).with_extension("c.d");
        let include = format!("-I{}", generated.display());
        // Seen from the folder, so that messages name files as the user does.
        let args = clang.flags.iter().cloned().chain([include, "-MMD".to_owned(), "-MF".to_owned()]);
        let step = clang.step(project).args(args).arg(&listed).args(["-c"]).arg(Path::new(&name));
        step.arg_out(&object).run()?;
        objects.push(object);
    }
    let core = project.out().join("core.wasm");
    let link = ["-mexec-model=reactor", "-Wl,--strip-all"];
    clang.step(project).args(link).args(&clang.flags).args(&objects).arg_out(&core).run()?;
    let core = std::fs::read(&core).map_err(BuildError::file("read", core))?;
    let component = component::wrap(core, &world, &project.show(&project.wasm_name()))?;
    // Once more: only now it is known which files are included.
    Ok(Made::New { component, inputs: self::inputs(project, &clang)? })
}

/// The sources, what they included when they were last compiled, and the compiler.
fn inputs(project: &Project, clang: &Compiler) -> Result<Option<String>, BuildError> {
    let mut inputs = Inputs::new(&format!("{} {} {:?}", clang.tool.path.display(), clang.tool.version, clang.sysroot));
    clang.flags.iter().for_each(|flag| inputs.text(flag));
    inputs.folder(&project.wit());
    for source in project.sources("c")? {
        let listed = project.out().join(source.file_name().unwrap_or_default()).with_extension("c.d");
        let listed = std::fs::read_to_string(listed).unwrap_or_default();
        inputs.file(&source);
        included(&listed).for_each(|file| inputs.file(&project.folder.join(file)));
    }
    Ok(inputs.finish())
}

/// The files of a rule for make: `a.o: a.c b.h \` and so on.
fn included(rule: &str) -> impl Iterator<Item = String> {
    let files = rule.split_once(": ").map_or("", |(_, files)| files).replace("\\\n", " ").replace("\\ ", "\0");
    let files: Vec<String> = files.split_whitespace().map(|file| file.replace('\0', " ")).collect();
    files.into_iter()
}

impl Compiler {
    /// The first that is named: CLANG, WASI_SDK_PATH, CC where that is a clang, then those on PATH.
    fn find(project: &Project) -> Result<Compiler, BuildError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let sdk = variable("WASI_SDK_PATH").map(PathBuf::from);
        let sysroot = sdk.as_ref().map(|sdk| format!("--sysroot={}", sdk.join("share/wasi-sysroot").display()));
        let flags = variable("CFLAGS").unwrap_or_else(|| FLAGS.to_owned());
        let flags = flags.split_whitespace().map(str::to_owned).collect();
        let done = |tool| Compiler { tool, sysroot, flags };
        if let Some(named) = variable("CLANG") {
            let path = on_path(&named).ok_or_else(|| {
                CLANG.lacking(format!("clang 19 or later, and CLANG names {named}, which is not there"))
            })?;
            return CLANG.look_at(path, &project.folder).map(done);
        }
        if let Some(path) = sdk.map(|sdk| sdk.join("bin/clang")) {
            return CLANG.look_at(path, &project.folder).map(done);
        }
        let cc = variable("CC").filter(|cc| cc.rsplit('/').next().is_some_and(|name| name.starts_with("clang")));
        let mut last = None;
        for path in cc.as_deref().into_iter().chain(NAMES).filter_map(on_path) {
            match CLANG.look_at(path, &project.folder) {
                Ok(tool) => return Ok(done(tool)),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| CLANG.lacking("`clang` 19 or later, which is not on PATH".to_owned())))
    }

    /// The linker, the C library and the compiler's own library, each with its name where it is missing.
    fn require_libc(&self, project: &Project) -> Result<(), BuildError> {
        let clang = self.tool.path.display();
        let answer = |question: &str| {
            let args: Vec<&str> =
                [Some(TARGET), self.sysroot.as_deref(), Some(question)].into_iter().flatten().collect();
            let (well, said) = ask(&self.tool.path, &args, &project.folder);
            PathBuf::from(if well { said } else { String::new() })
        };
        // What is not found is answered as it was asked.
        let linker = answer("-print-prog-name=wasm-ld");
        if !linker.is_absolute() && on_path("wasm-ld").is_none() {
            return Err(CLANG.lacking(format!("the linker wasm-ld (of lld), which {clang} does not find")));
        }
        if !answer("-print-file-name=crt1-reactor.o").is_absolute() {
            return Err(CLANG.lacking(format!("wasi-libc, the C library, which {clang} does not find")));
        }
        let builtins = answer("-print-libgcc-file-name");
        if !builtins.is_file() {
            let at = builtins.display();
            return Err(CLANG.lacking(format!("clang's library for wasm32, which is not at {at}")));
        }
        Ok(())
    }

    fn step(&self, project: &Project) -> Step {
        let step = Step::new("clang", &self.tool.path, &project.folder, &project.shown);
        step.args([TARGET]).args(self.sysroot.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_rule_are_found() {
        let rule = "x.o: /a/x.c \\\n  b.h c\\ d.h \\\n  ../e.h\n";
        assert_eq!(included(rule).collect::<Vec<_>>(), ["/a/x.c", "b.h", "c d.h", "../e.h"]);
        assert_eq!(included("").count(), 0);
    }
}
