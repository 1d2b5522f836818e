//! One per worker: a store, a deadline for each call, and traps turned into errors.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Store, Trap};

use super::component::Guest;
use super::engine::Engine;
use super::error::{CallError, CallFailure, LoadError};
use super::lane::{Answer, Lane};
use super::state::{Grants, State};
use crate::decode::Image;
use crate::encode::{EncodePlan, OutputLimits, Outputs};

/// What an instance gets: a pipeline's settings for its guest.
#[derive(Debug, Clone)]
pub struct Allowance {
    /// The pipeline's name, for log lines.
    pub pipeline: String,
    /// Bytes of memory, all memories and tables together.
    pub memory: u64,
    /// For one call, or for coming up.
    pub time: Duration,
    /// Beyond computing.
    pub grants: Grants,
    /// Of an answer.
    pub outputs: OutputLimits,
}

/// Host data per call that wasmtime may copy for a guest's imports, in bytes.
const HOSTCALL: usize = 4 << 20;

/// A live guest. After an error it must not be used again.
#[derive(Debug)]
pub struct Instance {
    store: Store<State>,
    lane: Lane,
    allowance: Arc<Allowance>,
}

impl Instance {
    /// Brings up a fresh instance.
    pub fn start(guest: &Guest, allowance: &Arc<Allowance>) -> Result<Instance, LoadError> {
        let failed = |why: String| LoadError::Start { path: guest.path().to_owned(), why };
        let state = State::new(&allowance.pipeline, allowance.memory, allowance.grants);
        let mut store = Store::new(&guest.engine.inner, state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(HOSTCALL);
        store.set_epoch_deadline(Engine::ticks(allowance.time));
        let instance = match guest.pre.instantiate(&mut store) {
            Ok(instance) => instance,
            Err(error) => return Err(failed(explain(&mut store, &error, allowance).text)),
        };
        let transform = instance.get_func(&mut store, guest.transform);
        let transform = transform.ok_or_else(|| failed("it does not export `transform`".into()))?;
        let lane = Lane::new(transform, &store).map_err(|error| failed(format!("{error:#}")))?;
        Ok(Instance { store, lane, allowance: allowance.clone() })
    }

    /// Calls `transform` with the image's records; `outputs` gets one verdict for each of them.
    pub fn transform(
        &mut self,
        source: &[u8],
        image: &mut Image,
        align: u32,
        plan: &Arc<EncodePlan>,
        outputs: &mut Outputs,
    ) -> Result<(), CallError> {
        self.store.data_mut().begin_call();
        self.store.set_epoch_deadline(Engine::ticks(self.allowance.time));
        outputs.clear();
        let answer = Answer {
            plan: plan.clone(),
            records: image.count(),
            carried: image.take_carried(),
            limits: self.allowance.outputs,
            outputs: std::mem::take(outputs),
            broken: None,
        };
        let (answer, done) = self.lane.call(&mut self.store, source, image, align, answer);
        let mut broken = None;
        if let Some(answer) = answer {
            *outputs = answer.outputs;
            image.return_carried(answer.carried);
            broken = answer.broken;
        }
        let result = |text: String| Err(CallError { kind: CallFailure::Result, text });
        match (done, broken) {
            (_, Some(broken)) => result(broken.to_string()),
            (Err(error), None) => Err(explain(&mut self.store, &error, &self.allowance)),
            (Ok(()), None) => Ok(()),
        }
    }

    /// Bytes of memory and tables that the instance has.
    pub fn memory(&self) -> usize {
        self.store.data().limiter.used()
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
        None if why.starts_with("the guest") => failure(CallFailure::Trap, why),
        None => failure(CallFailure::Result, format!("the guest broke the canonical ABI: {why}")),
    }
}
