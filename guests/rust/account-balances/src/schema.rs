//! Between generic values and accounts. Fields are named as in `account.avsc` and `balances.avsc`.

use std::collections::BTreeMap;

use crate::account::{Account, Address, Balances, Booking, Holder, Reference};
use crate::generic::{Record, Symbol, Value};

/// An `acme.accounts.Account`.
pub fn read(value: Value) -> Result<Account, String> {
    let mut account: Record = value.try_into()?;
    let rate = |(currency, rate): (String, Value)| Ok((currency, rate.try_into()?));
    Ok(Account {
        number: account.read("number")?,
        holder: holder(account.read("holder")?)?,
        kind: account.read::<Symbol>("kind")?.symbol.to_string(),
        rates: account
            .read::<BTreeMap<_, _>>("rates")?
            .into_iter()
            .map(rate)
            .collect::<Result<_, String>>()?,
        bookings: account
            .read::<Vec<_>>("bookings")?
            .into_iter()
            .map(booking)
            .collect::<Result<_, _>>()?,
        balances: Balances::default(),
    })
}

/// A union of two records: the name says which.
fn holder(mut holder: Record) -> Result<Holder, String> {
    let company = match &*holder.name {
        "acme.accounts.Person" => false,
        "acme.accounts.Company" => true,
        other => return Err(format!("{other} cannot hold an account")),
    };
    let name = holder.read("name")?;
    let mut address: Record = holder.read("address")?;
    let address = Address {
        city: address.read("city")?,
        country: address.read("country")?,
    };
    Ok(if company {
        Holder::Company { name, address }
    } else {
        Holder::Person { name, address }
    })
}

fn booking(value: Value) -> Result<Booking, String> {
    let mut booking: Record = value.try_into()?;
    Ok(Booking {
        at: booking.read("at")?,
        amount: booking.read("amount")?,
        currency: booking.read("currency")?,
        reference: reference(booking.take("reference")?)?,
    })
}

/// A union of null, long and string: the value says which.
fn reference(value: Value) -> Result<Reference, String> {
    match value {
        Value::Null => Ok(Reference::None),
        Value::Long(number) => Ok(Reference::Invoice(number)),
        Value::String(words) => Ok(Reference::Words(words)),
        other => Err(format!(
            "expected null, a long or a string, found {other:?}"
        )),
    }
}

/// An `acme.accounts.Balances`.
pub fn write(account: Account) -> Value {
    let Balances {
        cents,
        total_eur,
        days,
        last_reference,
    } = account.balances;
    let day = |(day, bookings): (i32, i32)| {
        Record::new(
            "acme.accounts.Day",
            [("day", day.into()), ("bookings", bookings.into())],
        )
        .into()
    };
    let last_reference = match last_reference {
        Reference::None => Value::Null,
        Reference::Invoice(number) => number.into(),
        Reference::Words(words) => words.into(),
    };
    let balances = Record::new(
        "acme.accounts.Balances",
        [
            ("number", Value::Fixed(account.number)),
            ("owner", owner(account.holder)),
            ("kind", Value::symbol("acme.accounts.Kind", &account.kind)),
            (
                "balances",
                Value::Map(
                    cents
                        .into_iter()
                        .map(|(currency, cents)| (currency, cents.into()))
                        .collect(),
                ),
            ),
            ("total_eur", total_eur.into()),
            ("days", Value::Array(days.into_iter().map(day).collect())),
            ("last_reference", last_reference),
        ],
    );
    balances.into()
}

fn owner(holder: Holder) -> Value {
    let (name, address, company) = match holder {
        Holder::Person { name, address } => (name, address, false),
        Holder::Company { name, address } => (name, address, true),
    };
    let fields = [
        ("name", name.into()),
        ("city", address.city.into()),
        ("country", address.country.into()),
        ("company", company.into()),
    ];
    Record::new("acme.accounts.Owner", fields).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(holder: &str) -> Value {
        let address = Record::new(
            "acme.accounts.Address",
            [("city", text("Lyon")), ("country", text("FR"))],
        );
        let holder = Record::new(holder, [("name", text("Zoé")), ("address", address.into())]);
        let booking = [
            ("at", Value::Long(-1)),
            ("amount", Value::Long(200)),
            ("currency", text("USD")),
            ("reference", text("rent")),
        ];
        let fields = [
            ("number", Value::Fixed(vec![7])),
            ("holder", holder.into()),
            ("kind", Value::symbol("acme.accounts.Kind", "SAVINGS")),
            (
                "rates",
                Value::Map(BTreeMap::from([("USD".to_owned(), Value::Double(0.5))])),
            ),
            (
                "bookings",
                Value::Array(vec![Record::new("acme.accounts.Booking", booking).into()]),
            ),
        ];
        Record::new("acme.accounts.Account", fields).into()
    }

    fn text(text: &str) -> Value {
        text.to_owned().into()
    }

    #[test]
    fn an_account_comes_in_and_its_balances_go_out() {
        let mut account = read(account("acme.accounts.Company")).unwrap();
        account.settle().unwrap();
        let owner = [
            ("name", text("Zoé")),
            ("city", text("Lyon")),
            ("country", text("FR")),
            ("company", Value::Boolean(true)),
        ];
        let day = Record::new(
            "acme.accounts.Day",
            [("day", Value::Int(-1)), ("bookings", Value::Int(1))],
        );
        let wanted = [
            ("number", Value::Fixed(vec![7])),
            ("owner", Record::new("acme.accounts.Owner", owner).into()),
            ("kind", Value::symbol("acme.accounts.Kind", "SAVINGS")),
            (
                "balances",
                Value::Map(BTreeMap::from([("USD".to_owned(), Value::Long(200))])),
            ),
            ("total_eur", Value::Double(1.0)),
            ("days", Value::Array(vec![day.into()])),
            ("last_reference", text("rent")),
        ];
        assert_eq!(
            write(account),
            Record::new("acme.accounts.Balances", wanted).into()
        );
    }

    #[test]
    fn a_value_of_another_shape_is_refused() {
        let mut wrong: Record = account("acme.accounts.Person").try_into().unwrap();
        *wrong.get_mut("number").unwrap() = text("DE01");
        assert_eq!(
            read(wrong.into()).unwrap_err(),
            "number: expected Bytes, found String(\"DE01\")"
        );
        let why = read(account("acme.accounts.Booking")).unwrap_err();
        assert_eq!(why, "acme.accounts.Booking cannot hold an account");
        assert_eq!(
            read(Value::Null).unwrap_err(),
            "expected Record, found Null"
        );
    }
}
