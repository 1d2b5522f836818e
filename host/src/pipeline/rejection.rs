//! Why a record has no output, and what the dead letter says about it.

use crate::telemetry::metrics::Stage;

/// A record that was rejected.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rejection {
    /// Where on its way.
    pub(super) stage: Stage,
    /// The kind, one word for metrics and headers.
    pub(super) kind: &'static str,
    /// The reason, in words.
    pub(super) why: String,
}

impl Rejection {
    /// The value is not what its schema says.
    pub(super) fn decode(why: String) -> Self {
        Rejection { stage: Stage::Decode, kind: "decode", why }
    }

    /// The guest said no.
    pub(super) fn guest(why: String) -> Self {
        Rejection { stage: Stage::Guest, kind: "reject", why }
    }

    /// The call did not come back.
    pub(super) fn call(kind: &'static str, why: String) -> Self {
        Rejection { stage: Stage::Guest, kind, why }
    }

    /// The guest's answer is no record of the output's schema.
    pub(super) fn encode(why: String) -> Self {
        Rejection { stage: Stage::Encode, kind: "encode", why }
    }

    /// Kafka would not take the output.
    pub(super) fn too_large(why: String) -> Self {
        Rejection { stage: Stage::Sink, kind: "too-large", why }
    }
}
