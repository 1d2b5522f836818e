//! Drops payments below a limit of its `config`: each record has one output or none. Tombstones, records with a key
//! and no value, go through: whoever deletes by them still has to see them.

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

fn filter(record: Input, limit: i64) -> Option<Output> {
    let wanted = record.value.as_ref().is_none_or(|payment| payment.amount >= limit);
    wanted.then_some(Output { value: record.value })
}

struct Filter;

impl Guest for Filter {
    fn init() -> Result<(), String> {
        LIMIT.set(limit(config::get("min-amount").as_deref())?);
        Ok(())
    }

    fn transform(batch: Vec<Input>) -> Vec<Result<Option<Output>, Fault>> {
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
        assert!(filter(Input { value: None }, i64::MAX).is_some_and(|out| out.value.is_none()));
    }
}
