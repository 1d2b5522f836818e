//! The thin `unsafe` wrapper around librdkafka's batch consume call and what only a group member does.
//!
//! Callbacks run inside that call on the polling thread, so they only write down what happened; it is answered after
//! the call has returned. That keeps panics and long waits out of C, and it means that every record of a call was
//! polled under the assignment that stood before it.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka_sys as sys;

use crate::kafka::TopicPartition;
use crate::kafka::error::Code;
use crate::kafka::native::{self, Client, Conf, Partitions, Queue, Role, copy_rows, copy_text, to_ms};

/// As in the bindings, but with plain numbers for codes: see `Code`.
mod plain {
    use super::{c_char, c_int, c_void, sys};

    pub(super) type RebalanceCallback =
        unsafe extern "C" fn(*mut sys::rd_kafka_t, c_int, *mut sys::rd_kafka_topic_partition_list_t, *mut c_void);
    pub(super) type ErrorCallback = unsafe extern "C" fn(*mut sys::rd_kafka_t, c_int, *const c_char, *mut c_void);

    unsafe extern "C" {
        pub(super) fn rd_kafka_conf_set_rebalance_cb(
            conf: *mut sys::rd_kafka_conf_t,
            callback: Option<RebalanceCallback>,
        );
        pub(super) fn rd_kafka_conf_set_error_cb(conf: *mut sys::rd_kafka_conf_t, callback: Option<ErrorCallback>);
        pub(super) fn rd_kafka_error_code(error: *const sys::rd_kafka_error_t) -> c_int;
    }
}

/// Librdkafka's "no partition in particular".
const ANY_PARTITION: i32 = -1;

/// What the group asks of this member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Take,
    GiveUp,
    /// Taken away already: another member may own them.
    Lost,
}

/// A rebalance that waits for its answer.
pub(super) struct Rebalance {
    pub(super) ask: Ask,
    pub(super) partitions: Vec<TopicPartition>,
}

/// What callbacks wrote down during a call.
#[derive(Default)]
struct Heard {
    rebalances: Vec<Rebalance>,
    errors: Vec<(Code, String)>,
}

/// Where callbacks write. The queue is for waking the call that they run in.
#[derive(Default)]
struct Callbacks {
    heard: Mutex<Heard>,
}

/// A group member with the buffer its records are handed over in.
pub(super) struct Member {
    queue: Queue,
    callbacks: Arc<Callbacks>,
    buffer: Vec<*mut sys::rd_kafka_message_t>,
}

/// The records of one call, freed together.
pub(super) struct Fetched<'m> {
    messages: &'m [*mut sys::rd_kafka_message_t],
}

/// A record, or an error in a record's place.
///
/// A pointer and not a reference: its code may be a number that the bindings' enum does not know.
#[derive(Clone, Copy)]
pub(super) struct Message<'m> {
    raw: NonNull<sys::rd_kafka_message_t>,
    fetched: PhantomData<&'m ()>,
}

/// A record's headers.
#[derive(Clone)]
pub struct RawHeaders<'m> {
    raw: *const sys::rd_kafka_headers_t,
    next: usize,
    message: PhantomData<&'m ()>,
}

// SAFETY: the pointers in the buffer are owned by this value alone, and librdkafka's queue may move between threads.
unsafe impl Send for Member {}

unsafe extern "C" fn rebalanced(
    rk: *mut sys::rd_kafka_t,
    code: c_int,
    list: *mut sys::rd_kafka_topic_partition_list_t,
    opaque: *mut c_void,
) {
    // SAFETY: `opaque` is the `Callbacks` that the client keeps alive; the list is valid for this call and copied;
    // asking whether the assignment was lost is only right now, before it is answered.
    let (callbacks, lost, rows) =
        unsafe { (&*opaque.cast::<Callbacks>(), sys::rd_kafka_assignment_lost(rk) != 0, copy_rows(list)) };
    let ask = match Code(code) {
        Code::ASSIGN => Ask::Take,
        _ if lost => Ask::Lost,
        // Anything but an assignment takes partitions away; librdkafka documents errors here as revocations.
        _ => Ask::GiveUp,
    };
    let partitions = rows.into_iter().map(|row| row.partition).collect();
    callbacks.write(|heard| heard.rebalances.push(Rebalance { ask, partitions }));
    // SAFETY: the client is alive. The flag set here ends the wait of the call that this callback runs in.
    unsafe {
        let queue = sys::rd_kafka_queue_get_consumer(rk);
        if !queue.is_null() {
            sys::rd_kafka_queue_yield(queue);
            sys::rd_kafka_queue_destroy(queue);
        }
    }
}

