//! Go: its standard compiler makes a core module for WASI preview 1, between bindings and the last step of our own.

use super::component::{self, read};
use super::error::BuildError;
use super::project::Project;
use super::stamp::{self, Inputs};
use super::steps::Step;
use super::tools::Need;
use super::{Made, bindings};

const GO: Need = Need {
    language: "Go",
    program: "go",
    least: "1.24",
    ask: &["version"],
    get: "install it from https://go.dev/dl (on Debian 13 or later: sudo apt-get install golang-go)",
};

/// Go knows itself what has to be compiled again; the last step is left out where the core module is the same.
pub(super) fn build(project: &Project) -> Result<Made, BuildError> {
    let go = GO.find(&project.folder)?;
    let world = read(&project.wit(), &project.show("wit"))?;
    let mut module = project.module()?;
    let below = project.below_root();
    if !below.is_empty() {
        module = format!("{module}/{below}");
    }
    bindings::go(&world, &project.folder.join("bindings"), &module)?;
    let core = project.out().join("core.wasm");
    // -checklinkname=0: the bindings allocate by a function inside of Go's runtime before that has started.
    let flags = ["build", "-trimpath", "-buildmode=c-shared", "-ldflags=-checklinkname=0 -s -w", "-o"];
    Step::new("go build", &go.path, &project.folder, &project.shown)
        .args(flags)
        .args([core.as_os_str(), ".".as_ref()])
        .env("GOOS", "wasip1")
        .env("GOARCH", "wasm")
        .run()?;
    let core = std::fs::read(&core).map_err(BuildError::file("read", core))?;
    let mut inputs = Inputs::new("go");
    inputs.bytes(&core);
    inputs.folder(&project.wit());
    let inputs = inputs.finish();
    if stamp::is_fresh(project, inputs.as_deref()) {
        return Ok(Made::Fresh);
    }
    let component = component::wrap(core, &world, &project.show(&project.wasm_name()))?;
    Ok(Made::New { component, inputs })
}
