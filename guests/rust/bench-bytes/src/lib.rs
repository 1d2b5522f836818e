//! For `bench-engine`: values as bytes, of which only the first is looked at. What is left is the price of the border.
//!
//! Its `wit` folder is written, from the root of the repository, by
//!
//!     millstream wit --input bytes --output bytes \
//!         --package acme:bench-bytes --out guests/rust/bench-bytes/wit

wit_bindgen::generate!({ world: "transform", path: "wit", generate_all });

struct Bytes;

impl Guest for Bytes {
    fn transform(batch: Vec<Vec<u8>>) -> Vec<Result<Vec<u8>, Fault>> {
        let flip = |mut value: Vec<u8>| match value.first_mut() {
            Some(first) => {
                *first ^= 1;
                Ok(value)
            }
            None => Err(Fault::Reject("an empty value has no first byte".to_owned())),
        };
        batch.into_iter().map(flip).collect()
    }
}

export!(Bytes);