unsafe extern "C" fn failed(_rk: *mut sys::rd_kafka_t, code: c_int, reason: *const c_char, opaque: *mut c_void) {
    // SAFETY: as in `rebalanced`; the reason ends with zero and is copied.
    let (callbacks, reason) = unsafe { (&*opaque.cast::<Callbacks>(), copy_text(reason)) };
    callbacks.write(|heard| {
        // A client that fails in a loop while nobody polls must not fill the memory.
        if heard.errors.len() < 64 {
            heard.errors.push((Code(code), reason));
        }
    });
}

impl Callbacks {
    fn write(&self, write: impl FnOnce(&mut Heard)) {
        write(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn anything(&self) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        !heard.rebalances.is_empty() || !heard.errors.is_empty()
    }
}

impl Member {
    /// Starts a client and joins its group.
    pub(super) fn join(mut conf: Conf, topics: &[String]) -> Result<Member, String> {
        let callbacks = Arc::new(Callbacks::default());
        let opaque = Arc::as_ptr(&callbacks).cast_mut().cast::<c_void>();
        // SAFETY: the configuration is valid; `opaque` stays valid because the client holds the `Arc` until it has
        // stopped, and it is only ever read through a shared reference to a `Sync` type.
        unsafe {
            sys::rd_kafka_conf_set_opaque(conf.as_ptr(), opaque);
            plain::rd_kafka_conf_set_rebalance_cb(conf.as_ptr(), Some(rebalanced));
            plain::rd_kafka_conf_set_error_cb(conf.as_ptr(), Some(failed));
        }
        let client = Arc::new(Client::start(conf, Role::Consumer, Some(callbacks.clone()))?);
        let queue = Queue::consumer(&client).ok_or("the consumer has no group")?;
        let wanted = topics.iter().map(|topic| TopicPartition::new(topic.as_str(), ANY_PARTITION));
        let wanted: Vec<_> = wanted.collect();
        let list = Partitions::of(&wanted);
        // SAFETY: both are alive; the list is copied.
        let code = unsafe { sys::rd_kafka_subscribe(client.as_ptr(), list.as_ptr()) };
        let code = Code(code as c_int);
        if code != Code::NONE {
            return Err(code.text());
        }
        Ok(Member { queue, callbacks, buffer: Vec::new() })
    }

    pub(super) fn client(&self) -> &Arc<Client> {
        self.queue.client()
    }

    /// Takes what is there, at most `max`; waits up to `timeout` for the first one only.
    ///
    /// librdkafka's call waits for a full batch. So the first call does not wait at all, and if it brings nothing,
    /// the second waits for one record and a third takes what came with it.
    pub(super) fn fetch(&mut self, max: usize, timeout: Duration) -> Fetched<'_> {
        if self.buffer.len() < max {
            self.buffer.resize(max, ptr::null_mut());
        }
        let mut count = self.call(0, max, Duration::ZERO);
        if count == 0 && !timeout.is_zero() && !self.callbacks.anything() {
            count = self.call(0, max.min(1), timeout);
            count += self.call(count, max, Duration::ZERO);
        }
        Fetched { messages: self.buffer.get(..count).unwrap_or_default() }
    }

    /// Fills the buffer from `start` up to `end`; answers how many came.
    fn call(&mut self, start: usize, end: usize, timeout: Duration) -> usize {
        let Some(room) = self.buffer.get_mut(start..end).filter(|room| !room.is_empty()) else { return 0 };
        // SAFETY: the queue is alive and `room` has the size told. Only this thread polls the queue (`&mut self`).
        // Each pointer written is a message owned by us until it is destroyed, which `Fetched` does.
        let count = unsafe {
            sys::rd_kafka_consume_batch_queue(self.queue.as_ptr(), to_ms(timeout), room.as_mut_ptr(), room.len())
        };
        usize::try_from(count).unwrap_or(0)
    }

    pub(super) fn take_rebalances(&self) -> Vec<Rebalance> {
        let mut taken = Vec::new();
        self.callbacks.write(|heard| taken = std::mem::take(&mut heard.rebalances));
        taken
    }

