//! For `bench-engine`: the guest reads and writes Avro bytes itself, in three functions over a resource.
//!
//! Its `wit` folder is written, from the root of the repository, by
//!
//!     millstream wit --resource payment --deserialize bytes --serialize bytes \
//!         --package acme:bench-decoder --out guests/rust/bench-decoder/wit

wit_bindgen::generate!({ world: "transform", path: "wit", generate_all });

mod codec;
#[path = "../../bench-functions/src/payment.rs"]
mod payment;

use exports::acme::bench_decoder::guest::{Guest, GuestPayment, Payment as Handle};
use millstream::pipeline::types::Fault;
use payment::Payment;

struct Decoder;

impl GuestPayment for Payment {}

impl Guest for Decoder {
    type Payment = Payment;

    fn deserialize(batch: Vec<Vec<u8>>) -> Vec<Result<Handle, Fault>> {
        batch.into_iter().map(|value| codec::decode(&value).map(Handle::new).map_err(Fault::Reject)).collect()
    }

    fn transform(batch: Vec<Handle>) -> Vec<Result<Handle, Fault>> {
        let one = |mut handle: Handle| {
            handle.get_mut::<Payment>().enrich();
            Ok(handle)
        };
        batch.into_iter().map(one).collect()
    }

    fn serialize(batch: Vec<Handle>) -> Vec<Result<Vec<u8>, Fault>> {
        batch.into_iter().map(|handle| Ok(codec::encode(&handle.into_inner::<Payment>()))).collect()
    }
}

export!(Decoder);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_comes_in_and_goes_out() {
        let mut bytes = b"\x02p\x02a\xe8\x07\x04\x0e\x00\x02\x08card\x00".to_vec();
        bytes.extend_from_slice(&2.0f64.to_le_bytes());
        bytes.extend_from_slice(b"\x04FR\x01");
        let mut payment = codec::decode(&bytes).unwrap();
        assert_eq!((payment.amount, payment.currency, payment.ts, payment.seq), (500, 2, 7, -1));
        payment.enrich();
        bytes.extend_from_slice(&10.0f64.to_le_bytes());
        bytes.push(2);
        assert_eq!(codec::encode(&payment), bytes);
        assert_eq!(codec::decode(b"\x04p").unwrap_err(), "2 bytes wanted, 1 left");
    }
}
