//! Headers that say which record an output was made from. The host puts them, so no guest can say another origin.

use std::sync::Arc;

use super::flow::{Item, Unit};
use super::partitions::Partition;
use super::shared::Shared;
use crate::record::Batch;

/// The headers of one output, as the producer takes them.
pub(super) type Headers<'a> = [(&'a [u8], Option<&'a [u8]>); 3];

/// What the headers of a call's outputs say.
pub(super) struct Origins(Vec<Said>);

struct Said {
    partition: Option<Arc<Partition>>,
    number: String,
    offset: String,
}

impl Origins {
    /// For each output; nothing where the pipeline does not want them.
    pub(super) fn of(shared: &Shared, batch: &Batch, units: &[Unit], items: &[Item]) -> Origins {
        if !shared.sink.origin_headers {
            return Origins(Vec::new());
        }
        let said = |unit: &Unit| {
            let record = batch.get(items[unit.item].index);
            let partition = shared.partitions.get(record.slot());
            let number = partition.as_ref().map_or_else(String::new, |partition| partition.name.partition.to_string());
            Said { partition, number, offset: record.offset().to_string() }
        };
        Origins(units.iter().map(said).collect())
    }

    /// The headers, by the numbers of the outputs.
    pub(super) fn headers(&self) -> Vec<Headers<'_>> {
        self.0.iter().map(Said::headers).collect()
    }
}

impl Said {
    fn headers(&self) -> Headers<'_> {
        let topic = self.partition.as_ref().map_or("", |partition| partition.name.topic.as_str());
        [
            (b"millstream.origin.topic", Some(topic.as_bytes())),
            (b"millstream.origin.partition", Some(self.number.as_bytes())),
            (b"millstream.origin.offset", Some(self.offset.as_bytes())),
        ]
    }
}
