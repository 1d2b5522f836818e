//! The canonical ABI as the tests read and write it, from a guest's types alone: nothing of the lane's plans is used.
//! Values are the engine's own, so that it can be asked whether it sees the same.

use millstream::contract::types::{GuestType, discriminant_size};
use millstream::decode::{From, Image};
use wasmtime::component::Val;

use super::dynamic;
use super::echo::wrap;

/// Room for `size` bytes at the end.
fn room(memory: &mut Vec<u8>, align: usize, size: usize) -> usize {
    let at = memory.len().next_multiple_of(align);
    memory.resize(at + size, 0);
    at
}

fn put(memory: &mut [u8], at: usize, bytes: &[u8]) {
    memory[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Writes a list's items behind everything else, and its pointer pair at `at`.
pub fn store_list(memory: &mut Vec<u8>, at: usize, item: &GuestType, items: &[Val]) {
    let layout = item.layout();
    let start = room(memory, layout.align.max(1), layout.size * items.len());
    put(memory, at, &(start as u32).to_le_bytes());
    put(memory, at + 4, &(items.len() as u32).to_le_bytes());
    for (index, item_val) in items.iter().enumerate() {
        store(memory, start + index * layout.size, item, item_val);
    }
}

fn store_case(
    memory: &mut Vec<u8>,
    at: usize,
    ty: &GuestType,
    case: (usize, usize),
    payload: Option<(&GuestType, &Val)>,
) {
    let (case, cases) = case;
    put(memory, at, &(case as u32).to_le_bytes()[..discriminant_size(cases)]);
    if let Some((inner, val)) = payload {
        store(memory, at + ty.payload_offset(), inner, val);
    }
}

/// Writes a value at `at`, and what it points to at the end.
pub fn store(memory: &mut Vec<u8>, at: usize, ty: &GuestType, val: &Val) {
    use GuestType as T;
    match (ty, val) {
        (T::Bool, Val::Bool(value)) => put(memory, at, &[u8::from(*value)]),
        (T::S8, Val::S8(value)) => put(memory, at, &value.to_le_bytes()),
        (T::U8, Val::U8(value)) => put(memory, at, &value.to_le_bytes()),
        (T::S16, Val::S16(value)) => put(memory, at, &value.to_le_bytes()),
        (T::U16, Val::U16(value)) => put(memory, at, &value.to_le_bytes()),
        (T::S32, Val::S32(value)) => put(memory, at, &value.to_le_bytes()),
        (T::U32, Val::U32(value)) => put(memory, at, &value.to_le_bytes()),
        (T::S64, Val::S64(value)) => put(memory, at, &value.to_le_bytes()),
        (T::U64, Val::U64(value)) => put(memory, at, &value.to_le_bytes()),
        (T::F32, Val::Float32(value)) => put(memory, at, &value.to_le_bytes()),
        (T::F64, Val::Float64(value)) => put(memory, at, &value.to_le_bytes()),
        (T::Char, Val::Char(value)) => put(memory, at, &u32::from(*value).to_le_bytes()),
        (T::String, Val::String(text)) => {
            let bytes: Vec<Val> = text.bytes().map(Val::U8).collect();
            store_list(memory, at, &T::U8, &bytes);
        }
        (T::List(item), Val::List(items)) => store_list(memory, at, item, items),
        (T::Record(fields), Val::Record(vals)) => {
            for ((offset, (_, ty)), (_, val)) in ty.offsets().into_iter().zip(fields).zip(vals) {
                store(memory, at + offset, ty, val);
            }
        }
        (T::Tuple(items), Val::Tuple(vals)) => {
            for ((offset, ty), val) in ty.offsets().into_iter().zip(items).zip(vals) {
                store(memory, at + offset, ty, val);
            }
        }
        (T::Enum(cases), Val::Enum(name)) => {
            let case = cases.iter().position(|case| case == name).expect("a known case");
            store_case(memory, at, ty, (case, cases.len()), None);
        }
        (T::Variant(cases), Val::Variant(name, payload)) => {
            let case = cases.iter().position(|(case, _)| case == name).expect("a known case");
            store_case(memory, at, ty, (case, cases.len()), cases[case].1.as_ref().zip(payload.as_deref()));
        }
        (T::Option(inner), Val::Option(payload)) => {
            let payload = payload.as_deref().map(|val| (&**inner, val));
            store_case(memory, at, ty, (usize::from(payload.is_some()), 2), payload);
        }
        (T::Result(ok, err), Val::Result(result)) => {
            let (case, inner, payload) = match result {
                Ok(payload) => (0, ok, payload),
                Err(payload) => (1, err, payload),
            };
            store_case(memory, at, ty, (case, 2), inner.as_deref().zip(payload.as_deref()));
        }
        (ty, val) => panic!("{val:?} is no {ty:?}"),
    }
}

fn bytes<const N: usize>(memory: &[u8], at: usize) -> Option<[u8; N]> {
    memory.get(at..)?.first_chunk().copied()
}

fn load_list(memory: &[u8], at: usize, size: usize, align: usize) -> Option<(usize, usize)> {
    let pointer = u32::from_le_bytes(bytes(memory, at)?) as usize;
    let count = u32::from_le_bytes(bytes(memory, at + 4)?) as usize;
    let end = pointer.checked_add(count.checked_mul(size)?)?;
    (pointer.is_multiple_of(align) && end <= memory.len()).then_some((pointer, count))
}

fn load_case(memory: &[u8], at: usize, cases: usize) -> Option<usize> {
    let mut wide = [0; 4];
    let size = discriminant_size(cases);
    wide[..size].copy_from_slice(memory.get(at..at + size)?);
    Some(u32::from_le_bytes(wide) as usize).filter(|case| *case < cases)
}

/// The value at `at`; `None` where the memory breaks the canonical ABI.
pub fn load(memory: &[u8], at: usize, ty: &GuestType) -> Option<Val> {
    use GuestType as T;
    let inner = |inner: &Option<Box<T>>| match inner {
        Some(inner) => load(memory, at + ty.payload_offset(), inner).map(|val| Some(Box::new(val))),
        None => Some(None),
    };
    Some(match ty {
        T::Bool => Val::Bool(bytes(memory, at)? != [0]),
        T::S8 => Val::S8(i8::from_le_bytes(bytes(memory, at)?)),
        T::U8 => Val::U8(u8::from_le_bytes(bytes(memory, at)?)),
        T::S16 => Val::S16(i16::from_le_bytes(bytes(memory, at)?)),
        T::U16 => Val::U16(u16::from_le_bytes(bytes(memory, at)?)),
        T::S32 => Val::S32(i32::from_le_bytes(bytes(memory, at)?)),
        T::U32 => Val::U32(u32::from_le_bytes(bytes(memory, at)?)),
        T::S64 => Val::S64(i64::from_le_bytes(bytes(memory, at)?)),
        T::U64 => Val::U64(u64::from_le_bytes(bytes(memory, at)?)),
        T::F32 => Val::Float32(f32::from_le_bytes(bytes(memory, at)?)),
        T::F64 => Val::Float64(f64::from_le_bytes(bytes(memory, at)?)),
        T::Char => Val::Char(char::from_u32(u32::from_le_bytes(bytes(memory, at)?))?),
        T::String => {
            let (start, count) = load_list(memory, at, 1, 1)?;
            Val::String(String::from_utf8(memory[start..start + count].to_vec()).ok()?)
        }
        T::List(item) => {
            let layout = item.layout();
            let (start, count) = load_list(memory, at, layout.size, layout.align)?;
            let items = (0..count).map(|index| load(memory, start + index * layout.size, item));
            Val::List(items.collect::<Option<_>>()?)
        }
        T::Record(fields) => {
            let field =
                |(offset, (name, ty)): (usize, &(String, T))| Some((name.clone(), load(memory, at + offset, ty)?));
            Val::Record(ty.offsets().into_iter().zip(fields).map(field).collect::<Option<_>>()?)
        }
        T::Tuple(items) => {
            let item = |(offset, ty): (usize, &T)| load(memory, at + offset, ty);
            Val::Tuple(ty.offsets().into_iter().zip(items).map(item).collect::<Option<_>>()?)
        }
        T::Enum(cases) => Val::Enum(cases[load_case(memory, at, cases.len())?].clone()),
        T::Variant(cases) => {
            let (name, payload) = &cases[load_case(memory, at, cases.len())?];
            Val::Variant(name.clone(), inner(&payload.clone().map(Box::new))?)
        }
        T::Option(some) => match load_case(memory, at, 2)? {
            0 => Val::Option(None),
            _ => Val::Option(inner(&Some(some.clone()))?),
        },
        T::Result(ok, err) => match load_case(memory, at, 2)? {
            0 => Val::Result(Ok(inner(ok)?)),
            _ => Val::Result(Err(inner(err)?)),
        },
        T::Own(_) | T::Borrow(_) | T::Other(_) => return None,
    })
}

/// The guest's memory after the image has gone into it, and where the records stand.
pub fn settled(image: &mut Image, source: &[u8]) -> (Vec<u8>, usize) {
    let mut memory = vec![0; 64];
    let mut places = Vec::new();
    for index in 0..image.fixups().len() {
        let fixup = image.fixups()[index];
        let align = match fixup.from {
            From::Source => 1,
            From::Image(align) => usize::from(align),
        };
        places.push(room(&mut memory, align, fixup.len as usize));
        image.set_pointer(index, places[index] as u32);
    }
    for (fixup, place) in image.fixups().iter().zip(places) {
        let (start, len) = (fixup.start as usize, fixup.len as usize);
        match fixup.from {
            From::Source => put(&mut memory, place, &source[start..start + len]),
            From::Image(_) => put(&mut memory, place, image.slice(start, len)),
        }
    }
    let records = image.records().to_vec();
    let at = room(&mut memory, 8, records.len());
    put(&mut memory, at, &records);
    (memory, at)
}

/// How WIT spells the type; types that need a name are added to `named`.
fn spell(ty: &GuestType, named: &mut Vec<String>) -> String {
    use GuestType as T;
    let text = match ty {
        T::List(item) => return format!("list<{}>", spell(item, named)),
        T::Option(inner) => return format!("option<{}>", spell(inner, named)),
        T::Tuple(items) => {
            let items: Vec<String> = items.iter().map(|item| spell(item, named)).collect();
            return format!("tuple<{}>", items.join(", "));
        }
        T::Result(ok, err) => {
            let mut side = |side: &Option<Box<T>>| side.as_ref().map_or("_".to_owned(), |ty| spell(ty, named));
            return match (side(ok), side(err)) {
                (ok, err) if (ok.as_str(), err.as_str()) == ("_", "_") => "result".to_owned(),
                (ok, err) if err == "_" => format!("result<{ok}>"),
                (ok, err) => format!("result<{ok}, {err}>"),
            };
        }
        T::Record(fields) => {
            let fields: String = fields.iter().map(|(name, ty)| format!("%{name}: {}, ", spell(ty, named))).collect();
            format!("record NAME {{ {fields} }}")
        }
        T::Enum(cases) => {
            format!("enum NAME {{ {} }}", cases.iter().map(|case| format!("%{case}, ")).collect::<String>())
        }
        T::Variant(cases) => {
            let mut payload =
                |ty: &Option<T>| ty.as_ref().map_or(String::new(), |ty| format!("({})", spell(ty, named)));
            let cases: String = cases.iter().map(|(name, ty)| format!("%{name}{}, ", payload(ty))).collect();
            format!("variant NAME {{ {cases} }}")
        }
        plain => return plain.describe(),
    };
    let name = format!("n{}", named.len());
    named.push(text.replacen("NAME", &name, 1));
    name
}

/// What the engine sees in this memory, where a list of so many values of the type stands at `at`.
pub fn seen_by_the_engine(memory: &[u8], at: usize, count: usize, ty: &GuestType) -> Vec<Val> {
    let mut named = Vec::new();
    let item = spell(ty, &mut named);
    let world = format!("package test:show; world show {{ {} export show: func() -> list<{item}>; }}", named.join(" "));
    let escaped = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\{byte:02x}")).collect::<String>();
    let pages = memory.len() / 65536 + 1;
    let pair = [(at as u32).to_le_bytes(), (count as u32).to_le_bytes()];
    let module = format!(
        r#"(module (memory (export "memory") {pages})
          (data (i32.const 0) "{}") (data (i32.const 8) "{}")
          (func (export "show") (result i32) (i32.const 8)))"#,
        escaped(memory),
        escaped(pair.as_flattened()),
    );
    match dynamic::call(&wrap(&[&world], &module), "show", &[]) {
        Val::List(values) => values,
        other => panic!("a list is shown, not {other:?}"),
    }
}
