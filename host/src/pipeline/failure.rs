//! What ends a pipeline, and the exit code that tells a script so.

use thiserror::Error;

/// Why a pipeline stopped.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Failure {
    /// A record was rejected, and the policy is to stop.
    #[error(
        "{at} was rejected ({kind}): {why}\n  the pipeline stops before it, as `[errors] reject = \"stop\"` says; \
         `skip` or `dead-letter` would go on"
    )]
    Rejected {
        /// Topic, partition and offset.
        at: String,
        /// The kind of rejection.
        kind: &'static str,
        /// The reason.
        why: String,
    },
    /// The guest said so.
    #[error("the guest halted the pipeline at {at}: {why}")]
    Halted {
        /// Topic, partition and offset.
        at: String,
        /// The guest's reason.
        why: String,
    },
    /// The guest asked to try again.
    #[error(
        "the guest asked to retry {at}: {why}\n  retrying is not yet supported; the pipeline stops without committing the record"
    )]
    Retry {
        /// Topic, partition and offset.
        at: String,
        /// The guest's reason.
        why: String,
    },
    /// Another producer has the transactional id.
    #[error(
        "another instance has taken over the transactional id `{id}`, so this one is fenced and stops: {why}\n  two \
         instances with one id end each other; give each its own `transactional-id` in [pipeline]"
    )]
    Fenced {
        /// The id.
        id: String,
        /// What the client says.
        why: String,
    },
    /// No instance of the guest comes up.
    #[error("{0}")]
    Guest(String),
    /// Kafka refuses something for good.
    #[error("{0}")]
    Kafka(String),
    /// Kafka cannot be reached, or has not what the pipeline needs.
    #[error("{0}")]
    Environment(String),
    /// The host itself.
    #[error("{0}")]
    Host(String),
}

impl Failure {
    /// 1 runtime, 3 environment; see the README's table of exit codes.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Environment(_) => 3,
            _ => 1,
        }
    }
}
