//! Faults on the real broker: the program is killed, stopped, cut off and fed with poison while records flow, and a checker
//! of other makers' parts counts what was lost, doubled or turned around. `docs/chaos.md` tells how to run and repeat it.

#![expect(clippy::panic, reason = "a test fails loudly, its steps outside of it too")]

mod cases;
mod checker;
mod dice;
mod guest;
mod matrix;
mod planted;
mod proxy;
mod scene;

use std::sync::OnceLock;

use harness::Broker;

/// The broker of all runs in which nothing is done to the broker itself.
fn broker() -> &'static Broker {
    static BROKER: OnceLock<Broker> = OnceLock::new();
    // A failure here fails every test with the reason, since the cell stays empty.
    BROKER.get_or_init(|| Broker::start(384).unwrap_or_else(|why| panic!("{why}")))
}