    pub(super) fn take_errors(&self) -> Vec<(Code, String)> {
        let mut taken = Vec::new();
        self.callbacks.write(|heard| taken = std::mem::take(&mut heard.errors));
        taken
    }

    /// Whether partitions move one by one in the group's protocol (and not all at once).
    fn is_cooperative(&self) -> bool {
        // SAFETY: the client is alive; the answer is a static string.
        unsafe { copy_text(sys::rd_kafka_rebalance_protocol(self.client().as_ptr())) == "COOPERATIVE" }
    }

    /// Answers a rebalance: from here on records of these partitions come, or come no more.
    pub(super) fn answer(&self, ask: Ask, partitions: &Partitions) -> Result<(), (Code, String)> {
        let (rk, list) = (self.client().as_ptr(), partitions.as_ptr());
        // SAFETY: client and list are alive; the lists are copied. A null list means none at all. The answer is an
        // error owned by us, or null.
        unsafe {
            let error = match ask {
                Ask::Take if self.is_cooperative() => sys::rd_kafka_incremental_assign(rk, list),
                Ask::GiveUp | Ask::Lost if self.is_cooperative() => sys::rd_kafka_incremental_unassign(rk, list),
                // On its way out of the group a member has no protocol any more.
                Ask::Take => return plain_answer(sys::rd_kafka_assign(rk, list) as c_int),
                Ask::GiveUp | Ask::Lost => return plain_answer(sys::rd_kafka_assign(rk, ptr::null()) as c_int),
            };
            if error.is_null() {
                return Ok(());
            }
            let answer = (Code(plain::rd_kafka_error_code(error)), copy_text(sys::rd_kafka_error_string(error)));
            sys::rd_kafka_error_destroy(error);
            Err(answer)
        }
    }

    pub(super) fn pause(&self, partitions: &Partitions) {
        // SAFETY: client and list are alive; results are written into the list, which is ours.
        unsafe { sys::rd_kafka_pause_partitions(self.client().as_ptr(), partitions.as_ptr()) };
    }

    pub(super) fn resume(&self, partitions: &Partitions) {
        // SAFETY: as for `pause`.
        unsafe { sys::rd_kafka_resume_partitions(self.client().as_ptr(), partitions.as_ptr()) };
    }

    /// Writes the position of each partition into the list: one past the last record handed over.
    pub(super) fn positions(&self, partitions: &Partitions) {
        // SAFETY: as for `pause`; looks into the client's memory only.
        unsafe { sys::rd_kafka_position(self.client().as_ptr(), partitions.as_ptr()) };
    }

    /// The first and the next offset of a partition as last heard from its broker; negative while unknown.
    pub(super) fn watermarks(&self, partition: &TopicPartition) -> (i64, i64) {
        let topic = native::c_text(&partition.topic);
        let unknown = i64::from(sys::RD_KAFKA_OFFSET_INVALID);
        let (mut low, mut high) = (unknown, unknown);
        // SAFETY: the name ends with zero; both numbers are written before the call returns.
        unsafe {
            sys::rd_kafka_get_watermark_offsets(
                self.client().as_ptr(),
                topic.as_ptr(),
                partition.partition,
                &mut low,
                &mut high,
            )
        };
        (low, high)
    }

    /// Starts to leave the group; `fetch` must go on until the client `has_left`.
    pub(super) fn leave(&self) {
        // SAFETY: client and queue are alive; the answer is an error owned by us, or null. An error means that it has
        // left already or has failed for good, and in both cases there is nothing to wait for.
        unsafe {
            let error = sys::rd_kafka_consumer_close_queue(self.client().as_ptr(), self.queue.as_ptr());
            if !error.is_null() {
                sys::rd_kafka_error_destroy(error);
            }
        }
    }
}

fn plain_answer(code: c_int) -> Result<(), (Code, String)> {
    let code = Code(code);
    if code == Code::NONE { Ok(()) } else { Err((code, code.text())) }
}

impl Fetched<'_> {
    pub(super) fn iter(&self) -> impl Iterator<Item = Message<'_>> {
        self.messages.iter().filter_map(|raw| NonNull::new(*raw)).map(|raw| Message { raw, fetched: PhantomData })
    }
}

impl Drop for Fetched<'_> {
    fn drop(&mut self) {
        for raw in self.messages.iter().filter(|raw| !raw.is_null()) {
            // SAFETY: owned, and freed once: the buffer is overwritten by the next call before it is read again.
            unsafe { sys::rd_kafka_message_destroy(*raw) };
        }
    }
}

