//! The faults. Each is what is done to a running pipeline, and what may come of it.

use std::time::Duration;

use harness::{Ended, Result, RigError};
use millstream::fault::Point;

use crate::guest::SLOW_SECONDS;
use crate::proxy::{ADD_PARTITIONS_TO_TXN, END_TXN, OFFSET_COMMIT, PRODUCE};
use crate::scene::{Host, Mode, Scene, Setup, wait};

/// One fault.
#[derive(Clone, Copy)]
pub struct Case {
    pub name: &'static str,
    /// Whether `make test` has it; `make chaos` has all.
    pub short: bool,
    /// For which promises.
    pub modes: &'static [Mode],
    /// Whether it needs a broker of its own behind a proxy.
    pub behind_proxy: bool,
    /// Whether the fault may leave work uncommitted, so that records come again.
    pub repeats: bool,
    /// What of the plain run is different.
    pub setup: fn(&mut Setup),
    /// Does it, heals it, and leaves hosts behind that can finish the work.
    pub act: Act,
    /// How many dead letters there have to be.
    pub letters: u64,
    /// How long it must have taken, or nothing has happened.
    pub least: Duration,
}

/// What is done.
#[derive(Clone, Copy)]
pub enum Act {
    /// The host kills itself at this point.
    Kill(Point),
    /// Something else.
    Do(fn(&mut Scene) -> Result<()>),
}

const PLAIN: Case = Case {
    name: "",
    short: true,
    modes: &Mode::ALL,
    behind_proxy: false,
    repeats: false,
    setup: |_| (),
    act: Act::Kill(Point::AfterPoll),
    letters: 0,
    least: Duration::ZERO,
};

/// The killing case of a point.
fn kill(point: Point) -> Case {
    let name = match point {
        Point::AfterPoll => "killed after poll",
        Point::InGuest => "killed in the guest",
        Point::AfterProduce => "killed after produce",
        Point::AfterFlush => "killed after flush",
        Point::AfterOffsetsSent => "killed after offsets sent",
        Point::AfterCommitSent => "killed after commit sent",
        Point::AfterCommit => "killed after commit",
        Point::InRevoke => "killed in revoke",
        Point::InShutdown => "killed in shutdown",
    };
    let modes: &[Mode] = match point {
        Point::AfterOffsetsSent => &[Mode::ExactlyOnce],
        // One call of the client sends the end of a transaction and waits for the answer: see `killed_at_the_end`.
        Point::AfterCommitSent => &[Mode::AtLeastOnce],
        _ => &Mode::ALL,
    };
    Case { name, modes, repeats: true, act: Act::Kill(point), ..PLAIN }
}

