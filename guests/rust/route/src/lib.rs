//! Payments come in with all that Kafka knows of them, and go out with another key, more headers, and to a topic chosen
//! for each of them: what the envelope around a value can do. The value stays as it is.
//!
//! Its `wit` folder is written, from the root of the repository, by
//!
//!     millstream wit --input schemas/payment.avsc --output schemas/payment.avsc \
//!         --envelope-in key,headers,topic,partition,offset,timestamp,timestamp-type \
//!         --envelope-out key,headers,topic,timestamp --key-out string \
//!         --package acme:route --out guests/rust/route/wit

wit_bindgen::generate!({ world: "transform", path: "wit", generate_all });

/// Euro zone countries that have a topic together.
const EUROPE: [&str; 4] = ["AT", "FR", "IT", "NL"];
/// From so many cents on, an amount is at least this: the last line that it reaches counts.
const GRADES: [(i64, &str); 4] = [(i64::MIN, "refund"), (0, "small"), (10_000, "medium"), (500_000, "large")];

struct Route;

/// Where a payment goes; none is the pipeline's own sink.
fn topic(p: &Payment) -> Option<&'static str> {
    match p.country.as_str() {
        _ if p.amount >= 500_000 => Some("payments.large"),
        "DE" => Some("payments.domestic"),
        country if EUROPE.contains(&country) => Some("payments.europe"),
        _ => None,
    }
}

fn grade(amount: i64) -> &'static str {
    GRADES.iter().rev().find(|(from, _)| amount >= *from).map_or("", |(_, grade)| grade)
}

fn header(name: &str, value: impl Into<Vec<u8>>) -> Header {
    Header { name: name.to_owned(), value: Some(value.into()) }
}

fn route(record: PaymentIn) -> PaymentOut {
    let PaymentIn { value: payment, key, mut headers, topic: source, partition, offset, timestamp, timestamp_type } =
        record;
    let clock = match timestamp_type {
        TimestampType::CreateTime => "producer",
        TimestampType::LogAppendTime => "broker",
    };
    // The list that goes out is all there is: what came in is in it only because it is added to.
    headers.extend([
        header("correlation-id", format!("{source}-{partition}-{offset}")),
        header("source", source),
        header("version", env!("CARGO_PKG_VERSION")),
        header("grade", grade(payment.amount)),
        header("clock", clock),
        Header { name: "original-key".to_owned(), value: key },
    ]);
    PaymentOut {
        key: Some(payment.account.clone()),
        topic: topic(&payment).map(str::to_owned),
        timestamp: Some(timestamp),
        headers,
        value: payment,
    }
}

impl Guest for Route {
    fn transform(batch: Vec<PaymentIn>) -> Vec<Result<PaymentOut, Fault>> {
        batch.into_iter().map(|record| Ok(route(record))).collect()
    }
}

export!(Route);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_belong_to_the_grade_above() {
        let grades = [-1, 0, 9_999, 10_000, 499_999, 500_000, i64::MAX].map(grade);
        assert_eq!(grades, ["refund", "small", "small", "medium", "medium", "large", "large"]);
    }
}
