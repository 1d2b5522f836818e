//! The command line that all native contenders take.

use crate::{Result, RigError};

/// `--brokers B --input T --output T --group G --schemas DIR [--schema-id N]`
#[derive(Debug, Clone)]
pub struct Arguments {
    /// `host:port`.
    pub brokers: String,
    /// The topic to read.
    pub input: String,
    /// The topic to write.
    pub output: String,
    /// The consumer group.
    pub group: String,
    /// The folder of `payment.avsc` and `enriched.avsc`.
    pub schemas: String,
    /// The id that stands before the values written.
    pub schema_id: u32,
}

impl Arguments {
    /// Those of this process.
    pub fn of_process() -> Result<Arguments> {
        let all: Vec<String> = std::env::args().skip(1).collect();
        let find = |name: &str| all.chunks(2).find(|pair| pair[0] == name).and_then(|pair| pair.get(1)).cloned();
        let need = |name: &str| find(name).ok_or_else(|| RigError::new(format!("{name} is missing")));
        let id = find("--schema-id").map_or(Ok(2), |id| id.parse());
        Ok(Arguments {
            brokers: need("--brokers")?,
            input: need("--input")?,
            output: need("--output")?,
            group: need("--group")?,
            schemas: need("--schemas")?,
            schema_id: id.map_err(RigError::doing("--schema-id"))?,
        })
    }
}
