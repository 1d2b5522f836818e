//! Records as tuples. The engine of a dynamic language looks up each field of a record by its name, on the way in and on
//! the way out, and that is half of its time; what a tuple has it takes by position. In memory the two are the same, and
//! so are an enum and a byte. So the engine gets a world that has `flat-transform` beside `transform`, and in the finished
//! component (`places.rs`) what was made for `flat-transform` is `transform`.

use std::path::Path;

use wit_parser::{Function, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem, WorldKey};

use super::component::read;
use super::error::BuildError;

/// What the name of a function with tuples begins with.
pub(super) const FLAT: &str = "flat-";

/// An enum with more cases has more than a byte.
const BYTE: usize = 256;

/// A function of the world that can have tuples: its parameter and what it answers where all is well.
pub(super) struct Flat<'r> {
    /// The one with records.
    pub(super) function: &'r Function,
    /// What is in a batch.
    pub(super) takes: Type,
    /// What is made of it.
    pub(super) gives: Type,
}

/// The functions that can.
pub(super) fn functions(resolve: &Resolve, world: WorldId) -> Vec<Flat<'_>> {
    let exports = resolve.worlds[world].exports.values();
    exports
        .filter_map(|item| if let WorldItem::Function(function) = item { flat(resolve, function) } else { None })
        .collect()
}

/// The function as one that can.
pub(super) fn flat<'r>(resolve: &'r Resolve, function: &'r Function) -> Option<Flat<'r>> {
    let [param] = &function.params[..] else { return None };
    let TypeDefKind::List(takes) = kind(resolve, param.ty)? else { return None };
    let TypeDefKind::List(answer) = kind(resolve, function.result?)? else { return None };
    let TypeDefKind::Result(result) = kind(resolve, *answer)? else { return None };
    let gives = result.ok?;
    (changes(resolve, *takes) || changes(resolve, gives)).then_some(Flat { function, takes: *takes, gives })
}

/// What a type is, whatever names it goes by.
pub(super) fn kind(resolve: &Resolve, ty: Type) -> Option<&TypeDefKind> {
    Some(&resolve.types[base(resolve, ty)?].kind)
}

fn base(resolve: &Resolve, ty: Type) -> Option<TypeId> {
    let Type::Id(id) = ty else { return None };
    match resolve.types[id].kind {
        TypeDefKind::Type(inner @ Type::Id(_)) => base(resolve, inner),
        TypeDefKind::Type(_) => None,
        _ => Some(id),
    }
}

/// Whether there is a record or an enum that becomes a tuple or a byte. Inside of variants, all stays.
pub(super) fn changes(resolve: &Resolve, ty: Type) -> bool {
    match kind(resolve, ty) {
        Some(TypeDefKind::Record(_)) => true,
        Some(TypeDefKind::Enum(cases)) => cases.cases.len() <= BYTE,
        // An option of an option is an object with a tag.
        Some(TypeDefKind::Option(inner)) => !is_option(resolve, *inner) && changes(resolve, *inner),
        Some(TypeDefKind::List(inner)) => changes(resolve, *inner),
        Some(TypeDefKind::Tuple(tuple)) => tuple.types.iter().any(|ty| changes(resolve, *ty)),
        _ => false,
    }
}

pub(super) fn is_option(resolve: &Resolve, ty: Type) -> bool {
    matches!(kind(resolve, ty), Some(TypeDefKind::Option(_)))
}

/// Adds the functions with tuples to the world of a WIT folder, in the text of `world.wit`. Where that is not as `millstream
/// wit` writes it, nothing is changed, and the answer is false: all works with records, too.
pub(super) fn extend((resolve, world): &(Resolve, WorldId), wit: &Path) -> Result<bool, BuildError> {
    let file = wit.join("world.wit");
    let Ok(before) = std::fs::read_to_string(&file) else { return Ok(false) };
    let Some(after) = extended(resolve, *world, &before) else { return Ok(false) };
    std::fs::write(&file, after).map_err(BuildError::file("write", &file))?;
    let has = |(resolve, world): (Resolve, WorldId)| {
        let all = functions(&resolve, world);
        let names: Vec<&str> = all.iter().map(|one| &*one.function.name).collect();
        names.iter().all(|name| resolve.worlds[world].exports.contains_key(&WorldKey::Name(format!("{FLAT}{name}"))))
    };
    if read(wit, wit).is_ok_and(has) {
        return Ok(true);
    }
    std::fs::write(&file, before).map_err(BuildError::file("write", file))?;
    Ok(false)
}

fn extended(resolve: &Resolve, world: WorldId, text: &str) -> Option<String> {
    let mut text = text.to_owned();
    let mut names = Names { resolve, world, known: Vec::new(), uses: String::new() };
    let all = functions(resolve, world);
    for Flat { function, .. } in &all {
        let param = function.params.first()?;
        let (takes, gives) = (names.text(param.ty)?, names.text(function.result?)?);
        let plain = format!("    export {}: func", function.name);
        let uses = std::mem::take(&mut names.uses);
        let (param, name) = (escaped(&param.name), &function.name);
        let flat = format!("{uses}    export {FLAT}{name}: func({param}: {takes}) -> {gives};\n\n{plain}");
        text.contains(&plain).then_some(())?;
        text = text.replacen(&plain, &flat, 1);
    }
    (!all.is_empty()).then_some(text)
}

/// Any name may be a keyword of WIT.
fn escaped(name: &str) -> String {
    format!("%{name}")
}

/// Types as they are written in WIT, with tuples for records; none for a type that cannot be named.
struct Names<'r> {
    resolve: &'r Resolve,
    world: WorldId,
    /// Types that stay and have been brought in.
    known: Vec<TypeId>,
    /// Statements that bring in others.
    uses: String,
}

