//! The same work in native Rust.

#[path = "../../../../guests/rust/bench-decoder/src/codec.rs"]
pub mod codec;
#[path = "../../../../guests/rust/bench-functions/src/payment.rs"]
pub mod payment;
pub mod route;
pub mod tree;
pub mod typed;
