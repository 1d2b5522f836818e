//! Accounts with their bookings in, balances out, by way of types of the guest's own.
//!
//! The pipeline hands over generic records. `deserialize` folds each into an [`Account`], a tree of plain Rust types;
//! `transform` works on it; `serialize` unfolds the result. Between the three only handles cross the border: the
//! accounts themselves stay in this instance, as a WIT resource.
//!
//! `account.rs` is the case class with what it can do, `schema.rs` reads and writes it, `generic.rs` walks nodes.
//!
//! Its `wit` folder is written, from the root of the repository, by
//!
//!     millstream wit --resource account --deserialize generic --serialize generic --import schemas \
//!         --package acme:account-balances --out guests/rust/account-balances/wit

wit_bindgen::generate!({ world: "transform", path: "wit", generate_all });

mod account;
mod generic;
mod schema;

use std::cell::OnceCell;

use account::Account;
use exports::acme::account_balances::guest::{Account as Handle, Guest, GuestAccount};
use generic::Names;
use millstream::pipeline::generic::GenericRecord;
use millstream::pipeline::schemas;
use millstream::pipeline::types::Fault;

/// The names of both schemas, asked for once.
struct Schemas {
    input: Names,
    output: Names,
}

thread_local! {
    static SCHEMAS: OnceCell<Schemas> = const { OnceCell::new() };
}

fn with_schemas<T>(work: impl FnOnce(&Schemas) -> T) -> T {
    let ask = || Schemas { input: Names::of(schemas::input()), output: Names::of(schemas::output()) };
    SCHEMAS.with(|cell| work(cell.get_or_init(ask)))
}

struct AccountBalances;

impl GuestAccount for Account {}

impl Guest for AccountBalances {
    type Account = Account;

    fn deserialize(batch: Vec<GenericRecord>) -> Vec<Result<Handle, Fault>> {
        let one = |schemas: &Schemas, record: GenericRecord| {
            schema::read(record.nodes, &schemas.input).map(Handle::new).map_err(Fault::Reject)
        };
        with_schemas(|schemas| batch.into_iter().map(|record| one(schemas, record)).collect())
    }

    fn transform(batch: Vec<Handle>) -> Vec<Result<Handle, Fault>> {
        let one = |mut handle: Handle| match handle.get_mut::<Account>().settle() {
            Ok(()) => Ok(handle),
            Err(why) => Err(Fault::Reject(why)),
        };
        batch.into_iter().map(one).collect()
    }

    fn serialize(batch: Vec<Handle>) -> Vec<Result<GenericRecord, Fault>> {
        let one = |schemas: &Schemas, handle: Handle| {
            let nodes = schema::write(handle.into_inner::<Account>(), &schemas.output).map_err(Fault::Halt)?;
            Ok(GenericRecord { schema: schemas::output(), nodes })
        };
        with_schemas(|schemas| batch.into_iter().map(|handle| one(schemas, handle)).collect())
    }
}

export!(AccountBalances);
