//! What a broker can do. librdkafka asks it, keeps the answer to itself, and tells it in its debug log only: so a client
//! that asks questions listens to that log. Whatever does not look like an answer is passed over.

use std::collections::BTreeMap;
use std::ffi::{c_char, c_int};
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka_sys as sys;

use super::native::{Conf, Refused, copy_text};

/// What brokers have said so far: by the number of a request, the highest version that all of them take.
#[derive(Debug, Default)]
pub(super) struct Heard {
    highest: Mutex<BTreeMap<i16, i16>>,
}

/// A producer's id, which transactions begin with.
const INIT_PRODUCER_ID: i16 = 22;
/// Offsets in a transaction, and the version that names the group's member and generation (KIP-447).
const TXN_OFFSET_COMMIT: (i16, i16) = (28, 3);

/// Has a client tell what its brokers say. The answer must live as long as the client: hand it over as its callbacks.
pub(super) fn listen(conf: &mut Conf) -> Result<Arc<Heard>, Refused> {
    conf.set("debug", "feature")?;
    let heard = Arc::<Heard>::default();
    // SAFETY: the configuration is valid and not yet a client's; `line` may be called from any thread; what the opaque
    // pointer points to lives as long as the client, as is said above.
    unsafe {
        sys::rd_kafka_conf_set_opaque(conf.as_ptr(), Arc::as_ptr(&heard).cast_mut().cast());
        sys::rd_kafka_conf_set_log_cb(conf.as_ptr(), Some(line));
    }
    Ok(heard)
}

unsafe extern "C" fn line(rk: *const sys::rd_kafka_t, _level: c_int, fac: *const c_char, text: *const c_char) {
    if rk.is_null() {
        return;
    }
    // SAFETY: librdkafka passes its client, whose opaque is the `Heard` that lives as long, and texts that end with
    // zero and are copied.
    let (heard, fac, text) =
        unsafe { (sys::rd_kafka_opaque(rk).cast::<Heard>().as_ref(), copy_text(fac), copy_text(text)) };
    // A panic may not unwind into C.
    drop(catch_unwind(|| heard.filter(|_| fac == "APIVERSION").is_some_and(|heard| heard.note(&text))));
}

impl Heard {
    /// Takes a line like `...: ApiKey TxnOffsetCommit (28) Versions 0..5`; whether it is one.
    fn note(&self, line: &str) -> bool {
        let Some((key, version)) = read(line) else { return false };
        let mut highest = self.highest.lock().unwrap_or_else(PoisonError::into_inner);
        let known = highest.entry(key).or_insert(version);
        *known = version.min(*known);
        true
    }

    /// What a broker lacks for transactions with offsets in them, in words. Nothing where none has said anything.
    pub(super) fn lacks_for_transactions(&self) -> Option<String> {
        let highest = self.highest.lock().unwrap_or_else(PoisonError::into_inner);
        if highest.is_empty() {
            return None;
        }
        let (request, least) = TXN_OFFSET_COMMIT;
        match (highest.get(&INIT_PRODUCER_ID), highest.get(&request)) {
            (None, _) | (_, None) => Some("it knows no transactions".to_owned()),
            (_, Some(version)) if *version < least => {
                Some(format!("it takes TxnOffsetCommit up to version {version}, and version {least} is needed"))
            }
            _ => None,
        }
    }
}

fn read(line: &str) -> Option<(i16, i16)> {
    let (_, rest) = line.split_once("ApiKey ")?;
    let (key, rest) = rest.split_once('(')?.1.split_once(") Versions ")?;
    Some((key.parse().ok()?, rest.trim().split_once("..")?.1.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_and_anything_else_is_not() {
        let line = "[thrd:127.0.0.1:1/bootstrap]: 127.0.0.1:1/1:   ApiKey TxnOffsetCommit (28) Versions 0..5";
        assert_eq!(read(line), Some((28, 5)));
        for other in
            ["", "ApiKey", "ApiKey x (28 Versions 0..5", "ApiKey x (28) Versions 0", "ApiKey x (y) Versions 0..5"]
        {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn the_oldest_broker_counts() {
        let heard = Heard::default();
        assert_eq!(heard.lacks_for_transactions(), None, "nobody has said anything");
        assert!(heard.note("ApiKey InitProducerId (22) Versions 0..4"));
        assert_eq!(heard.lacks_for_transactions().as_deref(), Some("it knows no transactions"));
        assert!(heard.note("ApiKey TxnOffsetCommit (28) Versions 0..5"));
        assert_eq!(heard.lacks_for_transactions(), None);
        assert!(heard.note("ApiKey TxnOffsetCommit (28) Versions 0..2"));
        let lacks = "it takes TxnOffsetCommit up to version 2, and version 3 is needed";
        assert_eq!(heard.lacks_for_transactions().as_deref(), Some(lacks));
    }
}
