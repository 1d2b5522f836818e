//! The example guests, each run by its own example pipeline: records in, and exactly the right records out.
//!
//! Every story is told twice: on the broker embedded in the program, there in every language that the run is about (see
//! `language.rs`), and on a real Apache Kafka. What comes out is
//! read by Avro code that is not the program's.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly, its steps outside of it too")]

mod account_balances;
mod conformance;
mod csv;
mod dedup;
mod enrich;
mod example;
mod failures;
mod fan_out;
mod filter;
mod from_new;
mod gaps;
mod identical;
mod language;
mod mask;
mod payment;
mod project;
mod projects;
mod refusals;
mod route;
mod start;
mod throwing;

/// Two tests of one story.
macro_rules! on_both_brokers {
    ($story:ident, $case:literal) => {
        mod $story {
            #[test]
            fn on_the_embedded_broker() {
                for language in crate::language::languages($case) {
                    eprintln!("{} in {}", $case, language.name);
                    super::$story(crate::example::Ground::Embedded(language));
                }
            }

            #[test]
            fn on_kafka() {
                super::$story(crate::example::Ground::Kafka);
            }
        }
    };
}
use on_both_brokers;
