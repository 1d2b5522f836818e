//! Stands between the program and the broker. Of the protocol it knows where a request begins and ends, and its first two
//! bytes, the API key. What it can do with a request: let it through, be late, hold it, or let it through and cut the
//! connection, so that it was acted on and nobody heard of it.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use harness::{Result, RigError};

/// Requests, by their API keys.
pub const PRODUCE: i16 = 0;
pub const OFFSET_COMMIT: i16 = 8;
pub const ADD_PARTITIONS_TO_TXN: i16 = 24;
pub const END_TXN: i16 = 26;

/// A request of more than this is none.
const LARGEST: usize = 64 << 20;
/// How often a held request looks whether it may go on.
const LOOK: Duration = Duration::from_millis(5);

/// What happens to requests.
#[derive(Debug, Default)]
struct Rules {
    /// Connections are cut, and new ones refused.
    cut: bool,
    /// All requests are late by so much.
    late: Duration,
    /// Requests with this key are held.
    held: Option<i16>,
    /// The next so many requests with this key are handed on, and their connections cut before the answer.
    dropped: Option<(i16, u32)>,
    /// Requests that something was done to.
    touched: u64,
    /// Requests that came so far, by key.
    passed: HashMap<i16, u64>,
    connections: Vec<TcpStream>,
}

/// A proxy in front of one port of this machine.
pub struct Proxy {
    port: u16,
    back: Arc<AtomicU16>,
    rules: Arc<Mutex<Rules>>,
}

impl Proxy {
    /// Listens on a free port. It leads nowhere until [`Proxy::lead_to`].
    pub fn start() -> Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(RigError::doing("starting the proxy"))?;
        let port = listener.local_addr().map_err(RigError::doing("starting the proxy"))?.port();
        let proxy = Proxy { port, back: Arc::default(), rules: Arc::default() };
        let (back, rules) = (proxy.back.clone(), proxy.rules.clone());
        // It ends with the tests' process.
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                accept(client, back.load(Ordering::Relaxed), &rules);
            }
        });
        Ok(proxy)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn lead_to(&self, port: u16) {
        self.back.store(port, Ordering::Relaxed);
    }

    /// Cuts all connections and refuses new ones, until [`Proxy::heal`].
    pub fn cut(&self) {
        let mut rules = lock(&self.rules);
        rules.cut = true;
        rules.touched += rules.connections.len() as u64;
        for connection in rules.connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Makes each request late.
    pub fn delay(&self, late: Duration) {
        lock(&self.rules).late = late;
    }

    /// Holds requests with this key, until [`Proxy::heal`].
    pub fn hold(&self, key: i16) {
        lock(&self.rules).held = Some(key);
    }

    /// Hands the next so many requests with this key on, and cuts their connections before the answer.
    pub fn drop_answers(&self, key: i16, count: u32) {
        lock(&self.rules).dropped = Some((key, count));
    }

    /// Requests that something was done to so far, and connections that were cut.
    pub fn touched(&self) -> u64 {
        lock(&self.rules).touched
    }

    /// Requests with this key so far.
    pub fn passed(&self, key: i16) -> u64 {
        lock(&self.rules).passed.get(&key).copied().unwrap_or_default()
    }

    /// Whether all answers that were to be dropped are dropped.
    pub fn has_dropped(&self) -> bool {
        lock(&self.rules).dropped.is_none()
    }

    /// From here on everything goes through.
    pub fn heal(&self) {
        let mut rules = lock(&self.rules);
        (rules.cut, rules.late, rules.held, rules.dropped) = (false, Duration::ZERO, None, None);
    }

    /// The same, and what was touched is forgotten.
    pub fn reset(&self) {
        self.heal();
        lock(&self.rules).touched = 0;
    }
}

fn lock(rules: &Mutex<Rules>) -> MutexGuard<'_, Rules> {
    rules.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(client: TcpStream, back: u16, rules: &Arc<Mutex<Rules>>) {
    if lock(rules).cut {
        return;
    }
    // Nobody there: the client sees its connection end, as it would without a proxy.
    let Ok(server) = TcpStream::connect(("127.0.0.1", back)) else { return };
    let (Ok(client_again), Ok(server_again), Ok(kept)) = (client.try_clone(), server.try_clone(), client.try_clone())
    else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    lock(rules).connections.push(kept);
    let rules = rules.clone();
    thread::spawn(move || requests(client, server, &rules));
    thread::spawn(move || answers(server_again, client_again));
}

/// Broker to client: as it comes.
fn answers(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = (to.shutdown(Shutdown::Both), from.shutdown(Shutdown::Both));
}

/// Client to broker: request by request.
fn requests(mut client: TcpStream, mut server: TcpStream, rules: &Mutex<Rules>) {
    let mut request = Vec::new();
    while let Some(key) = next(&mut client, &mut request) {
        *lock(rules).passed.entry(key).or_default() += 1;
        let late = lock(rules).late;
        if !late.is_zero() {
            lock(rules).touched += 1;
            thread::sleep(late);
        }
        if lock(rules).held == Some(key) {
            lock(rules).touched += 1;
            while lock(rules).held == Some(key) {
                thread::sleep(LOOK);
            }
        }
        let dropped = take_drop(&mut lock(rules), key);
        if dropped {
            // The answer must not get through, so the client's side goes first.
            let _ = client.shutdown(Shutdown::Both);
        }
        if server.write_all(&request).is_err() || dropped {
            break;
        }
    }
    if !request.is_empty() {
        // Time for the broker to take what was handed on: a reset would throw it away unread.
        thread::sleep(Duration::from_millis(50));
    }
    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
}

fn take_drop(rules: &mut Rules, key: i16) -> bool {
    match rules.dropped {
        Some((wanted, left)) if wanted == key => {
            rules.dropped = (left > 1).then_some((wanted, left - 1));
            rules.touched += 1;
            true
        }
        _ => false,
    }
}

/// Reads the next request, its length included; answers its API key.
fn next(client: &mut TcpStream, request: &mut Vec<u8>) -> Option<i16> {
    let mut length = [0; 4];
    client.read_exact(&mut length).ok()?;
    let size = usize::try_from(i32::from_be_bytes(length)).ok().filter(|size| (2..=LARGEST).contains(size))?;
    request.clear();
    request.extend(length);
    request.resize(4 + size, 0);
    client.read_exact(request.get_mut(4..)?).ok()?;
    Some(i16::from_be_bytes([request[4], request[5]]))
}
