//! Everything that a person can get wrong, through the program as it is shipped: the exit code and the text they read.
//!
//! No Kafka is needed: what needs a broker has an embedded one.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly, its steps outside of it too")]

mod build;
mod build_tools;
mod case;
mod cluster;
mod compiled;
mod component;
mod conformance;
mod contract;
mod dev;
mod generated;
mod guest_calls;
mod guest_files;
mod guest_imports;
mod guide;
mod inspect;
mod lines;
mod new;
mod pipeline_file;
mod policies;
mod real_guests;
mod schema_files;
mod surroundings;
mod test_cases;
mod values;
mod wit_shapes;
