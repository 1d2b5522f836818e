//! One per worker: a store, a deadline for each call, and traps turned into errors.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Store, Trap};

use super::component::{Function, Guest};
use super::engine::Engine;
use super::error::{CallError, CallFailure, LoadError};
use super::imports::Schemas;
use super::init;
use super::lane::{Answer, Argument, Held, Lane};
use super::state::{Grants, State};
use crate::contract::shape::Role;
use crate::contract::types::GuestType;
use crate::decode::{Carried, Image, Intake};
use crate::encode::{EncodePlan, OutputLimits, Outputs};
use crate::telemetry::guest_series::GuestSeries;

/// What an instance gets: a pipeline's settings for its guest.
#[derive(Debug, Clone)]
pub struct Allowance {
    /// The pipeline's name, for log lines.
    pub pipeline: String,
    /// The stage's name, for log lines.
    pub stage: String,
    /// Bytes of memory, all memories and tables together.
    pub memory: u64,
    /// For one call, or for coming up.
    pub time: Duration,
    /// Beyond computing.
    pub grants: Grants,
    /// Of an answer.
    pub outputs: OutputLimits,
    /// The stage's table `config`, sorted by key, for guests that were granted it.
    pub config: Arc<[(String, String)]>,
    /// What a guest may ask about, by schema id.
    pub schemas: Arc<Schemas>,
    /// What the guest counts by names of its own; all instances of a stage share it.
    pub series: GuestSeries,
}

/// Host data per call that wasmtime may copy for a guest's imports, in bytes.
const HOSTCALL: usize = 4 << 20;
/// The beginning of the engine's words when that is not enough.
const HOSTCALL_EXCEEDED: &str = "too much data is being copied between the host and the guest";

/// What an instance begins with: more than it can burn.
const FUEL: u64 = u64::MAX;

/// A live guest. After an error it must not be used again.
#[derive(Debug)]
pub struct Instance {
    store: Store<State>,
    /// What it exports, each with its function.
    lanes: Vec<Export>,
    /// Values that stay in the guest.
    held: Held,
    allowance: Arc<Allowance>,
}

#[derive(Debug)]
struct Export {
    role: Role,
    lane: Lane,
    /// The guest owns what it is given, and the host has it no more.
    takes_over: bool,
}

/// What a call is made with.
#[derive(Debug)]
pub struct Call<'a> {
    /// Which function.
    pub role: Role,
    /// Bytes that the image refers to.
    pub source: &'a [u8],
    /// The records, made by `intake`.
    pub image: &'a mut Image,
    /// How they were made.
    pub intake: &'a Intake,
    /// How to read the answer.
    pub plan: &'a Arc<EncodePlan>,
    /// Fields that go past the guest.
    pub past: &'a mut Past,
}

/// Fields that go past the guests, and for each record of a call its row among them; no rows where they are the same.
#[derive(Debug, Default)]
pub struct Past {
    /// The fields of all records.
    pub carried: Carried,
    /// The rows.
    pub rows: Vec<u32>,
}

