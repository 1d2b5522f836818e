//! The typed lane: a batch's image goes into the guest's memory, and the guest's answer is encoded straight out of it.
//!
//! This is the one place that stands on wasmtime's doc-hidden lowering and lifting traits (wasmtime 48, pinned in
//! Cargo.lock), and the only `unsafe` around guests. Everything that interprets bytes is safe code elsewhere:
//! `decode` builds the image, `encode` reads the guest's memory as a slice.

mod handles;

use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex};

use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, LowerContext};
use wasmtime::component::{ComponentType, Func, Lift, Lower, TypedFunc};
use wasmtime::{Result, Store, ValRaw, bail};

use crate::decode::{Carried, From, Image};
use crate::encode::{Broken, EncodePlan, OutputLimits, Outputs, Returned, Rows};
use crate::fault::{self, Point};
pub(super) use handles::Held;
use handles::Records;

/// A guest's function of the shape `func(list<T>) -> list<result<U, fault>>`, ready to be called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lane {
    func: Func,
}

/// What a call answers into. It travels with the call and comes back, so that its buffers are reused.
#[derive(Debug)]
pub(super) struct Answer {
    /// How to read the answer.
    pub(super) plan: Arc<EncodePlan>,
    /// Fields that went past the guest, and for each record its row among them, where they differ.
    pub(super) carried: Carried,
    pub(super) rows: Vec<u32>,
    /// Records that the guest got.
    pub(super) records: usize,
    /// Bounds of the answer.
    pub(super) limits: OutputLimits,
    /// Where values and verdicts go.
    pub(super) outputs: Outputs,
    /// Values that stay in the guest; those of the answer are added.
    pub(super) held: Held,
    /// What the guest broke, if it did.
    pub(super) broken: Option<Broken>,
}

/// What a call gives to the guest.
pub(super) struct Argument<'a> {
    /// Bytes that the image refers to.
    pub(super) source: &'a [u8],
    /// The records.
    pub(super) image: &'a mut Image,
    /// Their alignment.
    pub(super) align: usize,
    /// Where a handle stands in each, if it is one.
    pub(super) handle_at: usize,
    /// Bytes from record to record.
    pub(super) stride: usize,
}

thread_local! {
    /// The answer of the call in progress. Lifting has no other way to reach the caller: its trait gives it the guest's
    /// memory and nothing else, and that memory is freed by the guest before the call returns.
    static ANSWER: RefCell<Option<Answer>> = const { RefCell::new(None) };
}

impl Lane {
    /// Takes a function whose type the caller has matched: one list in, one list out.
    pub(super) fn new<T: 'static>(func: Func, store: &Store<T>) -> Result<Lane> {
        func.typed::<(Batch<'static>,), (Answered,)>(store)?;
        Ok(Lane { func })
    }

    /// Calls the guest with the image's records. Whatever happens, the answer comes back with its buffers.
    pub(super) fn call<T: 'static>(
        &self,
        store: &mut Store<T>,
        argument: Argument<'_>,
        answer: Answer,
    ) -> (Option<Answer>, Result<()>) {
        ANSWER.set(Some(answer));
        // SAFETY: `new` has checked this function against these parameter and result types; the lifetime of `Batch`
        // takes no part in that check.
        let func: TypedFunc<(Batch<'_>,), (Answered,)> = unsafe { TypedFunc::new_unchecked(self.func) };
        let batch = Batch { argument: Mutex::new(argument) };
        let done = func.call(store, (batch,));
        (ANSWER.take(), done.map(drop))
    }
}

/// The argument: a list of records whose image is ready.
struct Batch<'a> {
    /// A mutex only because wasmtime wants arguments that could be shared; it is never contended.
    argument: Mutex<Argument<'a>>,
}

impl Batch<'_> {
    fn write<T: 'static>(&self, cx: &mut LowerContext<'_, T>, ty: InterfaceType) -> Result<(usize, usize)> {
        let Ok(mut argument) = self.argument.try_lock() else { bail!("a batch was lowered twice") };
        let Argument { source, image, align, handle_at, stride } = &mut *argument;
        // First all memory is asked for, which calls the guest each time; then all bytes are copied in one go. A list's
        // pointers are all set before it is copied itself.
        let mut asks_for_nothing = true;
        for index in 0..image.fixups().len() {
            let fixup = image.fixups()[index];
            let align = match fixup.from {
                From::Source => 1,
                From::Image(align) => align.into(),
            };
            if fixup.len == 0 && !asks_for_nothing {
                image.set_pointer(index, align);
                continue;
            }
            let pointer = cx.realloc(0, 0, align, fixup.len as usize)?;
            // An allocator that answers the alignment has nothing to take back. It is asked once.
            asks_for_nothing &= fixup.len > 0 || pointer != align as usize;
            image.set_pointer(index, u32::try_from(pointer)?);
        }
        let records = image.records();
        let start = cx.realloc(0, 0, u32::try_from(*align)?, records.len())?;
        let memory = cx.as_slice_mut();
        copy(memory, start, records)?;
        for fixup in image.fixups() {
            let bytes = match fixup.from {
                From::Source => &source[fixup.start as usize..][..fixup.len as usize],
                From::Image(_) => image.slice(fixup.start as usize, fixup.len as usize),
            };
            copy(memory, image.pointer(fixup), bytes)?;
        }
        let records = Records { start, stride: *stride, handle_at: *handle_at };
        if !image.handles().is_empty() {
            ANSWER.with_borrow(|answer| {
                let Some(answer) = answer else { bail!("a guest was called without an answer to fill") };
                handles::lower(cx, ty, records, image.handles(), &answer.held)
            })?;
        }
        Ok((start, image.count()))
    }
}

