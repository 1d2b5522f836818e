//! The types of a world, for TypeScript, as componentize-qjs has them at run time.

use std::fmt::Write;

use wit_parser::{
    Docs, Function, Handle, InterfaceId, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem,
};

/// `min-amount` to `minAmount`.
pub(super) fn camel(name: &str) -> String {
    let mut parts = name.split('-');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut chars = part.chars();
        out.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out
}

fn pascal(name: &str) -> String {
    camel(&format!("-{name}"))
}

/// A module declaration for each interface of a world.
pub(super) fn declarations(resolve: &Resolve, world: WorldId) -> String {
    let mut out = "// Written from the guest's WIT folder.\n".to_owned();
    let world = &resolve.worlds[world];
    let interfaces = |items: Vec<&WorldItem>| -> Vec<InterfaceId> {
        let id = |item: &WorldItem| if let WorldItem::Interface { id, .. } = item { Some(*id) } else { None };
        items.into_iter().filter_map(id).collect()
    };
    for id in interfaces(world.imports.values().collect()) {
        interface(&mut out, resolve, id, true);
    }
    for id in interfaces(world.exports.values().collect()) {
        interface(&mut out, resolve, id, false);
    }
    out
}

fn interface(out: &mut String, resolve: &Resolve, id: InterfaceId, imported: bool) {
    let interface = &resolve.interfaces[id];
    let _ = writeln!(out, "\ndeclare module \"{}\" {{", resolve.id_of(id).unwrap_or_default());
    for (name, ty) in &interface.types {
        definition(out, resolve, name, &resolve.types[*ty], *ty);
    }
    if !interface.functions.is_empty() {
        let kind = if imported { "const functions:" } else { "export interface Functions" };
        let _ = writeln!(out, "  {kind} {{");
        for function in interface.functions.values().filter(|function| !function.name.starts_with('[')) {
            docs(out, "    ", &function.docs);
            let _ = writeln!(out, "    {}{};", camel(&function.name), signature(resolve, function));
        }
        out.push_str(if imported { "  };\n  export default functions;\n" } else { "  }\n" });
    }
    out.push_str("}\n");
}

fn signature(resolve: &Resolve, function: &Function) -> String {
    let param = |(name, ty): (&str, Type)| format!("{}: {}", camel(name), of(resolve, ty));
    let params: Vec<String> = function.params.iter().map(|p| param((&p.name, p.ty))).collect();
    let result = function.result.map_or("void".to_owned(), |ty| of(resolve, ty));
    format!("({}): {result}", params.join(", "))
}

fn docs(out: &mut String, indent: &str, docs: &Docs) {
    if let Some(text) = &docs.contents {
        let text = text.trim().replace("*/", "* /").replace('\n', &format!("\n{indent} * "));
        let _ = writeln!(out, "{indent}/** {text} */");
    }
}

fn definition(out: &mut String, resolve: &Resolve, name: &str, ty: &TypeDef, id: TypeId) {
    let name = pascal(name);
    docs(out, "  ", &ty.docs);
    match &ty.kind {
        TypeDefKind::Record(record) => {
            let _ = writeln!(out, "  export interface {name} {{");
            for field in &record.fields {
                docs(out, "    ", &field.docs);
                let _ = writeln!(out, "    {}: {};", camel(&field.name), of(resolve, field.ty));
            }
            out.push_str("  }\n");
        }
        TypeDefKind::Resource => {
            let _ = writeln!(out, "  export interface {name} {{}}");
        }
        _ => {
            let _ = writeln!(out, "  export type {name} = {};", structure(resolve, id));
        }
    }
}

/// A type where it is used.
fn of(resolve: &Resolve, ty: Type) -> String {
    match ty {
        Type::Bool => "boolean".to_owned(),
        Type::Char | Type::String => "string".to_owned(),
        Type::ErrorContext => "unknown".to_owned(),
        Type::Id(id) => {
            let ty = &resolve.types[id];
            match (&ty.name, ty.owner) {
                (Some(name), TypeOwner::Interface(owner)) => {
                    format!("import(\"{}\").{}", resolve.id_of(owner).unwrap_or_default(), pascal(name))
                }
                _ => structure(resolve, id),
            }
        }
        _ => "number".to_owned(),
    }
}

fn structure(resolve: &Resolve, id: TypeId) -> String {
    let tagged = |tag: &str, ty: Option<Type>| match ty {
        Some(ty) => format!("{{ tag: \"{tag}\"; val: {} }}", of(resolve, ty)),
        None => format!("{{ tag: \"{tag}\" }}"),
    };
    match &resolve.types[id].kind {
        TypeDefKind::Type(ty) => of(resolve, *ty),
        TypeDefKind::Enum(cases) => {
            let names: Vec<String> = cases.cases.iter().map(|case| format!("\"{}\"", case.name)).collect();
            names.join(" | ")
        }
        TypeDefKind::Variant(variant) => {
            let cases: Vec<String> = variant.cases.iter().map(|case| tagged(&case.name, case.ty)).collect();
            cases.join(" | ")
        }
        TypeDefKind::Option(ty) => format!("{} | null", of(resolve, *ty)),
        TypeDefKind::Result(result) => format!("{} | {}", tagged("ok", result.ok), tagged("err", result.err)),
        TypeDefKind::List(Type::U8) => "Uint8Array".to_owned(),
        // Not `Array<...>`: a record may be called Array.
        TypeDefKind::List(ty) => format!("({})[]", of(resolve, *ty)),
        TypeDefKind::Tuple(tuple) => {
            let types: Vec<String> = tuple.types.iter().map(|ty| of(resolve, *ty)).collect();
            format!("[{}]", types.join(", "))
        }
        TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => of(resolve, Type::Id(*id)),
        _ => "unknown".to_owned(),
    }
}
