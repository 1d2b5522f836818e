//! Handles to values that stay in the guest, in and out. wasmtime keeps the books: a handle that was given away, never
//! existed or is of another type is an error there.

use wasmtime::component::__internal::{InterfaceType, LiftContext, LowerContext};
use wasmtime::component::{Lift, Lower, ResourceAny};
use wasmtime::{Result, bail};

/// Finds the handle's type within the element of a list: the element itself, or a record's field `value`, either perhaps
/// in an `option`, in a `list` of outputs or in the `ok` of a result.
macro_rules! handle_type {
    ($types:expr, $list:expr) => {{
        let types = $types;
        let mut ty = $list;
        loop {
            ty = match ty {
                InterfaceType::List(list) => types[list].element,
                InterfaceType::Option(option) => types[option].ty,
                InterfaceType::Result(result) => match types[result].ok {
                    Some(ok) => ok,
                    None => bail!("a result without a value has no handle"),
                },
                InterfaceType::Record(record) => {
                    let value = types[record].fields.iter().find(|field| &*field.name == "value");
                    match value {
                        Some(field) => field.ty,
                        None => bail!("a record without `value` has no handle"),
                    }
                }
                InterfaceType::Own(_) | InterfaceType::Borrow(_) => break ty,
                _ => bail!("expected a handle"),
            };
        }
    }};
}

/// Writes the handles into records that are in guest memory already. `handles` names records and values of `held`.
pub(super) fn lower<T: 'static>(
    cx: &mut LowerContext<'_, T>,
    list: InterfaceType,
    records: Records,
    handles: &[(u32, u32)],
    held: &[Option<ResourceAny>],
) -> Result<()> {
    let ty = handle_type!(cx.types, list);
    for (record, handle) in handles {
        let Some(Some(resource)) = held.get(*handle as usize) else {
            bail!("a value of the guest was given away twice")
        };
        let at = records.start + *record as usize * records.stride + records.handle_at;
        resource.linear_lower_to_memory(cx, ty, at)?;
    }
    Ok(())
}

/// Where records stand in guest memory, and the handle in each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Records {
    pub(super) start: usize,
    pub(super) stride: usize,
    pub(super) handle_at: usize,
}

/// Takes over the handles that a guest gave, by its own numbers for them.
pub(super) fn lift(
    cx: &mut LiftContext<'_>,
    list: InterfaceType,
    handles: &[u32],
    held: &mut Vec<Option<ResourceAny>>,
) -> Result<()> {
    if handles.is_empty() {
        return Ok(());
    }
    let ty = handle_type!(cx.types, list);
    for handle in handles {
        held.push(Some(ResourceAny::linear_lift_from_memory(cx, ty, &handle.to_le_bytes())?));
    }
    Ok(())
}