impl Names<'_> {
    fn text(&mut self, ty: Type) -> Option<String> {
        Some(match ty {
            Type::Bool => "bool".into(),
            Type::U8 => "u8".into(),
            Type::U16 => "u16".into(),
            Type::U32 => "u32".into(),
            Type::U64 => "u64".into(),
            Type::S8 => "s8".into(),
            Type::S16 => "s16".into(),
            Type::S32 => "s32".into(),
            Type::S64 => "s64".into(),
            Type::F32 => "f32".into(),
            Type::F64 => "f64".into(),
            Type::Char => "char".into(),
            Type::String => "string".into(),
            Type::ErrorContext => "error-context".into(),
            Type::Id(id) => self.defined(id)?,
        })
    }

    fn defined(&mut self, id: TypeId) -> Option<String> {
        let resolve = self.resolve;
        Some(match &resolve.types[id].kind {
            TypeDefKind::Type(inner) => self.text(*inner)?,
            TypeDefKind::Record(record) => self.tuple(record.fields.iter().map(|field| field.ty))?,
            TypeDefKind::Tuple(tuple) => self.tuple(tuple.types.iter().copied())?,
            TypeDefKind::Enum(cases) if cases.cases.len() <= BYTE => "u8".into(),
            TypeDefKind::Option(inner) if !is_option(resolve, *inner) => format!("option<{}>", self.text(*inner)?),
            TypeDefKind::Option(inner) => format!("option<{}>", self.kept(*inner)?),
            TypeDefKind::List(inner) => format!("list<{}>", self.text(*inner)?),
            TypeDefKind::Result(result) => {
                let mut side = |ty: Option<Type>| ty.map_or(Some("_".to_owned()), |ty| self.text(ty));
                format!("result<{}, {}>", side(result.ok)?, side(result.err)?)
            }
            _ => self.stays(id)?,
        })
    }

    fn tuple(&mut self, types: impl Iterator<Item = Type>) -> Option<String> {
        let types = types.map(|ty| self.text(ty)).collect::<Option<Vec<_>>>()?;
        Some(format!("tuple<{}>", types.join(", ")))
    }

    /// An option inside of another, with what it holds as it is.
    fn kept(&mut self, ty: Type) -> Option<String> {
        match kind(self.resolve, ty) {
            Some(TypeDefKind::Option(inner) | TypeDefKind::List(inner)) => {
                let outer = if is_option(self.resolve, ty) { "option" } else { "list" };
                Some(format!("{outer}<{}>", self.kept(*inner)?))
            }
            Some(TypeDefKind::Tuple(tuple)) => {
                let types = tuple.types.iter().map(|ty| self.kept(*ty)).collect::<Option<Vec<_>>>()?;
                Some(format!("tuple<{}>", types.join(", ")))
            }
            Some(_) => self.stays(base(self.resolve, ty)?),
            None => self.text(ty),
        }
    }

    /// A type that has a name, brought into the world under one of its own.
    fn stays(&mut self, id: TypeId) -> Option<String> {
        let ty = &self.resolve.types[id];
        let (TypeOwner::Interface(interface), Some(name)) = (ty.owner, &ty.name) else { return None };
        let place = match &self.resolve.interfaces[interface] {
            own if own.package == self.resolve.worlds[self.world].package => own.name.as_deref().map(escaped),
            _ => self.resolve.id_of(interface),
        }?;
        let own = format!("{FLAT}t{}", id.index());
        if !self.known.contains(&id) {
            self.known.push(id);
            self.uses.push_str(&format!("    use {place}.{{{} as {own}}};\n", escaped(name)));
        }
        Some(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIT: &str = "package acme:orders@1.0.0;
interface types {
    enum colour { red, green }
    variant how { card(colour), cash }
    record line { %list: list<u8>, price: s64 }
    record order { colour: option<colour>, lines: list<line>, how: how, twice: option<option<colour>> }
}
world transform {
    use types.{order, line};
    export init: func() -> result<_, string>;
    export transform: func(batch: list<order>) -> list<result<option<line>, string>>;
    export serialize: func(batch: list<string>) -> list<result<string, string>>;
}
";

    #[test]
    fn records_become_tuples_and_enums_bytes_and_what_has_a_tag_stays() {
        let folder = std::env::temp_dir().join(format!("millstream-flat-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("world.wit");
        std::fs::write(&file, WIT).unwrap();
        let before = read(&folder, &folder).unwrap();
        assert!(extend(&before, &folder).unwrap());
        let text = std::fs::read_to_string(&file).unwrap();
        let line = text.lines().find(|line| line.contains("export flat-transform")).unwrap();
        let stays = |name: &str| {
            let line = text.lines().find(|line| line.contains(&format!("{{%{name} as "))).unwrap();
            line.rsplit(' ').next().unwrap().trim_end_matches("};").to_owned()
        };
        let (how, twice) = (stays("how"), stays("colour"));
        let order = format!("tuple<option<u8>, list<tuple<list<u8>, s64>>, {how}, option<option<{twice}>>>");
        let answer = "list<result<option<tuple<list<u8>, s64>>, string>>";
        assert_eq!(line.trim(), format!("export flat-transform: func(%batch: list<{order}>) -> {answer};"));
        assert!(!text.contains("flat-serialize") && !text.contains("flat-init"), "{text}");
        // What is written is WIT again.
        let (again, world) = read(&folder, &folder).unwrap();
        assert_eq!(again.worlds[world].exports.len(), 4);
        // A world that stands in another file, or is written in another way, keeps its records.
        assert!(!extend(&before, &folder.join("none")).unwrap());
        std::fs::write(&file, WIT.replace("    export", "\texport")).unwrap();
        assert!(!extend(&before, &folder).unwrap());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), WIT.replace("    export", "\texport"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
