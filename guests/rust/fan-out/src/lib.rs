//! One payment in, one record out for each of its tags: any number of outputs, none for a payment without tags. All of
//! them keep the key and the headers of the payment, because the output's type names neither.
//!
//! Its `wit` folder is written, from the root of the repository, by
//!
//!     millstream wit --input schemas/payment.avsc --output schemas/tagged.avsc --fan-out \
//!         --package acme:fan-out --out guests/rust/fan-out/wit

wit_bindgen::generate!({ world: "transform", path: "wit", generate_all });

struct FanOut;

fn by_tag(p: Payment) -> Vec<Tagged> {
    p.tags.into_iter().map(|tag| Tagged { tag, payment: p.id.clone(), amount: p.amount }).collect()
}

impl Guest for FanOut {
    fn transform(batch: Vec<Payment>) -> Vec<Result<Vec<Tagged>, Fault>> {
        batch.into_iter().map(|payment| Ok(by_tag(payment))).collect()
    }
}

export!(FanOut);
