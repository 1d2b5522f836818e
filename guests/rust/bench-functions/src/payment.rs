//! The payment as plain Rust. Native contenders of the bench use this very file.

/// A payment of `payment.avsc`, and what `enriched.avsc` adds.
#[derive(Debug, Default, PartialEq)]
pub struct Payment {
    pub id: String,
    pub account: String,
    pub amount: i64,
    pub currency: u32,
    pub ts: i64,
    pub note: Option<String>,
    pub tags: Vec<String>,
    pub rate: f64,
    pub country: String,
    pub seq: i32,
    pub amount_eur: f64,
    pub risk: i32,
}

impl Payment {
    /// Sets what is added.
    pub fn enrich(&mut self) {
        self.amount_eur = self.amount as f64 / 100.0 * self.rate;
        self.risk = if self.amount_eur > 9000.0 {
            2
        } else if self.country != "DE" {
            1
        } else {
            0
        };
    }
}