impl Instance {
    /// Brings up a fresh instance.
    pub fn start(guest: &Guest, allowance: &Arc<Allowance>) -> Result<Instance, LoadError> {
        let failed = |why: String| LoadError::Start { path: guest.path().to_owned(), why };
        let state = State::new(allowance);
        let mut store = Store::new(&guest.engine.inner, state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(HOSTCALL);
        store.set_epoch_deadline(Engine::ticks(allowance.time));
        if guest.engine.metered {
            store.set_fuel(FUEL).map_err(|error| failed(format!("{error:#}")))?;
        }
        let instance = match guest.pre.instantiate(&mut store) {
            Ok(instance) => instance,
            Err(error) => return Err(failed(explain(&mut store, &error, allowance).text)),
        };
        if let Some(init) = &guest.init {
            store.data_mut().begin_call();
            store.set_epoch_deadline(Engine::ticks(allowance.time));
            match init::call(&mut store, &instance, init) {
                Ok(Ok(())) => {}
                Ok(Err(why)) => return Err(failed(format!("its init failed: {why}"))),
                Err(error) => {
                    let why = explain(&mut store, &error, allowance).text;
                    return Err(failed(format!("its init failed: {why}")));
                }
            }
        }
        let mut lanes = Vec::with_capacity(guest.functions().len());
        for Function { role, index, input, .. } in guest.functions() {
            let func = instance.get_func(&mut store, index);
            let func = func.ok_or_else(|| failed(format!("it does not export `{role}`")))?;
            let lane = Lane::new(func, &store).map_err(|error| failed(format!("{error:#}")))?;
            lanes.push(Export { role: *role, lane, takes_over: !lends(input) });
        }
        Ok(Instance { store, lanes, held: Held::new(), allowance: allowance.clone() })
    }

    /// Calls a function with the image's records; `outputs` gets one verdict more for each of them, and their outputs.
    pub fn call(&mut self, call: Call<'_>, outputs: &mut Outputs) -> Result<(), CallError> {
        let Call { role, source, image, intake, plan, past } = call;
        let Some(export) = self.lanes.iter().find(|export| export.role == role) else {
            let text = format!("the guest does not export `{role}`");
            return Err(CallError { kind: CallFailure::Result, text });
        };
        self.store.data_mut().begin_call();
        self.store.set_epoch_deadline(Engine::ticks(self.allowance.time));
        outputs.handles.clear();
        let answer = Answer {
            plan: plan.clone(),
            records: image.count(),
            carried: std::mem::take(&mut past.carried),
            rows: std::mem::take(&mut past.rows),
            limits: self.allowance.outputs,
            outputs: std::mem::take(outputs),
            held: std::mem::take(&mut self.held),
            broken: None,
        };
        let handle_at = intake.handle_at().unwrap_or_default();
        let argument =
            Argument { source, image: &mut *image, align: intake.align(), handle_at, stride: intake.stride() };
        let (answer, done) = export.lane.call(&mut self.store, argument, answer);
        let mut broken = None;
        if let Some(answer) = answer {
            *outputs = answer.outputs;
            (past.carried, past.rows) = (answer.carried, answer.rows);
            self.held = answer.held;
            broken = answer.broken;
        }
        if export.takes_over {
            for (_, handle) in image.handles() {
                self.held.forget(*handle);
            }
        }
        let result = |text: String| Err(CallError { kind: CallFailure::Result, text });
        match (done, broken) {
            (_, Some(broken)) => result(broken.to_string()),
            (Err(error), None) => Err(explain(&mut self.store, &error, &self.allowance)),
            (Ok(()), None) => Ok(()),
        }
    }

    /// Gives back every value that the guest still keeps for the host.
    pub fn release(&mut self) -> Result<(), CallError> {
        if self.held.is_empty() {
            return Ok(());
        }
        self.store.data_mut().begin_call();
        self.store.set_epoch_deadline(Engine::ticks(self.allowance.time));
        for resource in self.held.drain() {
            if let Err(error) = resource.resource_drop(&mut self.store) {
                return Err(explain(&mut self.store, &error, &self.allowance));
            }
        }
        Ok(())
    }

    /// Units of fuel that it has burnt since it was made; `None` where the engine does not count them.
    pub fn burnt(&self) -> Option<u64> {
        self.store.get_fuel().ok().map(|left| FUEL - left)
    }

    /// Bytes of memory and tables that the instance has.
    pub fn memory(&self) -> usize {
        self.store.data().limiter.used()
    }
}

/// Whether a function that takes this gives the value back after the call.
fn lends(ty: &GuestType) -> bool {
    match ty {
        GuestType::Borrow(_) => true,
        GuestType::Option(inner) => lends(inner),
        GuestType::Record(fields) => fields.iter().any(|(name, ty)| name == "value" && lends(ty)),
        _ => false,
    }
}

/// What a failed call means to the people who read about it.
fn explain(store: &mut Store<State>, error: &wasmtime::Error, allowance: &Allowance) -> CallError {
    let state = store.data_mut();
    let words = state.last_words();
    let trap = error.downcast_ref::<Trap>();
    let failure = |kind, text| CallError { kind, text };
    if trap == Some(&Trap::Interrupt) {
        let text = format!("the guest ran longer than its time limit of {:?}", allowance.time);
        return failure(CallFailure::Timeout, text);
    }
    if state.limiter.refused() {
        let text = format!("the guest wanted more memory than its limit of {} MiB", allowance.memory >> 20);
        return failure(CallFailure::Memory, text);
    }
    let denied = state.denied.take().is_some();
    let why = error.root_cause().to_string();
    match trap {
        // The host's own refusals say more than what the guest happened to print before.
        None if denied => failure(CallFailure::Trap, why),
        _ if !words.is_empty() => failure(CallFailure::Trap, words),
        Some(trap) => {
            let why = trap.to_string();
            let why = why.strip_prefix("wasm trap: ").unwrap_or(&why);
            failure(CallFailure::Trap, format!("the guest trapped: {why}"))
        }
        None if why.starts_with(HOSTCALL_EXCEEDED) => {
            let text = format!("the guest handed the host more than {} MiB in one call of an import", HOSTCALL >> 20);
            failure(CallFailure::Trap, text)
        }
        None if why.starts_with("the guest") => failure(CallFailure::Trap, why),
        None => failure(CallFailure::Result, format!("the guest broke the canonical ABI: {why}")),
    }
}
