//! The module in which a component in JavaScript begins.

use wit_parser::{Function, Resolve, WorldId, WorldItem, WorldKey};

use super::error::BuildError;
use super::longs::Longs;
use super::project::Project;
use super::shapes::Shapes;
use super::types;
use super::world::RENAMED;

/// Does what the engine cannot.
const GUARD: &str = include_str!("guard.js");

/// What the functions of [`Longs`] call.
const NUMBERS: &str = r#"const long = (value) => (Number.isSafeInteger(value) ? null : "");
const int = (value) => ((value | 0) === value ? null : "");"#;

/// Its text; `module` is the guest's own module, as seen from there.
pub(super) fn entry(
    project: &Project,
    (resolve, world): &(Resolve, WorldId),
    module: &str,
) -> Result<String, BuildError> {
    let mut checks =
        Checks { project, taken: Longs::taken(resolve), given: Longs::given(resolve), shapes: Shapes::new(resolve) };
    let mut exports = String::new();
    for (key, item) in &resolve.worlds[*world].exports {
        match item {
            WorldItem::Function(function) => {
                let name = types::camel(&function.name);
                let (exported, value) = match name.as_str() {
                    "init" => (types::camel(RENAMED), "first(guest.init)".to_owned()),
                    _ => (name.clone(), checks.guarded("guest", function)?),
                };
                exports.push_str(&format!("export const {exported} = {value};\n"));
            }
            WorldItem::Interface { id, .. } => {
                let name = match key {
                    WorldKey::Name(name) => name,
                    WorldKey::Interface(id) => resolve.interfaces[*id].name.as_deref().unwrap_or("guest"),
                };
                let name = types::camel(name);
                exports.push_str(&format!("export const {name} = {{\n  ...guest.{name},\n"));
                for function in resolve.interfaces[*id].functions.values().filter(|f| f.name != "init") {
                    let value = checks.guarded(&format!("guest.{name}"), function)?;
                    exports.push_str(&format!("  {}: {value},\n", types::camel(&function.name)));
                }
                exports.push_str("};\n");
            }
            WorldItem::Type { .. } => {}
        }
    }
    let checks = format!("{}{}{}", checks.taken.finish(), checks.given.finish(), checks.shapes.finish());
    Ok(format!(
        "// Where the component begins.\nimport * as guest from {module:?};\n{GUARD}\n{NUMBERS}\n{checks}\n{exports}"
    ))
}

/// What the guard looks for.
struct Checks<'r> {
    project: &'r Project,
    taken: Longs<'r>,
    given: Longs<'r>,
    shapes: Shapes<'r>,
}

impl Checks<'_> {
    /// The function within the guard.
    fn guarded(&mut self, place: &str, function: &Function) -> Result<String, BuildError> {
        let name = types::camel(&function.name);
        let (Some(param), Some(result)) = (function.params.first(), function.result) else {
            return Ok(format!("{place}.{name}"));
        };
        let refused = |why: String| BuildError::project(self.project.show("wit"), why);
        if function.params.len() != 1 {
            let why =
                format!("`{}` takes {} parameters; it has to take one list", function.name, function.params.len());
            return Err(refused(why));
        }
        let no_list = || refused(format!("`{}` answers no list; it has to answer each record", function.name));
        let shape = self.shapes.item(result).ok_or_else(no_list)?;
        let or_null = |check: Option<String>| check.unwrap_or_else(|| "null".to_owned());
        let takes = or_null(self.taken.item(param.ty));
        let gives = or_null(self.given.outcome(result));
        Ok(format!("guard({name:?}, {place}.{name}, {shape}, {takes}, {gives})"))
    }
}