/// All faults but the soak.
pub fn all() -> Vec<Case> {
    let others = [
        Case { name: "stopped kindly", act: Act::Do(kind_stops), ..PLAIN },
        Case {
            name: "two hosts come and go",
            setup: |setup| setup.records = 60_000,
            act: Act::Do(come_and_go),
            ..PLAIN
        },
        Case {
            name: "five hosts flapping",
            short: false,
            repeats: true,
            setup: |setup| setup.records = 120_000,
            act: Act::Do(flapping),
            ..PLAIN
        },
        Case { name: "zombie", repeats: true, act: Act::Do(zombie), ..PLAIN },
        Case { name: "zombie in the guest", short: false, repeats: true, act: Act::Do(zombie_in_guest), ..PLAIN },
        Case {
            name: "guest slower than max.poll.interval.ms",
            setup: |setup| {
                (setup.odd_every, setup.verbs) = (setup.records / 2, "S");
                setup.session_ms = 6_000;
                setup.consumer.push_str("\"max.poll.interval.ms\" = 6000\n");
            },
            act: Act::Do(undisturbed),
            least: Duration::from_secs(SLOW_SECONDS),
            ..PLAIN
        },
        Case {
            name: "poison 1 in 100",
            setup: |setup| {
                (setup.odd_every, setup.verbs) = (100, "RT");
                setup.letters = Some(&[]);
            },
            act: Act::Do(undisturbed),
            letters: 200,
            ..PLAIN
        },
        Case {
            name: "poison, and killed",
            short: false,
            repeats: true,
            setup: |setup| {
                (setup.odd_every, setup.verbs) = (100, "RT");
                setup.letters = Some(&[]);
            },
            act: Act::Kill(Point::AfterProduce),
            letters: 200,
            ..PLAIN
        },
        Case {
            name: "oversized outputs",
            setup: |setup| {
                (setup.odd_every, setup.verbs) = (500, "O");
                setup.letters = Some(&[]);
            },
            act: Act::Do(undisturbed),
            letters: 40,
            ..PLAIN
        },
        Case {
            name: "dead letter topic fails",
            repeats: true,
            setup: |setup| {
                (setup.odd_every, setup.verbs) = (5000, "R");
                // Too little for a letter, enough for the marker at the end of a transaction: without that, it never ends.
                setup.letters = Some(&[("max.message.bytes", "200")]);
            },
            act: Act::Do(failing_letters),
            letters: 4,
            ..PLAIN
        },
        Case {
            name: "producer queue full",
            behind_proxy: true,
            setup: |setup| setup.producer.push_str("\"queue.buffering.max.messages\" = 100\n"),
            act: Act::Do(slow_broker),
            ..PLAIN
        },
        Case {
            name: "broker killed and restarted",
            behind_proxy: true,
            repeats: true,
            act: Act::Do(broker_killed),
            ..PLAIN
        },
        Case { name: "answers to produce lost", behind_proxy: true, act: Act::Do(produce_answers_lost), ..PLAIN },
        Case {
            name: "killed after commit sent",
            modes: &[Mode::ExactlyOnce],
            behind_proxy: true,
            repeats: true,
            act: Act::Do(killed_at_the_end),
            ..PLAIN
        },
        Case {
            name: "end of a transaction held until the next has begun",
            modes: &[Mode::ExactlyOnce],
            behind_proxy: true,
            setup: |setup| setup.records = 60_000,
            act: Act::Do(late_end),
            ..PLAIN
        },
        Case { name: "answers to commit lost", behind_proxy: true, act: Act::Do(commit_answers_lost), ..PLAIN },
        Case { name: "commit held for 1 s", behind_proxy: true, act: Act::Do(commit_held), ..PLAIN },
        Case { name: "requests late by 100 ms", behind_proxy: true, short: false, act: Act::Do(late), ..PLAIN },
        Case { name: "cut off for 4 s", behind_proxy: true, repeats: true, act: Act::Do(cut_off), ..PLAIN },
    ];
    Point::ALL.into_iter().map(kill).chain(others).collect()
}

/// A kill every five seconds, for as long as the records last.
pub fn soak() -> Case {
    Case { name: "soak: a kill every 5 s", repeats: true, act: Act::Do(killed_again_and_again), ..PLAIN }
}

/// Lets a host kill itself at a point, under load, and starts another.
pub fn kill_at(scene: &mut Scene, point: Point) -> Result<()> {
    // So many times a point is passed before it kills, from when records come out: well before the end of the load.
    let passes = match point {
        Point::AfterPoll => scene.dice.of(1..8),
        Point::InGuest | Point::AfterProduce | Point::AfterFlush => scene.dice.of(1..40),
        Point::AfterOffsetsSent | Point::AfterCommitSent | Point::AfterCommit => scene.dice.of(1..5),
        Point::InRevoke | Point::InShutdown => 1,
    };
    let mut host = scene.host(Some(&format!("{}:{passes}:kill", point.name())))?;
    let mut second = None;
    let early = scene.dice.of(1_000..4_000);
    scene.wait_fresh(early)?;
    host.arm()?;
    match point {
        Point::InRevoke => second = Some(scene.another()?),
        Point::InShutdown => host.process.signal("-TERM")?,
        _ => {}
    }
    killed(&mut host, point)?;
    scene.mark()?;
    let fresh = scene.checker.fresh()?;
    if fresh == 0 || fresh == scene.setup.records {
        return Err(RigError::new(format!(
            "it was killed at {} with {fresh} records out: not under load",
            point.name()
        )));
    }
    match second {
        Some(second) => scene.keep(second),
        None => scene.start()?,
    }
    Ok(())
}

