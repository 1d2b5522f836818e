//! What JavaScript and TypeScript need beside componentize-qjs: a WIT folder that it can take, the module in which the
//! component begins, and the types.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use wit_bindgen_core::wit_parser::{Function, Resolve, WorldId, WorldItem, WorldKey};

use crate::component::read;
use crate::longs::Longs;
use crate::shapes::Shapes;
use crate::types;
use crate::world::{self, RENAMED};

/// Writes `wit/`, `entry.js` and `wit.d.ts` to a folder; `module` is the guest's own module, as seen from there.
pub fn write(wit: &Path, out: &Path, module: &str) -> Result<()> {
    let (resolve, world) = read(wit)?;
    world::rename(wit, &out.join("wit"))?;
    let put = |name: &str, text: String| {
        let path = out.join(name);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    };
    put("entry.js", entry(&resolve, world, module)?)?;
    put("wit.d.ts", types::declarations(&resolve, world))
}

/// Does what the engine cannot.
const GUARD: &str = include_str!("guard.js");

/// What the functions of [`Longs`] call.
const NUMBERS: &str = r#"const long = (value) => (Number.isSafeInteger(value) ? null : "");
const int = (value) => ((value | 0) === value ? null : "");"#;

fn entry(resolve: &Resolve, world: WorldId, module: &str) -> Result<String> {
    let mut checks =
        Checks { taken: Longs::taken(resolve), given: Longs::given(resolve), shapes: Shapes::new(resolve) };
    let mut exports = String::new();
    for (key, item) in &resolve.worlds[world].exports {
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
    taken: Longs<'r>,
    given: Longs<'r>,
    shapes: Shapes<'r>,
}

impl Checks<'_> {
    /// The function within the guard.
    fn guarded(&mut self, place: &str, function: &Function) -> Result<String> {
        let name = types::camel(&function.name);
        let (Some(param), Some(result)) = (function.params.first(), function.result) else {
            return Ok(format!("{place}.{name}"));
        };
        ensure!(function.params.len() == 1, "`{}` takes {} parameters", function.name, function.params.len());
        let shape = self.shapes.item(result).with_context(|| format!("`{}` answers no list", function.name))?;
        let or_null = |check: Option<String>| check.unwrap_or_else(|| "null".to_owned());
        let takes = or_null(self.taken.item(param.ty));
        let gives = or_null(self.given.outcome(result));
        Ok(format!("guard({name:?}, {place}.{name}, {shape}, {takes}, {gives})"))
    }
}
