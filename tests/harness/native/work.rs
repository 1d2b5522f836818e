//! The work on one record, natively: decode with owned fields, enrich, encode, with the fastest Avro crate for serde.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_avro_fast::Schema;
use serde_avro_fast::ser::SerializerConfig;

use crate::{Result, RigError, frame};

#[derive(Deserialize, Serialize)]
#[expect(clippy::upper_case_acronyms, reason = "the schema's symbols")]
enum Currency {
    EUR,
    USD,
    GBP,
}

#[derive(Deserialize)]
struct Payment {
    id: String,
    account: String,
    amount: i64,
    currency: Currency,
    ts: i64,
    note: Option<String>,
    tags: Vec<String>,
    rate: f64,
    country: String,
    seq: i32,
}

#[derive(Serialize)]
struct Enriched {
    id: String,
    account: String,
    amount: i64,
    currency: Currency,
    ts: i64,
    note: Option<String>,
    tags: Vec<String>,
    rate: f64,
    country: String,
    seq: i32,
    amount_eur: f64,
    risk: i32,
}

/// The two schemas.
pub struct Work {
    payment: Schema,
    enriched: Schema,
    schema_id: u32,
}

/// Works on one record after the other; kept between records because it keeps the encoder's buffers.
pub struct Worker<'w> {
    work: &'w Work,
    encoder: SerializerConfig<'w>,
}

impl Work {
    /// Reads the schemas of a folder; values are written with this id before them.
    pub fn load(folder: &Path, schema_id: u32) -> Result<Work> {
        let read = |name: &str| {
            let path = folder.join(name);
            let text =
                std::fs::read_to_string(&path).map_err(RigError::doing(format!("reading {}", path.display())))?;
            text.parse::<Schema>().map_err(RigError::doing(format!("reading {}", path.display())))
        };
        Ok(Work { payment: read("payment.avsc")?, enriched: read("enriched.avsc")?, schema_id })
    }

    /// A worker on these schemas.
    pub fn worker(&self) -> Worker<'_> {
        Worker { work: self, encoder: SerializerConfig::new(&self.enriched) }
    }
}

impl Worker<'_> {
    /// Appends what becomes of a framed payment. An error is a record that cannot be worked on.
    pub fn enrich(&mut self, framed: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let Some((&[0, _, _, _, _], datum)) = framed.split_first_chunk::<5>() else {
            return Err(RigError::new("no frame"));
        };
        let payment: Payment =
            serde_avro_fast::from_datum_slice(datum, &self.work.payment).map_err(RigError::doing("decoding"))?;
        if payment.amount < 0 {
            return Err(RigError::new(format!("negative amount {}", payment.amount)));
        }
        frame(self.work.schema_id, out);
        serde_avro_fast::to_datum(&payment.enrich(), out, &mut self.encoder).map_err(RigError::doing("encoding"))?;
        Ok(())
    }
}

impl Payment {
    fn enrich(self) -> Enriched {
        let amount_eur = self.amount as f64 / 100.0 * self.rate;
        let risk = if amount_eur > 9000.0 { 2 } else { i32::from(self.country != "DE") };
        Enriched {
            id: self.id,
            account: self.account,
            amount: self.amount,
            currency: self.currency,
            ts: self.ts,
            note: self.note,
            tags: self.tags,
            rate: self.rate,
            country: self.country,
            seq: self.seq,
            amount_eur,
            risk,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Load;

    #[test]
    fn the_native_work_gives_the_bytes_that_the_rig_expects() {
        let schemas = crate::paths::root().join("schemas");
        let work = Work::load(&schemas, 2).expect("schemas");
        let (mut worker, load) = (work.worker(), Load::new(0..2_000));
        for i in load.numbers.clone() {
            let (mut got, mut expected) = (Vec::new(), Vec::new());
            worker.enrich(&load.value(i).expect("a value"), &mut got).expect("work");
            frame(2, &mut expected);
            crate::Payment::numbered(i).enrich().encode(&mut expected);
            assert_eq!(got, expected, "record {i}");
        }
    }

    #[test]
    fn broken_and_negative_records_are_errors() {
        let work = Work::load(&crate::paths::root().join("schemas"), 2).expect("schemas");
        let mut load = Load { negative_every: 2, ..Load::new(0..4) };
        let refused = |load: &Load, i| {
            let why = work.worker().enrich(&load.value(i).expect("a value"), &mut Vec::new());
            why.expect_err("a refusal").to_string()
        };
        assert_eq!(refused(&load, 1), "negative amount -2");
        load.broken_every = 1;
        assert_eq!(refused(&load, 0), "no frame");
        assert!(refused(&load, 1).starts_with("decoding: "));
    }
}
