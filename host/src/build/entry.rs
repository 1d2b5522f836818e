//! The module in which a component in JavaScript begins.

use wit_parser::{Function, Resolve, WorldId, WorldItem, WorldKey};

use super::error::BuildError;
use super::longs::Longs;
use super::project::Project;
use super::types;
use super::world::RENAMED;

/// Does what the engine cannot: it hands over 64-bit integers as numbers, which are exact up to 2^53 only, and of an
/// exception it keeps no word.
const GUARD: &str = r#"
const refused = (at, what) => ({ tag: "err", val: { tag: "reject", val: `${at}: ${what}` } });
const TAKES = "an integer beyond 2^53, which a number of JavaScript does not hold exactly";
const GIVES = "the guest answered something else than an integer up to 2^53";

/** What an exception says. */
function said(why) {
  return why instanceof Error ? `${why}\n${why.stack ?? ""}`.trim() : String(why);
}

/** Calls the guest; where it throws, again for each record alone, so that the one to blame is known. */
function careful(work, batch) {
  try {
    return work(batch);
  } catch (why) {
    if (batch.length > 1) return batch.flatMap((record) => careful(work, [record]));
    return [{ tag: "err", val: { tag: "reject", val: said(why) } }];
  }
}

/** Calls the guest with the records that its numbers can hold, and refuses the others. */
function guard(work, takes, gives) {
  return (batch) => {
    let bad = null;
    if (takes) {
      for (let i = 0; i < batch.length; i++) {
        const at = takes(batch[i]);
        if (at !== null) (bad ??= new Map()).set(i, refused(at, TAKES));
      }
    }
    const answers = careful(work, bad ? batch.filter((_, i) => !bad.has(i)) : batch);
    if (gives) {
      for (let i = 0; i < answers.length; i++) {
        const at = answers[i].tag === "ok" ? gives(answers[i].val) : null;
        if (at !== null) answers[i] = refused(at, GIVES);
      }
    }
    if (bad === null) return answers;
    let next = 0;
    return batch.map((_, i) => bad.get(i) ?? answers[next++]);
  };
}
"#;

/// Its text; `module` is the guest's own module, as seen from there.
pub(super) fn entry(
    project: &Project,
    (resolve, world): &(Resolve, WorldId),
    module: &str,
) -> Result<String, BuildError> {
    let mut longs = Longs::new(resolve);
    let mut exports = String::new();
    for (key, item) in &resolve.worlds[*world].exports {
        match item {
            WorldItem::Function(function) => {
                let name = types::camel(&function.name);
                let (exported, value) = match name.as_str() {
                    "init" => (types::camel(RENAMED), "guest.init".to_owned()),
                    _ => (name.clone(), guarded(project, &mut longs, "guest", function)?),
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
                    let value = guarded(project, &mut longs, &format!("guest.{name}"), function)?;
                    exports.push_str(&format!("  {}: {value},\n", types::camel(&function.name)));
                }
                exports.push_str("};\n");
            }
            WorldItem::Type { .. } => {}
        }
    }
    let checks = longs.finish();
    Ok(format!("// Where the component begins.\nimport * as guest from {module:?};\n{GUARD}\n{checks}\n{exports}"))
}

/// The function within the guard.
fn guarded(project: &Project, longs: &mut Longs<'_>, place: &str, function: &Function) -> Result<String, BuildError> {
    let plain = format!("{place}.{}", types::camel(&function.name));
    let (Some(param), Some(result)) = (function.params.first(), function.result) else { return Ok(plain) };
    if function.params.len() != 1 {
        let why = format!("`{}` takes {} parameters; it has to take one list", function.name, function.params.len());
        return Err(BuildError::project(project.show("wit"), why));
    }
    let takes = longs.item(param.ty);
    let gives = longs.item(result).and_then(|_| longs.outcome(result));
    let name = |check: Option<String>| check.unwrap_or_else(|| "null".to_owned());
    Ok(format!("guard({plain}, {}, {})", name(takes), name(gives)))
}