/// In all blocks below the message is alive: `Fetched`, which frees it, outlives `'m`.
impl<'m> Message<'m> {
    pub(super) fn code(&self) -> Code {
        // SAFETY: alive; read as a number through a raw pointer, never as the bindings' enum.
        Code(unsafe { (&raw const (*self.raw.as_ptr()).err).cast::<c_int>().read() })
    }

    /// The text of an error in a record's place.
    pub(super) fn error_text(&self) -> String {
        // SAFETY: alive; the text belongs to the message and is copied.
        unsafe { copy_text(sys::rd_kafka_message_errstr(self.raw.as_ptr())) }
    }

    fn topic(&self) -> *mut sys::rd_kafka_topic_t {
        // SAFETY: alive.
        unsafe { (*self.raw.as_ptr()).rkt }
    }

    /// The same for all records of a topic as long as it is assigned; zero where there is no topic.
    pub(super) fn topic_key(&self) -> usize {
        self.topic().addr()
    }

    pub(super) fn topic_name(&self) -> String {
        let Some(topic) = NonNull::new(self.topic()) else { return String::new() };
        // SAFETY: the topic lives as long as the message; its name is copied.
        unsafe { copy_text(sys::rd_kafka_topic_name(topic.as_ptr())) }
    }

    pub(super) fn partition(&self) -> i32 {
        // SAFETY: alive.
        unsafe { (*self.raw.as_ptr()).partition }
    }

    pub(super) fn offset(&self) -> i64 {
        // SAFETY: alive.
        unsafe { (*self.raw.as_ptr()).offset }
    }

    pub(super) fn leader_epoch(&self) -> i32 {
        // SAFETY: alive.
        unsafe { sys::rd_kafka_message_leader_epoch(self.raw.as_ptr()) }
    }

    /// Milliseconds since the epoch or -1, and whether the broker gave it when it appended the record.
    pub(super) fn timestamp(&self) -> (i64, bool) {
        let mut kind = sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: alive; `kind` takes one of the three values that the bindings know.
        let millis = unsafe { sys::rd_kafka_message_timestamp(self.raw.as_ptr(), &mut kind) };
        (millis, kind == sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME)
    }

    pub(super) fn key(&self) -> Option<&'m [u8]> {
        // SAFETY: alive; the key belongs to the message and has this length.
        unsafe { bytes((*self.raw.as_ptr()).key, (*self.raw.as_ptr()).key_len) }
    }

    pub(super) fn value(&self) -> Option<&'m [u8]> {
        // SAFETY: as for `key`.
        unsafe { bytes((*self.raw.as_ptr()).payload, (*self.raw.as_ptr()).len) }
    }

    pub(super) fn headers(&self) -> RawHeaders<'m> {
        let mut raw: *mut sys::rd_kafka_headers_t = ptr::null_mut();
        // SAFETY: alive. The message parses its headers on the first call and owns them; on an error (there are none)
        // `raw` stays null.
        let code = unsafe { sys::rd_kafka_message_headers(self.raw.as_ptr(), &mut raw) };
        let raw = if code as c_int == 0 { raw } else { ptr::null_mut() };
        RawHeaders { raw, next: 0, message: PhantomData }
    }
}

/// # Safety
/// `start` is null or points to `len` bytes that live and do not change for `'m`.
unsafe fn bytes<'m>(start: *const c_void, len: usize) -> Option<&'m [u8]> {
    // SAFETY: not null; the caller promises the rest. librdkafka's lengths come from 32-bit ones.
    NonNull::new(start.cast_mut()).map(|start| unsafe { std::slice::from_raw_parts(start.cast::<u8>().as_ptr(), len) })
}

impl<'m> Iterator for RawHeaders<'m> {
    type Item = (&'m [u8], Option<&'m [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.raw.is_null() {
            return None;
        }
        let (mut name, mut value, mut size): (*const c_char, *const c_void, usize) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the headers belong to a message that lives for `'m`; the three are written when there is a header
        // at this index. Its name ends with zero and need not be UTF-8.
        unsafe {
            let code = sys::rd_kafka_header_get_all(self.raw, self.next, &mut name, &mut value, &mut size);
            if code as c_int != 0 || name.is_null() {
                return None;
            }
            self.next += 1;
            Some((CStr::from_ptr(name).to_bytes(), bytes(value, size)))
        }
    }
}