fn killed(host: &mut Host, point: Point) -> Result<()> {
    wait(&format!("a host to be killed at {}", point.name()), || !host.process.running())?;
    let fired = host.notes().contains(&format!("fired {}", point.name()));
    match (fired, host.process.wait(Duration::ZERO)?) {
        (true, Ended::Signal) => Ok(()),
        (_, ended) => Err(RigError::new(format!("no fault fired; it ended with {ended:?}:\n{}", host.process.log()))),
    }
}

fn undisturbed(scene: &mut Scene) -> Result<()> {
    scene.start()?;
    scene.wait_fresh(1)?;
    scene.mark()
}

fn kind_stops(scene: &mut Scene) -> Result<()> {
    for _ in 0..3 {
        let mut host = scene.host(None)?;
        let some = scene.dice.of(1_000..5_000);
        scene.wait_more(some)?;
        host.leave()?;
        scene.mark()?;
    }
    scene.start()
}

fn come_and_go(scene: &mut Scene) -> Result<()> {
    scene.start()?;
    scene.wait_fresh(1_000)?;
    for _ in 0..3 {
        let mut guest = scene.another()?;
        guest.wait_log("partitions assigned")?;
        let some = scene.dice.of(500..1_500);
        scene.wait_more(some)?;
        guest.leave()?;
        scene.mark()?;
    }
    Ok(())
}

/// Up to five hosts, started and killed as the dice fall.
fn flapping(scene: &mut Scene) -> Result<()> {
    let mut hosts = vec![scene.host(None)?];
    for _ in 0..24 {
        std::thread::sleep(Duration::from_millis(scene.dice.of(200..1_200)));
        let one = scene.dice.of(0..6) as usize;
        if one < hosts.len() {
            hosts.swap_remove(one).process.kill();
            scene.mark()?;
        } else {
            hosts.push(scene.another()?);
        }
    }
    hosts.push(scene.another()?);
    hosts.into_iter().for_each(|host| scene.keep(host));
    scene.healed()
}

fn zombie(scene: &mut Scene) -> Result<()> {
    stopped_at(scene, Point::AfterProduce)
}

fn zombie_in_guest(scene: &mut Scene) -> Result<()> {
    stopped_at(scene, Point::InGuest)
}

/// A host stands still past its session's end, another takes over, and the first goes on as if nothing had been.
fn stopped_at(scene: &mut Scene, point: Point) -> Result<()> {
    let passes = scene.dice.of(1..20);
    let host = scene.host(Some(&format!("{}:{passes}:stop", point.name())))?;
    let early = scene.dice.of(1_000..4_000);
    scene.wait_fresh(early)?;
    host.arm()?;
    wait("a host to stand still", || host.notes().contains("fired"))?;
    scene.mark()?;
    let mut second = scene.another()?;
    second.wait_log("partitions assigned")?;
    scene.wait_more(1_000)?;
    host.process.signal("-CONT")?;
    scene.healed()?;
    scene.keep(host);
    scene.keep(second);
    Ok(())
}

/// The first dead letter is refused: the pipeline stops before it. Once the topic takes letters it goes on.
fn failing_letters(scene: &mut Scene) -> Result<()> {
    let mut host = scene.host(None)?;
    host.ends_with(1, false)?;
    let log = host.process.log();
    if !log.contains("could not be written to") {
        return Err(RigError::new(format!("it ended for another reason:\n{log}")));
    }
    scene.mark()?;
    scene.heal_letters()?;
    scene.start()
}

fn broker_killed(scene: &mut Scene) -> Result<()> {
    scene.start()?;
    let some = scene.dice.of(3_000..8_000);
    scene.wait_fresh(some)?;
    scene.mark()?;
    let broker = &mut scene.fronted()?.broker;
    broker.kill()?;
    broker.restart()?;
    scene.healed()
}

/// Starts a host, does something to its connections once some records came through, and heals it after so long.
fn disturb(scene: &mut Scene, from: u64, time: Duration, act: impl Fn(&crate::proxy::Proxy)) -> Result<()> {
    scene.start()?;
    let some = scene.dice.of(from..2 * from);
    scene.wait_fresh(some)?;
    scene.mark()?;
    let proxy = &scene.fronted()?.proxy;
    act(proxy);
    std::thread::sleep(time);
    proxy.heal();
    if proxy.touched() == 0 {
        return Err(RigError::new("no fault fired: no request was touched"));
    }
    scene.healed()
}

