//! Lines of CSV in, payments out: the source has no Avro (`format = "string"`), so the guest makes the record itself in
//! its own `deserialize`. There is nothing to transform; the pipeline writes the payment as Avro.
//!
//! Its `wit` folder is written, from the root of the repository, by
//!
//!     millstream wit --input schemas/payment.avsc --deserialize string --no-transform \
//!         --package acme:csv --out guests/rust/csv/wit

wit_bindgen::generate!({ world: "transform", path: "wit", generate_all });

use std::str::FromStr;

use acme::csv::types::Currency;

const COLUMNS: [&str; 10] = ["id", "account", "amount", "currency", "ts", "note", "tags", "rate", "country", "seq"];

struct Csv;

/// Cuts a line at its commas. A field in quotes may hold commas and line breaks, and `""` for a quote.
fn split(line: &str) -> Result<Vec<String>, String> {
    let mut rest = line.strip_suffix('\n').unwrap_or(line);
    rest = rest.strip_suffix('\r').unwrap_or(rest);
    let mut fields = Vec::new();
    loop {
        let mut field = String::new();
        let mut quoted = rest.strip_prefix('"');
        if quoted.is_none() {
            let end = rest.find(',').unwrap_or(rest.len());
            field.push_str(&rest[..end]);
            rest = &rest[end..];
        }
        while let Some(inside) = quoted {
            let end = inside.find('"').ok_or_else(|| format!("column {} has no closing quote", fields.len() + 1))?;
            field.push_str(&inside[..end]);
            rest = &inside[end + 1..];
            // A second quote right behind is one of the text's own.
            quoted = rest.strip_prefix('"').inspect(|_| field.push('"'));
        }
        fields.push(field);
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None if rest.is_empty() => return Ok(fields),
            None => return Err(format!("column {} goes on after its closing quote", fields.len())),
        }
    }
}

fn payment(line: &str) -> Result<Payment, String> {
    let fields: [String; COLUMNS.len()] = split(line)?.try_into().map_err(|found: Vec<String>| {
        format!("columns: {} instead of {}: {}", found.len(), COLUMNS.len(), COLUMNS.join(","))
    })?;
    let [id, account, amount, currency, ts, note, tags, rate, country, seq] = fields;
    Ok(Payment {
        id,
        account,
        amount: number("amount", &amount)?,
        currency: match currency.as_str() {
            "EUR" => Currency::Eur,
            "USD" => Currency::Usd,
            "GBP" => Currency::Gbp,
            _ => return Err(format!("currency: {currency:?} is none of EUR, USD, GBP")),
        },
        ts: number("ts", &ts)?,
        note: Some(note).filter(|note| !note.is_empty()),
        tags: tags.split(';').filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
        rate: number("rate", &rate)?,
        country,
        seq: number("seq", &seq)?,
    })
}

fn number<T: FromStr>(column: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{column}: {text:?} is not a number of its kind"))
}

impl Guest for Csv {
    fn deserialize(batch: Vec<String>) -> Vec<Result<Payment, Fault>> {
        batch.iter().map(|line| payment(line).map_err(Fault::Reject)).collect()
    }
}

export!(Csv);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_commas_line_breaks_and_quotes() {
        let fields = split("a,\"b,c\",\"say \"\"hi\"\"\nnow\",,\"\"\r\n").unwrap();
        assert_eq!(fields, ["a", "b,c", "say \"hi\"\nnow", "", ""]);
        assert_eq!(split("").unwrap(), [""]);
        assert_eq!(split("\"\"\"\",").unwrap(), ["\"", ""]);
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        let wrong = |line: &str| payment(line).unwrap_err();
        assert_eq!(wrong("a,\"b"), "column 2 has no closing quote");
        assert_eq!(wrong("\"a\"b,c"), "column 1 goes on after its closing quote");
        assert!(wrong("a,b").starts_with("columns: 2 instead of 10: id,account,"));
        assert_eq!(wrong("p,a,1.5,EUR,0,,,1,DE,0"), "amount: \"1.5\" is not a number of its kind");
        assert_eq!(wrong("p,a,1,CHF,0,,,1,DE,0"), "currency: \"CHF\" is none of EUR, USD, GBP");
    }

    #[test]
    fn a_line_is_a_payment() {
        let p = payment("p-1,acc-1,-5,GBP,1760000000000,,web;gift,1.17,\"GB\",7").unwrap();
        assert_eq!((p.amount, p.currency, p.note, p.rate), (-5, Currency::Gbp, None, 1.17));
        assert_eq!(p.tags, ["web", "gift"]);
    }
}
