//! The typed lane against what it must agree with: the Avro library, the engine's dynamic values, and hostile bytes
//! on both sides.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly, its steps outside of it too")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a failing run of random bytes tells how to repeat it")]

mod answers;
mod canonical;
mod contract_fuzz;
mod dice;
mod drawn;
mod dynamic;
mod echo;
mod envelope_in;
mod envelope_out;
mod evolve;
mod fuzz;
mod generic;
mod generic_deep;
mod generic_echo;
mod generic_fuzz;
mod generic_hostile;
mod guest_types;
mod hostile_answer;
mod hostile_bytes;
mod hostile_call;
mod hostile_envelope;
mod identity;
mod imports;
mod init;
mod json;
mod keys;
mod limits;
mod load;
mod probe;
mod recorder;
mod relay;
mod resolution;
mod resources;
mod shape;
mod subset;
mod sweep;
mod unfit;
mod unions;
mod value;