/// A queue of 100 records and a broker that takes 50 ms for each request: the outputs fall behind, or nothing was full.
fn slow_broker(scene: &mut Scene) -> Result<()> {
    scene.start()?;
    scene.mark()?;
    scene.fronted()?.proxy.delay(Duration::from_millis(50));
    std::thread::sleep(Duration::from_secs(scene.setup.records / scene.setup.rate));
    let fresh = scene.checker.fresh()?;
    if fresh == 0 || fresh > scene.setup.records * 3 / 4 {
        return Err(RigError::new(format!("no fault fired: {fresh} records came out all the same")));
    }
    scene.fronted()?.proxy.heal();
    scene.healed()
}

fn late(scene: &mut Scene) -> Result<()> {
    disturb(scene, 2_000, Duration::from_secs(4), |proxy| proxy.delay(Duration::from_millis(100)))
}

fn cut_off(scene: &mut Scene) -> Result<()> {
    disturb(scene, 3_000, Duration::from_secs(4), |proxy| proxy.cut())
}

fn commit_held(scene: &mut Scene) -> Result<()> {
    let key = commit_key(scene);
    disturb(scene, 3_000, Duration::from_secs(1), |proxy| proxy.hold(key))
}

/// What ends a piece of work.
fn commit_key(scene: &Scene) -> i16 {
    match scene.mode {
        Mode::AtLeastOnce => OFFSET_COMMIT,
        Mode::ExactlyOnce => END_TXN,
    }
}

/// The end of a transaction is held, the host killed, and the end let go while its successor has begun.
fn killed_at_the_end(scene: &mut Scene) -> Result<()> {
    let mut host = scene.host(None)?;
    let some = scene.dice.of(3_000..6_000);
    scene.wait_fresh(some)?;
    let proxy = &scene.fronted()?.proxy;
    proxy.hold(END_TXN);
    wait("the end of a transaction", || proxy.touched() > 0)?;
    host.process.kill();
    scene.mark()?;
    let next = scene.host(None)?;
    scene.keep(next);
    scene.fronted()?.proxy.heal();
    Ok(())
}

/// The end of a transaction comes to the broker when its producer has given up on it and the next has begun.
fn late_end(scene: &mut Scene) -> Result<()> {
    scene.start()?;
    let some = scene.dice.of(3_000..6_000);
    scene.wait_fresh(some)?;
    scene.mark()?;
    let proxy = &scene.fronted()?.proxy;
    proxy.hold(END_TXN);
    wait("the end of a transaction to be held", || proxy.touched() > 0)?;
    let begun = proxy.passed(ADD_PARTITIONS_TO_TXN);
    wait("the next transaction", || proxy.passed(ADD_PARTITIONS_TO_TXN) > begun)?;
    proxy.heal();
    scene.healed()
}

fn produce_answers_lost(scene: &mut Scene) -> Result<()> {
    answers_lost(scene, PRODUCE)
}

fn commit_answers_lost(scene: &mut Scene) -> Result<()> {
    answers_lost(scene, commit_key(scene))
}

fn answers_lost(scene: &mut Scene, key: i16) -> Result<()> {
    scene.start()?;
    let some = scene.dice.of(3_000..6_000);
    scene.wait_fresh(some)?;
    scene.mark()?;
    let count = scene.dice.of(2..5) as u32;
    let proxy = &scene.fronted()?.proxy;
    proxy.drop_answers(key, count);
    wait("answers to be lost", || proxy.has_dropped())
}

fn killed_again_and_again(scene: &mut Scene) -> Result<()> {
    let seconds = scene.setup.records / scene.setup.rate;
    for _ in 0..seconds / 5 {
        let mut host = scene.host(None)?;
        std::thread::sleep(Duration::from_secs(5));
        if !host.process.running() {
            return Err(RigError::new(format!("the host ended by itself:\n{}", host.process.log())));
        }
        host.process.kill();
        scene.mark()?;
    }
    scene.start()
}
