//! For `bench-engine`: generic records become plain Rust, are enriched, and become generic records again, in three
//! functions over a resource.
//!
//! Its `wit` folder is written, from the root of the repository, by
//!
//!     millstream wit --resource payment --deserialize generic --serialize generic --import schemas \
//!         --package acme:bench-functions --out guests/rust/bench-functions/wit

wit_bindgen::generate!({ world: "transform", path: "wit", generate_all });

mod payment;

use std::cell::OnceCell;

use exports::acme::bench_functions::guest::{Guest, GuestPayment, Payment as Handle};
use millstream::pipeline::generic::{EnumSymbol, GenericRecord, Node, RecordStart};
use millstream::pipeline::schemas::{self, NamedType};
use millstream::pipeline::types::Fault;
use payment::Payment;

/// The numbers of the output's named types.
#[derive(Clone, Copy)]
struct Output {
    schema: u32,
    enriched: u32,
    currency: u32,
}

thread_local! {
    static OUTPUT: OnceCell<Output> = const { OnceCell::new() };
}

fn output() -> Output {
    let ask = || {
        let schema = schemas::output();
        let types = schemas::named_types(schema);
        let number = |wanted: &str| {
            let is = |ty: &NamedType| match ty {
                NamedType::Record(ty) => ty.name == wanted,
                NamedType::Enum(ty) => ty.name == wanted,
                NamedType::Fixed(ty) => ty.name == wanted,
            };
            types.iter().position(is).unwrap_or_default() as u32
        };
        Output { schema, enriched: number("acme.payments.Enriched"), currency: number("acme.payments.Currency") }
    };
    OUTPUT.with(|cell| *cell.get_or_init(ask))
}

/// A function for each kind of node that a payment has.
macro_rules! leaf {
    ($($read:ident: $node:ident -> $value:ty),*) => {
        $(fn $read(nodes: &mut impl Iterator<Item = Node>) -> Result<$value, String> {
            match nodes.next() {
                Some(Node::$node(value)) => Ok(value),
                other => Err(format!("expected {}, found {other:?}", stringify!($node))),
            }
        })*
    };
}
leaf!(int: Int -> i32, long: Long -> i64, double: Double -> f64, string: String -> String, array: Array -> u32,
    record: Record -> RecordStart, symbol: Enum -> EnumSymbol);

fn read(nodes: Vec<Node>) -> Result<Payment, String> {
    let n = &mut nodes.into_iter();
    record(n)?;
    Ok(Payment {
        id: string(n)?,
        account: string(n)?,
        amount: long(n)?,
        currency: symbol(n)?.symbol,
        ts: long(n)?,
        note: match n.next() {
            Some(Node::Null) => None,
            Some(Node::String(text)) => Some(text),
            other => return Err(format!("expected null or a string, found {other:?}")),
        },
        tags: (0..array(n)?).map(|_| string(n)).collect::<Result<_, _>>()?,
        rate: double(n)?,
        country: string(n)?,
        seq: int(n)?,
        ..Payment::default()
    })
}

fn write(payment: Payment, output: Output) -> Vec<Node> {
    let Payment { id, account, amount, currency, ts, note, tags, rate, country, seq, amount_eur, risk } = payment;
    let mut nodes = Vec::with_capacity(13 + tags.len());
    nodes.extend([
        Node::Record(RecordStart { name: output.enriched, fields: 12 }),
        Node::String(id),
        Node::String(account),
        Node::Long(amount),
        Node::Enum(EnumSymbol { name: output.currency, symbol: currency }),
        Node::Long(ts),
        note.map_or(Node::Null, Node::String),
        Node::Array(tags.len() as u32),
    ]);
    nodes.extend(tags.into_iter().map(Node::String));
    nodes.extend([
        Node::Double(rate),
        Node::String(country),
        Node::Int(seq),
        Node::Double(amount_eur),
        Node::Int(risk),
    ]);
    nodes
}

struct Functions;

impl GuestPayment for Payment {}

impl Guest for Functions {
    type Payment = Payment;

    fn deserialize(batch: Vec<GenericRecord>) -> Vec<Result<Handle, Fault>> {
        batch.into_iter().map(|record| read(record.nodes).map(Handle::new).map_err(Fault::Reject)).collect()
    }

    fn transform(batch: Vec<Handle>) -> Vec<Result<Handle, Fault>> {
        let one = |mut handle: Handle| {
            handle.get_mut::<Payment>().enrich();
            Ok(handle)
        };
        batch.into_iter().map(one).collect()
    }

    fn serialize(batch: Vec<Handle>) -> Vec<Result<GenericRecord, Fault>> {
        let output = output();
        let one = |handle: Handle| {
            Ok(GenericRecord { schema: output.schema, nodes: write(handle.into_inner::<Payment>(), output) })
        };
        batch.into_iter().map(one).collect()
    }
}

export!(Functions);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_comes_in_and_goes_out() {
        let text = |text: &str| Node::String(text.to_owned());
        let mut nodes = vec![Node::Record(RecordStart { name: 0, fields: 10 }), text("p"), text("a"), Node::Long(500)];
        nodes.extend([Node::Enum(EnumSymbol { name: 1, symbol: 2 }), Node::Long(7), Node::Null, Node::Array(1)]);
        nodes.extend([text("card"), Node::Double(2.0), text("FR"), Node::Int(-1)]);
        let mut wanted = nodes.clone();
        let mut payment = read(nodes).unwrap();
        payment.enrich();
        let written = write(payment, Output { schema: 1, enriched: 0, currency: 1 });
        wanted[0] = Node::Record(RecordStart { name: 0, fields: 12 });
        wanted.extend([Node::Double(10.0), Node::Int(1)]);
        assert_eq!(format!("{written:?}"), format!("{wanted:?}"));
        assert_eq!(read(vec![Node::Null]).unwrap_err(), "expected Record, found Some(Node::Null)");
    }
}