/// Copies to memory that `realloc` has given, and so checked.
#[inline]
fn copy(memory: &mut [u8], pointer: usize, bytes: &[u8]) -> Result<()> {
    match memory.get_mut(pointer..).and_then(|rest| rest.get_mut(..bytes.len())) {
        Some(place) => place.copy_from_slice(bytes),
        None => bail!("the guest's allocator gave memory outside of its own"),
    }
    Ok(())
}

// SAFETY: `ABI` and `Lower` are those of the canonical ABI's list, a pointer and a length; `typecheck` admits nothing but
// lists. That the elements' bytes are right is not a matter of memory safety: the guest reads its own memory.
unsafe impl ComponentType for Batch<'_> {
    type Lower = [ValRaw; 2];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::POINTER_PAIR;

    fn typecheck(ty: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        only_list(ty)
    }
}

// SAFETY: both methods write every byte of the lowered pair, and the pair names memory that the guest's `realloc` gave
// and wasmtime checked to lie within the guest's memory.
unsafe impl Lower for Batch<'_> {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        dst: &mut MaybeUninit<[ValRaw; 2]>,
    ) -> Result<()> {
        let (pointer, count) = self.write(cx, ty)?;
        dst.write([ValRaw::i64(pointer as i64), ValRaw::i64(count as i64)]);
        Ok(())
    }

    fn linear_lower_to_memory<T>(&self, cx: &mut LowerContext<'_, T>, ty: InterfaceType, offset: usize) -> Result<()> {
        let (pointer, count) = self.write(cx, ty)?;
        let pair = [u32::try_from(pointer)?.to_le_bytes(), u32::try_from(count)?.to_le_bytes()];
        copy(cx.as_slice_mut(), offset, pair.as_flattened())
    }
}

/// The result: nothing by itself, since what the guest answered has gone into the call's [`Answer`].
struct Answered;

// SAFETY: as for `Batch`.
unsafe impl ComponentType for Answered {
    type Lower = [ValRaw; 2];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::POINTER_PAIR;

    fn typecheck(ty: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        only_list(ty)
    }
}

// SAFETY: lifting reads the guest's memory through a checked slice, and makes no value out of it.
unsafe impl Lift for Answered {
    fn linear_lift_from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, src: &[ValRaw; 2]) -> Result<Self> {
        read(cx, ty, src[0].get_u32(), src[1].get_u32())
    }

    fn linear_lift_from_memory(cx: &mut LiftContext<'_>, ty: InterfaceType, bytes: &[u8]) -> Result<Self> {
        match bytes {
            [a, b, c, d, e, f, g, h] => {
                read(cx, ty, u32::from_le_bytes([*a, *b, *c, *d]), u32::from_le_bytes([*e, *f, *g, *h]))
            }
            _ => bail!("a list is a pointer and a length"),
        }
    }
}

fn read(cx: &mut LiftContext<'_>, ty: InterfaceType, pointer: u32, count: u32) -> Result<Answered> {
    let memory = cx.memory();
    ANSWER.with_borrow_mut(|answer| {
        let Some(answer) = answer else { bail!("a guest answered outside of a call") };
        let Answer { plan, carried, rows, records, limits, outputs, held, broken } = answer;
        let rows = Rows { carried, rows };
        outputs.first_handle = held.next();
        if let Err(error) = plan.encode(Returned { memory, pointer, count }, *records, rows, *limits, outputs) {
            *broken = Some(error);
            bail!("the guest broke the canonical ABI");
        }
        handles::lift(cx, ty, &outputs.handles, held)?;
        fault::point(Point::InGuest);
        Ok(Answered)
    })
}

fn only_list(ty: &InterfaceType) -> Result<()> {
    match ty {
        InterfaceType::List(_) => Ok(()),
        _ => bail!("expected a list"),
    }
}
