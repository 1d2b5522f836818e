//! Payments in, enriched payments out: the value in euros and a risk are added, negative amounts are rejected.
//!
//! Its `wit` folder is written, from the root of the repository, by
//!
//!     millstream wit --input schemas/payment.avsc --output schemas/enriched.avsc \
//!         --package acme:payments --out guests/rust/enrich/wit

wit_bindgen::generate!({ world: "transform", path: "wit", generate_all });

struct Enrich;

fn enrich(p: Payment) -> Result<Enriched, Fault> {
    if p.amount < 0 {
        return Err(Fault::Reject(format!("negative amount {}", p.amount)));
    }
    let amount_eur = p.amount as f64 / 100.0 * p.rate;
    let risk = if amount_eur > 9000.0 {
        2
    } else if p.country != "DE" {
        1
    } else {
        0
    };
    let Payment { id, account, amount, currency, ts, note, tags, rate, country, seq } = p;
    Ok(Enriched { id, account, amount, currency, ts, note, tags, rate, country, seq, amount_eur, risk })
}

impl Guest for Enrich {
    fn transform(batch: Vec<Payment>) -> Vec<Result<Enriched, Fault>> {
        batch.into_iter().map(enrich).collect()
    }
}

export!(Enrich);
