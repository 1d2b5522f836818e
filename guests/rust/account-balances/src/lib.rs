//! Accounts with their bookings in, balances out, by way of types of the guest's own.
//!
//! The pipeline hands over generic records. `deserialize` folds each into an [`Account`], a tree of plain Rust types;
//! `transform` works on it; `serialize` unfolds the result. Between the three only handles cross the border: the
//! accounts themselves stay in this instance, as a WIT resource.
//!
//! `account.rs` is the case class with what it can do, `schema.rs` reads and writes it, `generic.rs` folds
//! and unfolds records of any schema.
//!
//! Its `wit` folder is written, from the root of the repository, by
//!
//!     millstream wit --resource account --deserialize generic --serialize generic --import schemas \
//!         --package acme:account-balances --out guests/rust/account-balances/wit

wit_bindgen::generate!({ world: "transform", path: "wit", generate_all });

mod account;
mod generic;
mod schema;

#[cfg(test)]
mod generic_tests;

use account::Account;
use exports::acme::account_balances::guest::{Account as Handle, Guest, GuestAccount};
use millstream::pipeline::generic::GenericRecord;
use millstream::pipeline::schemas;
use millstream::pipeline::types::Fault;

struct AccountBalances;

impl GuestAccount for Account {}

impl Guest for AccountBalances {
    type Account = Account;

    fn deserialize(batch: Vec<GenericRecord>) -> Vec<Result<Handle, Fault>> {
        let one = |record| {
            generic::fold(record)
                .and_then(schema::read)
                .map(Handle::new)
                .map_err(Fault::Reject)
        };
        batch.into_iter().map(one).collect()
    }

    fn transform(batch: Vec<Handle>) -> Vec<Result<Handle, Fault>> {
        let one = |mut handle: Handle| match handle.get_mut::<Account>().settle() {
            Ok(()) => Ok(handle),
            Err(why) => Err(Fault::Reject(why)),
        };
        batch.into_iter().map(one).collect()
    }

    fn serialize(batch: Vec<Handle>) -> Vec<Result<GenericRecord, Fault>> {
        let output = schemas::output();
        let one = |handle: Handle| {
            generic::unfold(output, schema::write(handle.into_inner::<Account>()))
                .map_err(Fault::Halt)
        };
        batch.into_iter().map(one).collect()
    }
}

export!(AccountBalances);
