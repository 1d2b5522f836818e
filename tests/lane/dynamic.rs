//! The oracle: the same guest through the engine's own dynamic values, which know nothing of plans.

use std::sync::LazyLock;

use millstream::contract::types::GuestType;
use wasmtime::component::{Component, Linker, Val};
use wasmtime::{Engine, Store};

use super::shape::Ty;
use super::value::V;

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::default);

/// What a component's `transform` answers to these records, each a result.
pub fn transform(component: &[u8], records: Vec<Val>) -> Vec<Val> {
    match call(component, "transform", &[Val::List(records)]) {
        Val::List(answers) => answers,
        other => panic!("a transform answers a list, not {other:?}"),
    }
}

/// What a function of a component's world answers.
pub fn call(component: &[u8], name: &str, arguments: &[Val]) -> Val {
    let component = Component::new(&ENGINE, component).unwrap_or_else(|error| panic!("{error:?}"));
    let mut linker: Linker<()> = Linker::new(&ENGINE);
    linker.define_unknown_imports_as_traps(&component).unwrap_or_else(|error| panic!("{error:?}"));
    let mut store = Store::new(&ENGINE, ());
    let instance = linker.instantiate(&mut store, &component).unwrap_or_else(|error| panic!("{error:?}"));
    let func = instance.get_func(&mut store, name).expect("an exported function");
    let mut results = [Val::Bool(false)];
    func.call(&mut store, arguments, &mut results).unwrap_or_else(|error| panic!("{error:?}"));
    let [result] = results;
    result
}

/// The value as the guest's type has it. Cases and fields go by position, which is that of the schema.
pub fn to_val(value: &V, ty: &Ty, guest: &GuestType) -> Val {
    match (value, ty.plain(), guest) {
        (V::Boolean(value), ..) => Val::Bool(*value),
        (V::Int(value), ..) => Val::S32(*value),
        (V::Long(value), ..) => Val::S64(*value),
        (V::Float(bits), ..) => Val::Float32(f32::from_bits(*bits)),
        (V::Double(bits), ..) => Val::Float64(f64::from_bits(*bits)),
        (V::Bytes(bytes) | V::Fixed(bytes), ..) => Val::List(bytes.iter().copied().map(Val::U8).collect()),
        (V::String(text), ..) => Val::String(text.clone()),
        (V::Enum(index), _, GuestType::Enum(cases)) => Val::Enum(cases[*index].clone()),
        (V::Array(items), Ty::Array(ty), GuestType::List(guest)) => {
            Val::List(items.iter().map(|item| to_val(item, ty, guest)).collect())
        }
        (V::Map(entries), Ty::Map(ty), GuestType::List(guest)) => {
            let GuestType::Tuple(parts) = &**guest else { panic!("a map is a list of tuples, not of {guest:?}") };
            let entry =
                |(key, value): &(String, V)| Val::Tuple(vec![Val::String(key.clone()), to_val(value, ty, &parts[1])]);
            Val::List(entries.iter().map(entry).collect())
        }
        (V::Union(index, value), Ty::Union(branches), GuestType::Option(guest)) => {
            let some = **value != V::Null;
            Val::Option(some.then(|| Box::new(to_val(value, &branches[*index], guest))))
        }
        (V::Union(index, value), Ty::Union(branches), GuestType::Variant(cases)) => {
            let (name, payload) = &cases[*index];
            let payload = payload.as_ref().map(|guest| Box::new(to_val(value, &branches[*index], guest)));
            Val::Variant(name.clone(), payload)
        }
        (V::Record(values), Ty::Record(_, fields), GuestType::Record(guests)) => {
            let carrying = values.iter().zip(fields).filter(|(_, field)| !field.ty.is_unit());
            let field = |((value, field), (name, guest)): ((&V, &super::shape::Field), &(String, GuestType))| {
                (name.clone(), to_val(value, &field.ty, guest))
            };
            Val::Record(carrying.zip(guests).map(field).collect())
        }
        (value, ty, guest) => panic!("{value:?} of {ty:?} is no {guest:?}"),
    }
}
