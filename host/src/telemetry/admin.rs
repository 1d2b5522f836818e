//! The endpoint for probes and scrapers: `/metrics`, `/livez`, `/readyz`, `/version`.
//!
//! It only reads, and it has no authentication: it listens on loopback addresses and nowhere else.

use std::future::pending;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::exposition::Exposition;
use super::health::{Health, Report, Waits};
use super::metrics::Exporter;
use super::printable::printable;

/// Why the endpoint could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// Others could reach it.
    #[error("[admin] listen = \"{address}\" can be reached from other machines, and the endpoint has no authentication; use a loopback address such as \"127.0.0.1:{}\"", address.port())]
    NotLoopback {
        /// The address asked for.
        address: SocketAddr,
    },
    /// Somebody else listens there.
    #[error(
        "[admin] listen = \"{address}\" is already in use by another process; stop that process or choose another port (port 0 takes a free one)"
    )]
    InUse {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The system refuses.
    #[error(
        "[admin] listen = \"{address}\" cannot be opened: {source}; choose an address of this machine and a port above 1023"
    )]
    Refused {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// The running endpoint. Dropping it ends it at once.
#[derive(Debug)]
pub struct Admin {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

#[derive(Debug, Clone)]
struct Sources {
    exporter: Exporter,
    health: Health,
}

impl Admin {
    /// Opens the endpoint and serves it in `runtime`. When this returns, the endpoint can be reached.
    pub fn start(
        address: SocketAddr,
        exporter: Exporter,
        health: Health,
        runtime: &Handle,
    ) -> Result<Self, AdminError> {
        if !address.ip().is_loopback() {
            return Err(AdminError::NotLoopback { address });
        }
        let _entered = runtime.enter();
        let listener = listen(address).map_err(|source| match source.kind() {
            ErrorKind::AddrInUse => AdminError::InUse { address },
            _ => AdminError::Refused { address, source },
        })?;
        let address = listener.local_addr().unwrap_or(address);
        let (stop, stopped) = oneshot::channel::<()>();
        let server = runtime.spawn(async move {
            let until = async move {
                // A dropped sender is no wish to stop: dropping `Admin` aborts this task instead.
                if stopped.await.is_err() {
                    pending::<()>().await;
                }
            };
            let serving = axum::serve(listener, router(Sources { exporter, health }));
            if let Err(error) = serving.with_graceful_shutdown(until).await {
                tracing::error!(%error, "admin endpoint ended");
            }
        });
        tracing::info!(%address, "admin endpoint listens");
        Ok(Admin { address, stop: Some(stop), server })
    }

    /// Where it listens, with the real port if port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections and waits at most `patience` for requests to end.
    pub async fn shutdown(mut self, patience: Duration) {
        if let Some(stop) = self.stop.take() {
            // An error means that the server has ended already.
            let _ = stop.send(());
        }
        drop(tokio::time::timeout(patience, &mut self.server).await);
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A listener of the current runtime, opened without waiting so that an error is told before anything else starts.
fn listen(address: SocketAddr) -> io::Result<tokio::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

fn router(sources: Sources) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(livez))
        .route("/healthz", get(livez))
        .route("/readyz", get(readyz))
        .route("/version", get(version))
        .fallback(unknown)
        .with_state(sources)
}

async fn metrics(Shared(sources): Shared<Sources>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let format = Exposition::accepted(accept);
    ([(header::CONTENT_TYPE, format.content_type())], format.convert(sources.exporter.render())).into_response()
}

async fn livez(Shared(sources): Shared<Sources>) -> Response {
    let now = Instant::now();
    let silent = sources.health.reports(now).iter().filter(|report| report.silent.is_some()).map(described).collect();
    let live = sources.health.live(now);
    answer(live, json!({ "live": live, "silent": Value::Array(silent) }))
}

async fn readyz(Shared(sources): Shared<Sources>) -> Response {
    let now = Instant::now();
    let pipelines = sources.health.reports(now).iter().map(described).collect();
    let ready = sources.health.ready(now);
    answer(ready, json!({ "ready": ready, "pipelines": Value::Array(pipelines) }))
}

async fn version(Shared(sources): Shared<Sources>) -> Response {
    let build = sources.exporter.build();
    answer(
        true,
        json!({
            "name": "millstream",
            "version": build.version,
            "commit": build.commit,
            "wasmtime": build.wasmtime,
        }),
    )
}

async fn unknown(uri: Uri) -> Response {
    let path = printable(uri.path(), 200);
    let text = format!("no {path} here; there is /metrics, /livez, /readyz and /version\n");
    (StatusCode::NOT_FOUND, text).into_response()
}

fn described(report: &Report) -> Value {
    let reason = match report.silent {
        Some(silent) => format!("the polling thread has been silent for {} s", silent.as_secs()),
        None => report.state.reason().to_owned(),
    };
    let mut described = json!({ "name": report.name, "state": report.state.name(), "reason": reason });
    if !report.waiting.is_empty() {
        described["waiting"] = report.waiting.iter().map(waits).collect();
    }
    described
}

fn waits(waits: &Waits) -> Value {
    let left = waits.next.duration_since(SystemTime::now()).unwrap_or_default();
    json!({
        "record": waits.record,
        "stage": waits.stage,
        "why": waits.why,
        "attempts": waits.attempts,
        "next-attempt-in-seconds": left.as_secs(),
    })
}

fn answer(good: bool, body: Value) -> Response {
    let status = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
}

#[cfg(test)]
mod tests;
