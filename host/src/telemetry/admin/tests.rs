use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{Admin, AdminError};
use crate::telemetry::health::{Health, State};
use crate::telemetry::metrics::{Build, Exporter};

const BUILD: Build = Build { version: "0.1.0", commit: "abc", wasmtime: "48.0.1" };
const BOUND: Duration = Duration::from_secs(30);

/// An endpoint on a free port with a thread that drives its runtime.
struct Served {
    admin: Option<Admin>,
    exporter: Exporter,
    health: Health,
    started: Instant,
    // Dropped last: it stops the thread that serves.
    runtime: Runtime,
}

impl Served {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (exporter, started) = (Exporter::new(BUILD), Instant::now());
        let health = Health::new(BOUND, started);
        let admin = Admin::start(free(), exporter.clone(), health.clone(), runtime.handle()).unwrap();
        Served { admin: Some(admin), exporter, health, started, runtime }
    }

    fn address(&self) -> SocketAddr {
        self.admin.as_ref().unwrap().address()
    }

    /// Status line with headers, and body.
    fn get(&self, path: &str, headers: &str) -> (String, String) {
        let address = self.address();
        let request = format!("GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n{headers}\r\n");
        let client = std::thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        while !client.is_finished() {
            self.runtime.block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
        }
        let answer = client.join().unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    fn json(&self, path: &str) -> (u16, Value) {
        let (head, body) = self.get(path, "");
        assert!(head.contains("content-type: application/json"), "{head}");
        (head[9..12].parse().unwrap(), serde_json::from_str(&body).unwrap())
    }
}

fn free() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

#[test]
fn metrics_come_in_the_format_the_client_asks_for() {
    let served = Served::new();
    served.exporter.pipeline("payments", "acme").consumed(7, 70);
    let (head, body) = served.get("/metrics", "");
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    assert!(body.contains("# TYPE millstream_records_consumed_total counter\n"), "{body}");
    assert!(body.contains("millstream_records_consumed_total{pipeline=\"payments\",tenant=\"acme\"} 7\n"), "{body}");
    assert!(body.contains("millstream_build_info{version=\"0.1.0\",commit=\"abc\",wasmtime=\"48.0.1\"} 1\n"), "{body}");
    let (head, body) = served.get("/metrics", "accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1\r\n");
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"), "{head}");
    assert!(body.ends_with("# EOF\n"));
}

#[test]
fn readiness_lists_the_pipelines() {
    let served = Served::new();
    assert_eq!(served.json("/readyz"), (503, json!({ "ready": false, "pipelines": [] })));
    let (first, second) = (served.health.pipeline("payments"), served.health.pipeline("orders"));
    first.set(State::Running);
    let starting = json!([
        { "name": "payments", "state": "running", "reason": "" },
        { "name": "orders", "state": "starting", "reason": "" },
    ]);
    assert_eq!(served.json("/readyz"), (503, json!({ "ready": false, "pipelines": starting })));
    second.set(State::Failed("schema 7 is unknown".into()));
    let failed = json!([
        { "name": "payments", "state": "running", "reason": "" },
        { "name": "orders", "state": "failed", "reason": "schema 7 is unknown" },
    ]);
    assert_eq!(served.json("/readyz"), (200, json!({ "ready": true, "pipelines": failed })));
}

#[test]
fn a_hanging_polling_thread_ends_life_and_readiness() {
    // The last beat is older than the bound because it lies before the start of this test.
    let (mut served, past) = (Served::new(), Instant::now().checked_sub(BOUND * 3).unwrap());
    let health = Health::new(BOUND, past);
    let exporter = served.exporter.clone();
    served.admin = Some(Admin::start(free(), exporter, health.clone(), served.runtime.handle()).unwrap());
    let pipeline = health.pipeline("payments");
    assert_eq!(served.json("/livez"), (200, json!({ "live": true, "silent": [] })));
    pipeline.set(State::Running);
    pipeline.beat(past);
    for path in ["/livez", "/healthz"] {
        let (status, body) = served.json(path);
        assert_eq!((status, &body["live"]), (503, &json!(false)));
        let reason = body["silent"][0]["reason"].as_str().unwrap().to_owned();
        assert!(reason.starts_with("the polling thread has been silent for 9"), "{reason}");
    }
    assert_eq!(served.json("/readyz").0, 503);
    pipeline.beat(Instant::now());
    assert_eq!(served.json("/livez").0, 200);
    assert_eq!(served.json("/readyz").0, 200);
    assert!(served.started > past);
}

#[test]
fn the_version_is_told() {
    let expected = json!({ "name": "millstream", "version": "0.1.0", "commit": "abc", "wasmtime": "48.0.1" });
    assert_eq!(Served::new().json("/version"), (200, expected));
}

#[test]
fn other_paths_and_methods_are_refused() {
    let served = Served::new();
    let (head, body) = served.get("/secrets", "");
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    assert_eq!(body, "no /secrets here; there is /metrics, /livez, /readyz and /version\n");
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let taken = TcpListener::bind(free()).unwrap();
    let address = taken.local_addr().unwrap();
    let served = Served::new();
    let (exporter, health) = (served.exporter.clone(), served.health.clone());
    let error = Admin::start(address, exporter, health, served.runtime.handle()).unwrap_err();
    assert!(matches!(error, AdminError::InUse { .. }));
    assert_eq!(
        error.to_string(),
        format!(
            "[admin] listen = \"{address}\" is already in use by another process; stop that process or choose another \
             port (port 0 takes a free one)"
        )
    );
}

#[test]
fn an_address_that_others_can_reach_is_refused() {
    let served = Served::new();
    let (exporter, health) = (served.exporter.clone(), served.health.clone());
    let open = SocketAddr::from(([0, 0, 0, 0], 9000));
    let error = Admin::start(open, exporter, health, served.runtime.handle()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "[admin] listen = \"0.0.0.0:9000\" can be reached from other machines, and the endpoint has no \
         authentication; use a loopback address such as \"127.0.0.1:9000\""
    );
}

#[test]
fn an_address_the_system_refuses_is_named() {
    let source = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    let error = AdminError::Refused { address: SocketAddr::from(([127, 0, 0, 1], 80)), source };
    assert_eq!(
        error.to_string(),
        "[admin] listen = \"127.0.0.1:80\" cannot be opened: permission denied; choose an address of this machine and \
         a port above 1023"
    );
}

#[test]
fn shutdown_frees_the_port_and_does_not_wait_for_silent_clients() {
    let mut served = Served::new();
    let address = served.address();
    let _idle = TcpStream::connect(address).unwrap();
    served.get("/livez", "");
    let started = Instant::now();
    let admin = served.admin.take().unwrap();
    served.runtime.block_on(admin.shutdown(Duration::from_millis(300)));
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
}
