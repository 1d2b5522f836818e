//! The typed lane against what it must agree with: the Avro library, the engine's dynamic values, and hostile bytes
//! on both sides.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly, its steps outside of it too")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a failing run of random bytes tells how to repeat it")]

mod dice;
mod dynamic;
mod echo;
mod evolve;
mod fuzz;
mod hostile_answer;
mod hostile_bytes;
mod hostile_call;
mod identity;
mod load;
mod resolution;
mod shape;
mod subset;
mod value;
