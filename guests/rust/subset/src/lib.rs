//! Reads three fields of a payment and answers with two new ones; the pipeline carries over the rest.
//!
//! Its `wit` folder is written, from the root of the repository, by
//!
//!     millstream wit --input schemas/payment.avsc --output schemas/enriched.avsc \
//!         --input-fields amount,rate,country --output-fields amount_eur,risk \
//!         --package acme:risk --out guests/rust/subset/wit

wit_bindgen::generate!({ world: "transform", path: "wit", generate_all });

struct Subset;

fn rate(p: Payment) -> Result<Enriched, Fault> {
    if p.amount < 0 {
        return Err(Fault::Reject(format!("negative amount {}", p.amount)));
    }
    let amount_eur = p.amount as f64 / 100.0 * p.rate;
    let risk = if amount_eur > 9000.0 { 2 } else { i32::from(p.country != "DE") };
    Ok(Enriched { amount_eur, risk })
}

impl Guest for Subset {
    fn transform(batch: Vec<Payment>) -> Vec<Result<Enriched, Fault>> {
        batch.into_iter().map(rate).collect()
    }
}

export!(Subset);
