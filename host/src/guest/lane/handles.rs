//! Handles to values that stay in the guest, in and out. wasmtime keeps the books: a handle that was given away, never
//! existed or is of another type is an error there.

use std::sync::atomic::{AtomicU32, Ordering};

use wasmtime::component::__internal::{InterfaceType, LiftContext, LowerContext};
use wasmtime::component::{Lift, Lower, ResourceAny};
use wasmtime::{Result, bail};

/// Values that stay in one instance of a guest; none where one was given back.
#[derive(Debug, Clone, Default)]
pub(in crate::guest) struct Held {
    values: Vec<Option<ResourceAny>>,
    /// The number of the first.
    first: u32,
}

/// Numbers that an instance has for its values, far more than one walk of a batch needs.
const NUMBERS: u32 = 1 << 22;
/// The first number of the next instance.
static NEXT: AtomicU32 = AtomicU32::new(0);

impl Held {
    /// For a fresh instance. Its numbers are not those of the one before, whose values went with it.
    pub(in crate::guest) fn new() -> Held {
        Held { values: Vec::new(), first: NEXT.fetch_add(NUMBERS, Ordering::Relaxed) }
    }

    /// Whether there is nothing to give back.
    pub(in crate::guest) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Takes all of them.
    pub(in crate::guest) fn drain(&mut self) -> impl Iterator<Item = ResourceAny> + use<> {
        std::mem::take(&mut self.values).into_iter().flatten()
    }

    /// The guest has the value back.
    pub(in crate::guest) fn forget(&mut self, number: u32) {
        self.values.get_mut(number.wrapping_sub(self.first) as usize).map(Option::take);
    }

    /// The number that the next value gets.
    pub(super) fn next(&self) -> u32 {
        self.first.wrapping_add(self.values.len() as u32)
    }

    fn get(&self, number: u32) -> Option<&ResourceAny> {
        self.values.get(number.wrapping_sub(self.first) as usize)?.as_ref()
    }
}

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
    held: &Held,
) -> Result<()> {
    let ty = handle_type!(cx.types, list);
    for (record, handle) in handles {
        let Some(resource) = held.get(*handle) else {
            bail!("the guest does not keep a record's value any more: it was given back, or the instance was replaced")
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
pub(super) fn lift(cx: &mut LiftContext<'_>, list: InterfaceType, handles: &[u32], held: &mut Held) -> Result<()> {
    if handles.is_empty() {
        return Ok(());
    }
    let ty = handle_type!(cx.types, list);
    for handle in handles {
        held.values.push(Some(ResourceAny::linear_lift_from_memory(cx, ty, &handle.to_le_bytes())?));
    }
    Ok(())
}
