//! Between generic values and accounts. Fields come and go in the order of `account.avsc` and `balances.avsc`.

use crate::account::{Account, Address, Balances, Booking, Holder, Reference};
use crate::generic::{Names, Reader, Writer, unexpected};
use crate::millstream::pipeline::generic::Node;

/// An `acme.accounts.Account`.
pub fn read(nodes: Vec<Node>, names: &Names) -> Result<Account, String> {
    let r = &mut Reader::new(nodes, names);
    r.record()?;
    Ok(Account {
        number: r.fixed()?,
        holder: holder(r)?,
        kind: r.symbol()?.to_owned(),
        rates: r.map(Reader::double)?,
        bookings: r.array(booking)?,
        balances: Balances::default(),
    })
}

/// A union of two records: the name says which.
fn holder(r: &mut Reader<'_>) -> Result<Holder, String> {
    match r.record()? {
        "acme.accounts.Person" => {
            let name = r.string()?;
            let _born = r.int()?;
            Ok(Holder::Person { name, address: address(r)? })
        }
        "acme.accounts.Company" => Ok(Holder::Company { name: r.string()?, address: address(r)? }),
        other => Err(format!("{other} cannot hold an account")),
    }
}

fn address(r: &mut Reader<'_>) -> Result<Address, String> {
    r.record()?;
    Ok(Address { city: r.string()?, country: r.string()? })
}

fn booking(r: &mut Reader<'_>) -> Result<Booking, String> {
    r.record()?;
    Ok(Booking { at: r.long()?, amount: r.long()?, currency: r.string()?, reference: reference(r)? })
}

/// A union of null, long and string: the node says which.
fn reference(r: &mut Reader<'_>) -> Result<Reference, String> {
    match r.next() {
        Node::Null => Ok(Reference::None),
        Node::Long(number) => Ok(Reference::Invoice(number)),
        Node::String(words) => Ok(Reference::Words(words)),
        other => Err(unexpected("null, long or string", &other)),
    }
}

/// An `acme.accounts.Balances`.
pub fn write(account: Account, names: &Names) -> Result<Vec<Node>, String> {
    let Balances { cents, total_eur, days, last_reference } = account.balances;
    let mut w = Writer::new(names);
    w.record("acme.accounts.Balances", 7)?;
    w.put(Node::Fixed(account.number));
    owner(&mut w, account.holder)?;
    w.symbol("acme.accounts.Kind", &account.kind)?;
    w.put(Node::Map(cents.len() as u32));
    for (currency, cents) in cents {
        w.put(Node::String(currency));
        w.put(Node::Long(cents));
    }
    w.put(Node::Double(total_eur));
    w.put(Node::Array(days.len() as u32));
    for (day, bookings) in days {
        w.record("acme.accounts.Day", 2)?;
        w.put(Node::Int(day));
        w.put(Node::Int(bookings));
    }
    w.put(match last_reference {
        Reference::None => Node::Null,
        Reference::Invoice(number) => Node::Long(number),
        Reference::Words(words) => Node::String(words),
    });
    Ok(w.finish())
}

fn owner(w: &mut Writer<'_>, holder: Holder) -> Result<(), String> {
    let (name, address, company) = match holder {
        Holder::Person { name, address } => (name, address, false),
        Holder::Company { name, address } => (name, address, true),
    };
    w.record("acme.accounts.Owner", 4)?;
    w.put(Node::String(name));
    w.put(Node::String(address.city));
    w.put(Node::String(address.country));
    w.put(Node::Boolean(company));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::millstream::pipeline::generic::{EnumSymbol, RecordStart};
    use crate::millstream::pipeline::schemas::{EnumType, NamedType, RecordType};

    fn names(records: &[&str]) -> Names {
        let record =
            |name: &&str| NamedType::Record(RecordType { name: format!("acme.accounts.{name}"), fields: Vec::new() });
        let symbols = ["CURRENT", "SAVINGS"].map(str::to_owned).to_vec();
        let kind = NamedType::Enum(EnumType { name: "acme.accounts.Kind".to_owned(), symbols });
        Names::from([kind].into_iter().chain(records.iter().map(record)).collect())
    }

    fn record(name: u32) -> Node {
        Node::Record(RecordStart { name, fields: 0 })
    }

    fn text(text: &str) -> Node {
        Node::String(text.to_owned())
    }

    fn account(holder: u32) -> Vec<Node> {
        let mut nodes = vec![record(1), Node::Fixed(vec![7]), record(holder), text("Zoé")];
        nodes.extend([record(4), text("Lyon"), text("FR"), Node::Enum(EnumSymbol { name: 0, symbol: 1 })]);
        nodes.extend([Node::Map(1), text("USD"), Node::Double(0.5), Node::Array(1)]);
        nodes.extend([record(5), Node::Long(-1), Node::Long(200), text("USD"), text("rent")]);
        nodes
    }

    #[test]
    fn an_account_comes_in_and_its_balances_go_out() {
        let input = names(&["Account", "Person", "Company", "Address", "Booking"]);
        let mut account = read(account(3), &input).unwrap();
        account.settle().unwrap();
        let written = write(account, &names(&["Balances", "Owner", "Day"])).unwrap();
        let mut wanted = vec![Node::Record(RecordStart { name: 1, fields: 7 }), Node::Fixed(vec![7])];
        wanted.extend([
            Node::Record(RecordStart { name: 2, fields: 4 }),
            text("Zoé"),
            text("Lyon"),
            text("FR"),
            Node::Boolean(true),
        ]);
        wanted.extend([Node::Enum(EnumSymbol { name: 0, symbol: 1 }), Node::Map(1), text("USD"), Node::Long(200)]);
        wanted.extend([Node::Double(1.0), Node::Array(1), Node::Record(RecordStart { name: 3, fields: 2 })]);
        wanted.extend([Node::Int(-1), Node::Int(1), text("rent")]);
        assert_eq!(format!("{written:?}"), format!("{wanted:?}"));
    }

    #[test]
    fn a_value_of_another_shape_is_refused() {
        let input = names(&["Account", "Person", "Company", "Address", "Booking"]);
        let mut wrong = account(3);
        wrong[1] = text("DE01");
        assert_eq!(read(wrong, &input).unwrap_err(), "expected fixed, found Node::String(\"DE01\")");
        assert_eq!(read(account(5), &input).unwrap_err(), "acme.accounts.Booking cannot hold an account");
        let mut short = account(3);
        short.truncate(4);
        assert_eq!(read(short, &input).unwrap_err(), "expected record, found Node::Null");
    }

    #[test]
    fn a_schema_without_a_name_is_told() {
        let why = write(Account::default(), &names(&[])).unwrap_err();
        assert_eq!(why, "the schema has no type acme.accounts.Balances");
    }
}
