//! Commits positions through the consumer's membership in its group.

use std::time::Duration;

use thiserror::Error;

use crate::kafka::TopicPartition;
use crate::kafka::error::{Code, ErrorClass};
use crate::kafka::native::{CommitAnswer, Group, PartitionRow, Partitions};

/// Commits for one consumer. Cheap to clone; works from any thread, also from inside the rebalance events.
#[derive(Clone)]
pub struct OffsetCommitter {
    group: Group,
    patience: Duration,
}

/// Why positions were not committed. None of these loses anything: what is not committed is read again.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CommitError {
    /// Another member owns the partitions, or soon will; these positions are not ours to commit any more.
    #[error("the group has moved on and does not take these offsets: {reason}")]
    Fenced {
        /// What the broker said.
        reason: String,
    },
    /// The group is being reordered; what is still ours afterwards can be committed then.
    #[error("the group is rebalancing; the offsets can be committed after it")]
    Rebalancing,
    /// Worth trying again.
    #[error("the offsets were not committed: {reason}; will be tried again")]
    Transient {
        /// What went wrong.
        reason: String,
    },
    /// No answer in time; it may or may not have happened.
    #[error("the broker did not answer a commit within {} ms; will be tried again", .patience.as_millis())]
    Late {
        /// The time it was given.
        patience: Duration,
    },
    /// The broker refuses.
    #[error("the broker refuses to let this group commit: {reason}; check what these credentials may do")]
    Unauthorized {
        /// What it said.
        reason: String,
    },
    /// Anything else.
    #[error("the offsets cannot be committed: {reason} ({name})")]
    Fatal {
        /// librdkafka's name of the error.
        name: String,
        /// What happened.
        reason: String,
    },
}

/// Codes that say "no longer yours".
const FENCED: &[&str] = &[
    "ILLEGAL_GENERATION",
    "UNKNOWN_MEMBER_ID",
    "FENCED_INSTANCE_ID",
    "FENCED_MEMBER_EPOCH",
    "STALE_MEMBER_EPOCH",
    "_ASSIGNMENT_LOST",
];

impl OffsetCommitter {
    /// Commits through this membership, waiting at most `patience` for each answer.
    pub fn new(group: Group, patience: Duration) -> OffsetCommitter {
        OffsetCommitter { group, patience }
    }

    /// Commits, for each partition, the offset of the next record to process (one past the last that is done), and
    /// waits for the answer. Committing nothing is done at once.
    ///
    /// If some partitions are refused, the others may have been committed; trying all again does no harm.
    pub fn commit(&self, offsets: &[(TopicPartition, i64)]) -> Result<(), CommitError> {
        if offsets.is_empty() {
            return Ok(());
        }
        if self.group.client.has_left() {
            return Err(CommitError::Fenced { reason: "this consumer has left it".to_owned() });
        }
        let mut list = Partitions::new();
        for (partition, next) in offsets {
            list.add(partition, *next, self.group.epochs.before(partition, *next));
        }
        match self.group.client.commit(&list, self.patience) {
            CommitAnswer::Late => Err(CommitError::Late { patience: self.patience }),
            CommitAnswer::Answered(code, rows) => sort(code, rows),
        }
    }
}

fn sort(code: Code, rows: Vec<PartitionRow>) -> Result<(), CommitError> {
    let refused = rows.into_iter().find(|row| row.code != Code::NONE);
    let (code, place) = match refused {
        Some(row) => (row.code, format!("{} at {}: ", row.partition, row.offset)),
        None if code == Code::NONE => return Ok(()),
        None => (code, String::new()),
    };
    let reason = format!("{place}{}", code.text());
    if code == Code::REBALANCE_IN_PROGRESS {
        return Err(CommitError::Rebalancing);
    }
    let name = code.name();
    if FENCED.contains(&name.as_str()) {
        return Err(CommitError::Fenced { reason });
    }
    Err(match code.class() {
        ErrorClass::Transient => CommitError::Transient { reason },
        ErrorClass::Unauthorized => CommitError::Unauthorized { reason },
        _ => CommitError::Fatal { name, reason },
    })
}

#[cfg(test)]
mod tests {
    use rdkafka_sys::rd_kafka_resp_err_t as Raw;

    use super::*;

    fn text(raw: Raw) -> String {
        let row = PartitionRow { partition: TopicPartition::new("t", 2), offset: 7, code: Code(raw as i32) };
        sort(Code::NONE, vec![row]).expect_err("refused").to_string()
    }

    #[test]
    fn each_refusal_says_what_it_means() {
        assert_eq!(
            text(Raw::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION),
            "the group has moved on and does not take these offsets: t[2] at 7: Specified group generation id is not \
             valid"
        );
        assert_eq!(
            text(Raw::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS),
            "the group is rebalancing; the offsets can be committed after it"
        );
        let text_of_retry = text(Raw::RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
        assert!(text_of_retry.ends_with("Coordinator not available; will be tried again"), "{text_of_retry}");
        let refused = text(Raw::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
        assert!(refused.starts_with("the broker refuses to let this group commit: t[2] at 7: "), "{refused}");
        let fatal = text(Raw::RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE);
        assert!(fatal.ends_with("(OFFSET_METADATA_TOO_LARGE)"), "{fatal}");
    }

    #[test]
    fn fenced_names_are_librdkafkas() {
        for raw in [
            Raw::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
            Raw::RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,
            Raw::RD_KAFKA_RESP_ERR_FENCED_MEMBER_EPOCH,
            Raw::RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH,
            Raw::RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST,
        ] {
            assert!(text(raw).starts_with("the group has moved on"), "{}", text(raw));
        }
    }
}
