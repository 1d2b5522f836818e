//! What the contenders work on: payments of ten fields and some 90 bytes, as Avro and as JSON.

use millstream::record::{Batch, Parts, Slot};
use serde_json::json;

/// `count` payments in Avro, each with a key and two headers.
pub fn avro(count: u64) -> Batch {
    let mut batch = Batch::default();
    let mut value = Vec::new();
    for n in 0..count {
        value.clear();
        write_payment(&mut value, n);
        push(&mut batch, n, &value);
    }
    batch
}

/// The same payments in JSON.
pub fn json(count: u64) -> Batch {
    let mut batch = Batch::default();
    for n in 0..count {
        let value = json!({
            "id": id(n),
            "account": account(n),
            "amount": n % 1_000_000,
            "currency": currency(n),
            "ts": timestamp(n),
            "note": n.is_multiple_of(2).then_some(NOTE),
            "tags": TAGS,
            "rate": rate(n),
            "country": country(n),
            "seq": n % 1000,
        });
        push(&mut batch, n, value.to_string().as_bytes());
    }
    batch
}

fn push(batch: &mut Batch, n: u64, value: &[u8]) {
    let key = format!("key-{:06}", n % 1000);
    let trace = format!("{n:016x}");
    let headers = [(&b"trace"[..], Some(trace.as_bytes())), (b"origin", Some(b"shop"))];
    let (offset, timestamp) = (n as i64, timestamp(n));
    let (key, value) = (Some(key.as_bytes()), Some(value));
    batch.push(Parts { slot: Slot(0), offset, timestamp, log_append: false, key, value }, headers.into_iter());
}

const NOTE: &str = "monthly invoice payment";
const TAGS: [&str; 2] = ["card", "online"];

fn id(n: u64) -> String {
    format!("pay-{n:012}")
}

fn account(n: u64) -> String {
    format!("DE{:018}", n * 7919 % 1_000_003)
}

fn timestamp(n: u64) -> i64 {
    1_763_700_000_000 + n as i64
}

fn currency(n: u64) -> &'static str {
    ["EUR", "USD", "GBP"][(n % 3) as usize]
}

fn rate(n: u64) -> f64 {
    1.0 + (n % 100) as f64 / 100.0
}

fn country(n: u64) -> &'static str {
    ["DE", "FR", "US"][(n % 3) as usize]
}

fn write_payment(out: &mut Vec<u8>, n: u64) {
    put_text(out, &id(n));
    put_text(out, &account(n));
    put_long(out, (n % 1_000_000) as i64);
    put_long(out, (n % 3) as i64);
    put_long(out, timestamp(n));
    if n.is_multiple_of(2) {
        put_long(out, 1);
        put_text(out, NOTE);
    } else {
        put_long(out, 0);
    }
    put_long(out, TAGS.len() as i64);
    TAGS.iter().for_each(|tag| put_text(out, tag));
    put_long(out, 0);
    out.extend(rate(n).to_le_bytes());
    put_text(out, country(n));
    put_long(out, (n % 1000) as i64);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_long(out, text.len() as i64);
    out.extend(text.as_bytes());
}

fn put_long(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}
