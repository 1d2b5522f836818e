//! Structs and serde: for Avro with the fastest Avro crate, for JSON with serde_json. Text is `String` or `&str`.

use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
pub struct Payment<T> {
    pub id: T,
    pub account: T,
    pub amount: i64,
    pub currency: Currency,
    pub ts: i64,
    pub note: Option<T>,
    pub tags: Vec<T>,
    pub rate: f64,
    pub country: T,
    pub seq: i32,
}

#[derive(Serialize)]
pub struct Enriched<T> {
    id: T,
    account: T,
    amount: i64,
    currency: Currency,
    ts: i64,
    note: Option<T>,
    tags: Vec<T>,
    rate: f64,
    country: T,
    seq: i32,
    amount_eur: f64,
    risk: i32,
}

#[derive(Deserialize, Serialize, Clone, Copy)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    Eur,
    Usd,
    Gbp,
}

pub fn enrich<T: AsRef<str>>(p: Payment<T>) -> Enriched<T> {
    let amount_eur = p.amount as f64 / 100.0 * p.rate;
    let risk = if amount_eur > 9000.0 {
        2
    } else if p.country.as_ref() != "DE" {
        1
    } else {
        0
    };
    let Payment { id, account, amount, currency, ts, note, tags, rate, country, seq } = p;
    Enriched { id, account, amount, currency, ts, note, tags, rate, country, seq, amount_eur, risk }
}
