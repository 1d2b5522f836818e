//! The program as it is shipped, against a real Apache Kafka, judged by a checker of other makers' parts.
//!
//! One broker serves all tests; each test has topics and a group of its own.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly, its steps outside of it too")]

mod broken_input;
mod checker;
mod contenders;
mod delivery;
mod environment;
mod exactly_once;
mod group;
mod stops;
mod telemetry;

use std::sync::OnceLock;
use std::time::Duration;

use harness::{Broker, Pipeline, Process, Result};

/// Long enough for two busy cores; a test that needs it all has failed.
const LIMIT: Duration = Duration::from_secs(120);

/// How often a topic's end is asked for while waiting.
const STEP: Duration = Duration::from_millis(50);

/// The broker that all tests share.
fn broker() -> &'static Broker {
    static BROKER: OnceLock<Broker> = OnceLock::new();
    // A failure here fails every test with the reason, since the cell stays empty.
    BROKER.get_or_init(|| Broker::start(512).unwrap_or_else(|why| panic!("{why}")))
}

/// Makes `<name>.in` and `<name>.out` of four partitions each.
fn topics(name: &str) -> Result<(String, String)> {
    let (input, output) = (format!("{name}.in"), format!("{name}.out"));
    broker().create_topic(&input, 4, &[])?;
    broker().create_topic(&output, 4, &[])?;
    Ok((input, output))
}

/// Waits for the output and says what the program wrote when it does not come.
fn wait_outputs(pipeline: &Pipeline, process: &mut Process, wanted: u64) -> u64 {
    let waited = broker().wait_count(&pipeline.output, wanted, LIMIT, STEP);
    waited.unwrap_or_else(|why| panic!("{why}; running: {}; it wrote:\n{}", process.running(), process.log()))
}
