//! The work of the guest `route`: the envelope around a typed payment.

use millstream::record::Record;

use super::typed::Payment;
use crate::contender::{Around, Failure};

const EUROPE: [&str; 4] = ["AT", "FR", "IT", "NL"];
const GRADES: [(i64, &str); 4] = [(i64::MIN, "refund"), (0, "small"), (10_000, "medium"), (500_000, "large")];

/// Key, headers, topic and timestamp of a payment's output.
pub fn route(record: &Record<'_>, payment: &Payment<String>) -> Result<Around, Failure> {
    let topic = match payment.country.as_str() {
        _ if payment.amount >= 500_000 => Some("payments.large"),
        "DE" => Some("payments.domestic"),
        country if EUROPE.contains(&country) => Some("payments.europe"),
        _ => None,
    };
    let grade = GRADES.iter().rev().find(|(from, _)| payment.amount >= *from).map_or("", |(_, grade)| grade);
    let mut headers = Vec::with_capacity(8);
    for (name, value) in record.headers() {
        headers.push((std::str::from_utf8(name)?.to_owned(), value.map(<[u8]>::to_vec)));
    }
    let mut header = |name: &str, value: Option<Vec<u8>>| headers.push((name.to_owned(), value));
    let (source, partition) = ("payments", 3);
    header("correlation-id", Some(format!("{source}-{partition}-{}", record.offset()).into_bytes()));
    header("source", Some(source.into()));
    header("version", Some(env!("CARGO_PKG_VERSION").into()));
    header("grade", Some(grade.into()));
    header("clock", Some(if record.log_append() { "broker" } else { "producer" }.into()));
    header("original-key", record.key().map(<[u8]>::to_vec));
    let (key, topic) = (payment.account.clone(), topic.map(str::to_owned));
    Ok(Around { key, headers, topic, timestamp: record.timestamp() })
}
