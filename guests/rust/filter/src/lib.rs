//! Drops payments below a limit of its `config`: each record has one output or none. Tombstones, records with a key
//! and no value, go through: whoever deletes by them still has to see them.
//!
//! Its `wit` folder is written, from the root of the repository, by
//!
//!     millstream wit --input schemas/payment.avsc --output schemas/payment.avsc \
//!         --filter --tombstones --envelope-in key --envelope-out key --init --import config \
//!         --package acme:filter --out guests/rust/filter/wit

wit_bindgen::generate!({ world: "transform", path: "wit", generate_all });

use std::cell::Cell;

use millstream::pipeline::config;

thread_local! {
    /// In cents. An instance has one thread, and `init` comes before the first batch.
    static LIMIT: Cell<i64> = const { Cell::new(0) };
}

/// What `min-amount` says, or why it says nothing.
fn limit(text: Option<&str>) -> Result<i64, String> {
    let text = text.ok_or("`min-amount` is missing in `config`; it is the smallest amount to let through, in cents")?;
    text.parse().map_err(|_| format!("`min-amount` must be a whole number of cents, not {text:?}"))
}

fn filter(record: PaymentIn, limit: i64) -> Option<PaymentOut> {
    let PaymentIn { value, key } = record;
    let wanted = value.as_ref().is_none_or(|payment| payment.amount >= limit);
    wanted.then_some(PaymentOut { value, key })
}

struct Filter;

impl Guest for Filter {
    fn init() -> Result<(), String> {
        LIMIT.set(limit(config::get("min-amount").as_deref())?);
        Ok(())
    }

    fn transform(batch: Vec<PaymentIn>) -> Vec<Result<Option<PaymentOut>, Fault>> {
        let limit = LIMIT.get();
        batch.into_iter().map(|record| Ok(filter(record, limit))).collect()
    }
}

export!(Filter);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_whole_number() {
        assert_eq!(limit(Some("250")), Ok(250));
        assert_eq!(limit(Some("2.50")).unwrap_err(), "`min-amount` must be a whole number of cents, not \"2.50\"");
        assert!(limit(None).unwrap_err().starts_with("`min-amount` is missing"));
    }

    #[test]
    fn a_tombstone_has_no_amount_to_fall_below_the_limit() {
        let tombstone = PaymentIn { value: None, key: Some(b"k".to_vec()) };
        let out = filter(tombstone, i64::MAX).expect("it goes through");
        assert_eq!((out.value.is_none(), out.key.as_deref()), (true, Some(&b"k"[..])));
    }
}
