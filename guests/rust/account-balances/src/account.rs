//! The guest's case class: an account as plain Rust, free of Avro, WIT and Kafka.

use std::collections::BTreeMap;

const DAY: i64 = 24 * 60 * 60 * 1000;

#[derive(Debug, Default)]
pub struct Account {
    pub number: Vec<u8>,
    pub holder: Holder,
    /// The symbol of the schema; this guest does not care which.
    pub kind: String,
    /// Euros for one unit of each currency that is not the euro.
    pub rates: BTreeMap<String, f64>,
    pub bookings: Vec<Booking>,
    /// Empty until settled.
    pub balances: Balances,
}

#[derive(Debug)]
pub enum Holder {
    Person { name: String, address: Address },
    Company { name: String, address: Address },
}

#[derive(Debug, Default)]
pub struct Address {
    pub city: String,
    pub country: String,
}

#[derive(Debug)]
pub struct Booking {
    /// Milliseconds since 1970.
    pub at: i64,
    /// In cents.
    pub amount: i64,
    pub currency: String,
    pub reference: Reference,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub enum Reference {
    #[default]
    None,
    Invoice(i64),
    Words(String),
}

#[derive(Debug, Default)]
pub struct Balances {
    /// In cents of each currency.
    pub cents: BTreeMap<String, i64>,
    pub total_eur: f64,
    /// Bookings by day since 1970.
    pub days: BTreeMap<i32, i32>,
    pub last_reference: Reference,
}

impl Default for Holder {
    fn default() -> Self {
        Holder::Person {
            name: String::new(),
            address: Address::default(),
        }
    }
}

impl Account {
    /// Sums up the bookings; the error says which of them cannot be counted.
    pub fn settle(&mut self) -> Result<(), String> {
        let mut balances = Balances::default();
        for Booking {
            at,
            amount,
            currency,
            reference,
        } in &self.bookings
        {
            let cents = balances.cents.entry(currency.clone()).or_default();
            *cents = cents
                .checked_add(*amount)
                .ok_or_else(|| format!("the balance in {currency} is too large"))?;
            let day = i32::try_from(at.div_euclid(DAY))
                .map_err(|_| format!("a booking at {at} has no date"))?;
            *balances.days.entry(day).or_default() += 1;
            balances.last_reference = reference.clone();
        }
        for (currency, cents) in &balances.cents {
            balances.total_eur += *cents as f64 / 100.0 * self.rate(currency)?;
        }
        self.balances = balances;
        Ok(())
    }

    fn rate(&self, currency: &str) -> Result<f64, String> {
        match (currency, self.rates.get(currency)) {
            ("EUR", _) => Ok(1.0),
            (_, Some(rate)) => Ok(*rate),
            (_, None) => Err(format!("the account has no rate for {currency}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(bookings: &[(i64, i64, &str)]) -> Account {
        let booking = |&(at, amount, currency): &(i64, i64, &str)| Booking {
            at,
            amount,
            currency: currency.to_owned(),
            reference: Reference::Invoice(at),
        };
        let rates = BTreeMap::from([("USD".to_owned(), 0.5)]);
        Account {
            bookings: bookings.iter().map(booking).collect(),
            rates,
            ..Account::default()
        }
    }

    #[test]
    fn bookings_are_summed_by_currency_and_counted_by_day() {
        let mut account = account(&[(-1, 100, "EUR"), (0, 300, "USD"), (DAY - 1, -50, "EUR")]);
        account.settle().unwrap();
        let Balances {
            cents,
            total_eur,
            days,
            last_reference,
        } = account.balances;
        assert_eq!(
            cents,
            BTreeMap::from([("EUR".to_owned(), 50), ("USD".to_owned(), 300)])
        );
        assert_eq!((total_eur, days), (2.0, BTreeMap::from([(-1, 1), (0, 2)])));
        assert_eq!(last_reference, Reference::Invoice(DAY - 1));
    }

    #[test]
    fn what_cannot_be_counted_is_said() {
        let wrong = |bookings: &[_]| account(bookings).settle().unwrap_err();
        assert_eq!(wrong(&[(0, 1, "CHF")]), "the account has no rate for CHF");
        assert_eq!(
            wrong(&[(0, i64::MAX, "EUR"), (0, 1, "EUR")]),
            "the balance in EUR is too large"
        );
        assert_eq!(
            wrong(&[(i64::MAX, 1, "EUR")]),
            format!("a booking at {} has no date", i64::MAX)
        );
    }
}
