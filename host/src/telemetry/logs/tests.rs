use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

use super::{Clock, LogError, LogFormat, Logs, parse_filter, wants_colours};

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[derive(Clone, Default)]
struct Seconds(Arc<AtomicU64>);

impl Clock for Seconds {
    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + self.elapsed()
    }
}

/// Runs `work` with logs of its own and returns what was printed.
fn logged(format: LogFormat, filter: &str, work: impl FnOnce(&Logs, &Seconds)) -> String {
    let (page, clock) = (Page::default(), Seconds::default());
    let logs = Logs::new(format, false, Box::new(page.clone()), Box::new(clock.clone()));
    let subscriber = Registry::default().with(logs.layer().with_filter(parse_filter(filter).unwrap()));
    tracing::subscriber::with_default(subscriber, || work(&logs, &clock));
    drop(logs);
    page.text()
}

#[test]
fn an_event_becomes_a_line_with_the_fields_of_its_spans() {
    let text = logged(LogFormat::Text, "info", |_, _| {
        let outer = tracing::info_span!("pipeline", pipeline = "payments", tenant = "acme");
        let _outer = outer.enter();
        let inner = tracing::info_span!("worker", partition = 1, tenant = "other");
        let _inner = inner.enter();
        tracing::warn!(offset = 7_u64, partition = 2, ready = true, "record rejected: {}", "negative amount");
        tracing::debug!("not shown");
    });
    assert_eq!(
        text,
        "1970-01-01T00:00:00.000Z WARN  record rejected: negative amount pipeline=payments tenant=other partition=2 \
         offset=7 ready=true\n"
    );
}

#[test]
fn json_lines_are_flat_objects() {
    let text = logged(LogFormat::Json, "info", |_, _| {
        tracing::error!(lag = 12_i64, rate = 0.5, odd = f64::NAN, wide = u128::MAX, "broker \"a\" is\naway");
    });
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["level"], "error");
    assert_eq!(line["message"], r#"broker "a" is\naway"#);
    assert_eq!((&line["lag"], &line["rate"], &line["odd"]), (&12.into(), &0.5.into(), &"NaN".into()));
    assert_eq!(line["wide"], u128::MAX.to_string());
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn hostile_text_can_neither_forge_a_line_nor_fill_the_disk() {
    for format in [LogFormat::Text, LogFormat::Json] {
        let text = logged(format, "info", |_, _| {
            let evil = format!("x\n2026 ERROR forged\x1b[2J{}", "y".repeat(1 << 20));
            tracing::info!(guest = evil, debug = ?evil, "{evil}");
        });
        assert_eq!(text.lines().count(), 1);
        assert!(!text.contains('\x1b'));
        assert!(text.len() < 3 * 4096 + 400, "{}", text.len());
    }
}

#[test]
fn an_error_is_logged_with_its_causes() {
    let text = logged(LogFormat::Text, "info", |_, _| {
        let cause = LogError::AlreadySet;
        let error = std::io::Error::other(cause);
        tracing::error!(error = &error as &(dyn std::error::Error + 'static), "start failed");
    });
    assert!(text.ends_with("start failed error=\"logs are already set up in this process\"\n"), "{text}");
}

#[test]
fn repeats_are_held_back_and_counted_when_the_window_ends() {
    let text = logged(LogFormat::Text, "info", |logs, clock| {
        for attempt in 0..20 {
            tracing::warn!(attempt, "broker is away");
        }
        clock.0.store(9, Ordering::Relaxed);
        logs.sweep();
        clock.0.store(10, Ordering::Relaxed);
        logs.sweep();
    });
    assert_eq!(text.matches("broker is away attempt=").count(), 5);
    assert!(
        text.ends_with(
            "attempt=4\n1970-01-01T00:00:10.000Z WARN  15 similar messages suppressed similar_to=\"broker is away\"\n"
        ),
        "{text}"
    );
}

#[test]
fn the_next_line_ends_a_window_too() {
    let text = logged(LogFormat::Text, "info", |_, clock| {
        for _ in 0..6 {
            tracing::warn!("broker is away");
        }
        clock.0.store(11, Ordering::Relaxed);
        tracing::info!("broker is back");
    });
    let last: Vec<&str> = text.lines().rev().take(2).collect();
    assert!(last[0].ends_with("INFO  broker is back"), "{text}");
    assert!(last[1].contains("1 similar message suppressed"), "{text}");
}

#[test]
fn the_end_of_the_process_tells_what_was_held_back() {
    let text = logged(LogFormat::Text, "info", |_, _| {
        for _ in 0..8 {
            tracing::warn!("broker is away");
        }
    });
    assert!(text.contains("3 similar messages suppressed"), "{text}");
}

#[test]
fn a_filter_keeps_the_default_level_for_the_rest() {
    let text = logged(LogFormat::Text, "loud=debug", |_, _| {
        tracing::debug!(target: "loud", "one");
        tracing::debug!("two");
        tracing::info!("three");
    });
    assert_eq!(text.lines().count(), 2, "{text}");
    let text = logged(LogFormat::Text, "", |_, _| tracing::info!("shown"));
    assert_eq!(text.lines().count(), 1);
    let text = logged(LogFormat::Text, "OFF", |_, _| tracing::error!("hidden"));
    assert_eq!(text, "");
}

#[test]
fn a_misspelt_filter_is_refused_with_a_way_out() {
    let text = parse_filter("infoo").unwrap_err().to_string();
    assert_eq!(
        text,
        "log filter `infoo`: `infoo` is not a level; write a level (error, warn, info, debug, trace, off) or a list \
         like `info,millstream::guest=debug`"
    );
    let text = parse_filter("info,millstream::guest=loud").unwrap_err().to_string();
    assert!(text.contains("`loud` is not a level"), "{text}");
    assert!(parse_filter("info,millstream=").is_err());
    let text = parse_filter("a[{b}]=info").unwrap_err().to_string();
    assert!(text.starts_with("log filter `a[{b}]=info`: `a[{b}]` is not a module; write"), "{text}");
}

#[test]
fn colours_need_a_terminal_that_wants_them() {
    let none = |_: &str| String::new();
    assert!(wants_colours(true, none));
    assert!(!wants_colours(false, none));
    assert!(!wants_colours(true, |name| if name == "NO_COLOR" { "1".into() } else { String::new() }));
    assert!(!wants_colours(true, |name| if name == "TERM" { "dumb".into() } else { String::new() }));
}
