//! The module in which a component in JavaScript begins.

use wit_parser::{Function, Resolve, Type, TypeDefKind, WorldId, WorldItem, WorldKey};

use super::convert::{Convert, Way};
use super::error::BuildError;
use super::flat::{FLAT, flat, kind};
use super::longs::Longs;
use super::project::Project;
use super::shapes::Shapes;
use super::types;
use super::world::RENAMED;

/// Does what the engine cannot.
pub(super) const GUARD: &str = include_str!("guard.js");

/// What the functions of [`Longs`] call.
const NUMBERS: &str = r#"const MOST = Number.MAX_SAFE_INTEGER;
const long = (value) => (Number.isSafeInteger(value) ? null : "");
const int = (value) => ((value | 0) === value ? null : "");"#;

/// Its text; `module` is the guest's own module, as seen from there. `tuples` where the world has functions for them.
pub(super) fn entry(
    project: &Project,
    (resolve, world): &(Resolve, WorldId),
    module: &str,
    tuples: bool,
) -> Result<String, BuildError> {
    let mut checks = Checks {
        project,
        resolve,
        taken: Longs::taken(resolve),
        given: Longs::given(resolve),
        shapes: Shapes::new(resolve),
        convert: Convert::new(resolve),
    };
    let mut exports = String::new();
    for (key, item) in &resolve.worlds[*world].exports {
        match item {
            WorldItem::Function(function) => {
                let name = types::camel(&function.name);
                let flat = tuples && flat(resolve, function).is_some();
                let (exported, value) = match name.as_str() {
                    "init" => (types::camel(RENAMED), "first(guest.init)".to_owned()),
                    _ if flat => {
                        (types::camel(&format!("{FLAT}{}", function.name)), checks.guarded("guest", function, true)?)
                    }
                    _ => (name.clone(), checks.guarded("guest", function, false)?),
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
                    let value = checks.guarded(&format!("guest.{name}"), function, false)?;
                    exports.push_str(&format!("  {}: {value},\n", types::camel(&function.name)));
                }
                exports.push_str("};\n");
            }
            WorldItem::Type { .. } => {}
        }
    }
    let Checks { taken, given, shapes, convert, .. } = checks;
    let checks = [taken.finish(), given.finish(), shapes.finish(), convert.finish()].concat();
    Ok(format!(
        "// Where the component begins.\nimport * as guest from {module:?};\n{GUARD}\n{NUMBERS}\n{checks}\n{exports}"
    ))
}

/// What the guard looks for.
struct Checks<'r> {
    project: &'r Project,
    resolve: &'r Resolve,
    taken: Longs<'r>,
    given: Longs<'r>,
    shapes: Shapes<'r>,
    convert: Convert<'r>,
}

impl Checks<'_> {
    /// The function within the guard; `flat` where the engine calls it with tuples.
    fn guarded(&mut self, place: &str, function: &Function, flat: bool) -> Result<String, BuildError> {
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
        let mut parts = format!("type: {shape}");
        let mut part = |name: &str, function: Option<String>| {
            parts.extend(function.map(|function| format!(", {name}: {function}")));
        };
        part("takes", self.taken.item(param.ty));
        part("gives", self.given.outcome(result));
        if let Some(TypeDefKind::List(item)) = kind(self.resolve, param.ty) {
            part("take", self.convert.function(*item, Way::In, flat));
        }
        part("give", self.outcome(result).and_then(|ok| self.convert.function(ok, Way::Out, flat)));
        Ok(format!("guard({name:?}, {place}.{name}, {{ {parts} }})"))
    }

    /// What a list of results holds where all is well.
    fn outcome(&self, list: Type) -> Option<Type> {
        let TypeDefKind::List(item) = kind(self.resolve, list)? else { return None };
        let TypeDefKind::Result(result) = kind(self.resolve, *item)? else { return None };
        result.ok
    }
}
