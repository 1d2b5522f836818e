//! Why a record has no output, and what the dead letter says about it.

use super::offline::Rejected;
use super::stages::Stages;
use crate::contract::shape::Role;
use crate::telemetry::metrics::Stage;

/// A record that was rejected.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rejection {
    /// Where on its way.
    pub(super) stage: Stage,
    /// Which of the stages' guests, if it was one.
    pub(super) guest: Option<usize>,
    /// The kind, one word for metrics and headers.
    pub(super) kind: &'static str,
    /// The reason, in words.
    pub(super) why: String,
}

/// A function of a guest as metrics and dead letters name it.
pub(super) fn stage_of(role: Role) -> Stage {
    match role {
        Role::Deserialize => Stage::Deserialize,
        Role::Transform => Stage::Transform,
        Role::Serialize => Stage::Serialize,
    }
}

impl Rejection {
    /// The record is not what its schema, or the first function's type, says.
    pub(super) fn decode(why: String) -> Self {
        Rejection { stage: Stage::Decode, guest: None, kind: "decode", why }
    }

    /// Something at a function of a guest.
    pub(super) fn at(role: Role, guest: usize, kind: &'static str, why: String) -> Self {
        Rejection { stage: stage_of(role), guest: Some(guest), kind, why }
    }

    /// The guest's answer is no record of the output's schema.
    pub(super) fn encode(guest: Option<usize>, why: String) -> Self {
        Rejection { stage: Stage::Encode, guest, kind: "encode", why }
    }

    /// An output cannot be written where the guest wants it, or not as large as it is.
    pub(super) fn sink(kind: &'static str, why: String) -> Self {
        Rejection { stage: Stage::Sink, guest: None, kind, why }
    }
    /// In words that need no list of guests.
    pub(super) fn told(&self, stages: &Stages) -> Rejected {
        Rejected {
            stage: self.stage.as_str(),
            guest: self.guest.and_then(|guest| stages.each.get(guest)).map(|guest| guest.name.clone()),
            kind: self.kind,
            why: self.why.clone(),
        }
    }
}
