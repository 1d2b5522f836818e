//! The thin `unsafe` wrapper around librdkafka's handles that both ends share: configuration, client, lists of
//! partitions, topics, metadata, commits and the mock cluster.
//!
//! Rules that make the blocks below sound: every pointer comes from librdkafka and has exactly one owner here, which
//! frees it once; what is borrowed from librdkafka is copied out before the call returns; a client outlives all that
//! was made from it, because each of those holds an [`Arc`] of it. librdkafka's client, topic and queue functions may
//! be called from any thread; the types that are not safe to share do not implement `Sync`.

use std::any::Any;
use std::ffi::{CStr, CString, c_char, c_int};
use std::mem::ManuallyDrop;
use std::panic::catch_unwind;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka_sys as sys;

use super::ending::{self, Running};
use super::epochs::Epochs;
use super::error::Code;
use super::{TopicPartition, logging};
use crate::fault::{self, Point};

/// The functions whose codes may come from a broker, declared with plain numbers: see [`Code`].
mod plain {
    use super::{c_char, c_int, sys};

    unsafe extern "C" {
        pub(super) fn rd_kafka_err2str(code: c_int) -> *const c_char;
        pub(super) fn rd_kafka_err2name(code: c_int) -> *const c_char;
        pub(super) fn rd_kafka_fatal_error(rk: *mut sys::rd_kafka_t, text: *mut c_char, size: usize) -> c_int;
        pub(super) fn rd_kafka_event_error(event: *mut sys::rd_kafka_event_t) -> c_int;
        pub(super) fn rd_kafka_metadata(
            rk: *mut sys::rd_kafka_t,
            all_topics: c_int,
            only: *mut sys::rd_kafka_topic_t,
            answer: *mut *const sys::rd_kafka_metadata,
            timeout_ms: c_int,
        ) -> c_int;
    }
}

const TEXT_SIZE: usize = 512;

/// Settings that belong to no client yet.
pub(crate) struct Conf {
    raw: NonNull<sys::rd_kafka_conf_t>,
}

/// Which end a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Producer,
    Consumer,
}

/// Why a property was not taken, in librdkafka's words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Unknown,
    Invalid(String),
}

/// A running client. Stopped and freed when the last holder lets go, which waits for that at most [`ending::BOUND`].
pub(crate) struct Client {
    raw: NonNull<sys::rd_kafka_t>,
    // What callbacks point to: freed after the client has ended, however long that takes.
    callbacks: Option<Arc<dyn Any + Send + Sync>>,
}

/// A queue of a client's events.
pub(crate) struct Queue {
    raw: NonNull<sys::rd_kafka_queue_t>,
    client: Arc<Client>,
}

/// One event taken from a [`Queue`].
pub(crate) struct Event {
    raw: NonNull<sys::rd_kafka_event_t>,
}

/// A topic as a client knows it.
pub(crate) struct TopicHandle {
    raw: NonNull<sys::rd_kafka_topic_t>,
    client: Arc<Client>,
}

/// A list of partitions with their positions.
pub(crate) struct Partitions {
    raw: NonNull<sys::rd_kafka_topic_partition_list_t>,
}

/// One row of [`Partitions`].
pub(crate) struct PartitionRow {
    pub(crate) partition: TopicPartition,
    pub(crate) offset: i64,
    pub(crate) code: Code,
}

/// What a broker says about a topic.
pub(crate) struct TopicMetadata {
    pub(crate) name: String,
    pub(crate) partitions: usize,
    pub(crate) code: Code,
}

/// A consumer's membership in its group, as the committer needs it.
#[derive(Clone)]
pub struct Group {
    pub(crate) client: Arc<Client>,
    pub(crate) epochs: Arc<Epochs>,
}

/// librdkafka's own imitation of a cluster.
pub(crate) struct MockCluster {
    raw: NonNull<sys::rd_kafka_mock_cluster_t>,
    // After `raw`: the client lends the cluster its thread and must go last.
    _client: Client,
}

// SAFETY: librdkafka's client handle may be used from any thread at once; its callbacks' data is `Send + Sync`.
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}
// SAFETY: queues, topics, lists and mock clusters are not bound to the thread that made them.
unsafe impl Send for Queue {}
// SAFETY: as above; librdkafka's topic handle is reference counted and locked inside, so it may also be shared.
unsafe impl Send for TopicHandle {}
// SAFETY: as above.
unsafe impl Sync for TopicHandle {}
// SAFETY: a list is plain memory with one owner.
unsafe impl Send for Partitions {}
// SAFETY: a configuration is plain memory with one owner.
unsafe impl Send for Conf {}
// SAFETY: the mock cluster's functions hand their work to its own thread under a lock.
unsafe impl Send for MockCluster {}
// SAFETY: as above.
unsafe impl Sync for MockCluster {}

/// Copies a C string, whatever its bytes are; a null pointer is an empty text.
///
/// # Safety
/// `text` is null or points to a string that ends with a zero byte.
pub(crate) unsafe fn copy_text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: not null; the caller promises the rest.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// A Rust text as a C string, cut at a zero byte: no name or value that Kafka takes has one.
pub(crate) fn c_text(text: &str) -> CString {
    let bytes: Vec<u8> = text.bytes().take_while(|byte| *byte != 0).collect();
    CString::new(bytes).unwrap_or_default()
}

/// Whole milliseconds, at least one unless the time is zero: rounding down would turn a short wait into none.
pub(crate) fn to_ms(time: Duration) -> c_int {
    let ms = time.as_nanos().div_ceil(1_000_000);
    c_int::try_from(ms).unwrap_or(c_int::MAX)
}

pub(crate) fn code_text(code: Code) -> String {
    // SAFETY: takes any number and answers a static string, or one in thread-local memory, copied at once.
    unsafe { copy_text(plain::rd_kafka_err2str(code.0)) }
}

pub(crate) fn code_name(code: Code) -> String {
    // SAFETY: as for `code_text`.
    unsafe { copy_text(plain::rd_kafka_err2name(code.0)) }
}

unsafe extern "C" fn log_line(rk: *const sys::rd_kafka_t, level: c_int, fac: *const c_char, text: *const c_char) {
    // SAFETY: librdkafka passes zero-terminated strings that live for this call, and a client or null.
    let (client, facility, text) = unsafe {
        let client = if rk.is_null() { String::new() } else { copy_text(sys::rd_kafka_name(rk)) };
        (client, copy_text(fac), copy_text(text))
    };
    // A panic may not unwind into C; a log line that cannot be written is not worth ending the process for.
    let _ = catch_unwind(|| logging::emit(&client, level, &facility, &text));
}

impl Conf {
    /// librdkafka's defaults, its log lines sent to tracing.
    pub(crate) fn new() -> Self {
        // SAFETY: takes nothing; it aborts rather than answer null when memory is out.
        let raw = unsafe { sys::rd_kafka_conf_new() };
        let Some(raw) = NonNull::new(raw) else { unreachable!("rd_kafka_conf_new answers a configuration") };
        // SAFETY: `raw` was just made; `log_line` may be called from any thread and at any time.
        unsafe { sys::rd_kafka_conf_set_log_cb(raw.as_ptr(), Some(log_line)) };
        Conf { raw }
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        let (name, value) = (c_text(name), c_text(value));
        let mut text = [0 as c_char; TEXT_SIZE];
        // SAFETY: both strings end with zero and live through the call, which copies them; `text` has the size told.
        let answer = unsafe {
            sys::rd_kafka_conf_set(self.raw.as_ptr(), name.as_ptr(), value.as_ptr(), text.as_mut_ptr(), TEXT_SIZE)
        };
        match answer {
            sys::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK => Ok(()),
            sys::rd_kafka_conf_res_t::RD_KAFKA_CONF_UNKNOWN => Err(Refused::Unknown),
            // SAFETY: librdkafka ended the text with zero; if it wrote none, the buffer is all zeros.
            _ => Err(Refused::Invalid(unsafe { copy_text(text.as_ptr()) })),
        }
    }

    /// A property's value in force, defaults included.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let name = c_text(name);
        let mut value = [0 as c_char; TEXT_SIZE];
        let mut size = TEXT_SIZE;
        // SAFETY: `value` has the size told; the name ends with zero. A longer value is cut and still ends with zero.
        let answer = unsafe { sys::rd_kafka_conf_get(self.raw.as_ptr(), name.as_ptr(), value.as_mut_ptr(), &mut size) };
        // SAFETY: written and ended with zero by the call above.
        (answer == sys::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK).then(|| unsafe { copy_text(value.as_ptr()) })
    }

    /// For the setters of callbacks and events, which belong to the ends.
    pub(crate) fn as_ptr(&mut self) -> *mut sys::rd_kafka_conf_t {
        self.raw.as_ptr()
    }

    /// The names of all properties of this librdkafka, those of topics included.
    pub(crate) fn known_names() -> Vec<String> {
        let conf = Conf::new();
        let mut names = Vec::new();
        // SAFETY: a dump is an array of `count` strings, names and values in turn, freed by its own function with the
        // same count; the topic configuration is freed after its dump was copied.
        unsafe {
            let topic = sys::rd_kafka_topic_conf_new();
            let mut counts = [0usize; 2];
            let dumps = [
                sys::rd_kafka_conf_dump(conf.raw.as_ptr(), &mut counts[0]),
                sys::rd_kafka_topic_conf_dump(topic, &mut counts[1]),
            ];
            for (dump, count) in dumps.into_iter().zip(counts) {
                names.extend((0..count).step_by(2).map(|index| copy_text(*dump.add(index))));
                sys::rd_kafka_conf_dump_free(dump, count);
            }
            sys::rd_kafka_topic_conf_destroy(topic);
        }
        names
    }
}

/// Errors that belong to no call arrive as events, not as log lines.
pub(crate) fn report_errors_as_events(conf: &mut Conf) {
    // SAFETY: the configuration is valid and not yet a client's.
    unsafe { sys::rd_kafka_conf_set_events(conf.raw.as_ptr(), sys::RD_KAFKA_EVENT_ERROR) };
}

impl Drop for Conf {
    fn drop(&mut self) {
        // SAFETY: owned; one that became a client's is never dropped: see `Client::start`.
        unsafe { sys::rd_kafka_conf_destroy(self.raw.as_ptr()) };
    }
}

impl Client {
    /// Starts a client; `callbacks` is what the configuration's opaque pointer points to.
    pub(crate) fn start(
        conf: Conf,
        role: Role,
        callbacks: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Result<Client, String> {
        let role = match role {
            Role::Producer => sys::rd_kafka_type_t::RD_KAFKA_PRODUCER,
            Role::Consumer => sys::rd_kafka_type_t::RD_KAFKA_CONSUMER,
        };
        let mut text = [0 as c_char; TEXT_SIZE];
        // SAFETY: the configuration is valid and `text` has the size told.
        let raw = unsafe { sys::rd_kafka_new(role, conf.raw.as_ptr(), text.as_mut_ptr(), TEXT_SIZE) };
        match NonNull::new(raw) {
            Some(raw) => {
                // The client owns the configuration now; had it been refused, it would be dropped here.
                let _ = ManuallyDrop::new(conf);
                Ok(Client { raw, callbacks })
            }
            // SAFETY: librdkafka wrote a text that ends with zero.
            None => Err(unsafe { copy_text(text.as_ptr()) }),
        }
    }

    /// The handle, for the calls that belong to one end only. It lives as long as `self`.
    pub(crate) fn as_ptr(&self) -> *mut sys::rd_kafka_t {
        self.raw.as_ptr()
    }

    /// The error after which this client does nothing any more.
    pub(crate) fn fatal(&self) -> Option<(Code, String)> {
        let mut text = [0 as c_char; TEXT_SIZE];
        // SAFETY: `text` has the size told.
        let code = Code(unsafe { plain::rd_kafka_fatal_error(self.raw.as_ptr(), text.as_mut_ptr(), TEXT_SIZE) });
        // SAFETY: written and ended with zero by the call above, or all zeros.
        (code != Code::NONE).then(|| (code, unsafe { copy_text(text.as_ptr()) }))
    }

    /// Asks a broker about the topics that this client holds handles of.
    pub(crate) fn metadata(&self, timeout: Duration) -> Result<Vec<TopicMetadata>, Code> {
        let mut answer: *const sys::rd_kafka_metadata = ptr::null();
        // SAFETY: a null topic with `all_topics` 0 means the topics known to the client; `answer` is set on success.
        let code =
            unsafe { plain::rd_kafka_metadata(self.raw.as_ptr(), 0, ptr::null_mut(), &mut answer, to_ms(timeout)) };
        if Code(code) != Code::NONE || answer.is_null() {
            return Err(Code(code));
        }
        // SAFETY: on success `answer` points to `topic_cnt` topics, all copied before it is freed. Codes are read as
        // numbers through a raw pointer, never as the bindings' enum.
        unsafe {
            let topics = (*answer).topics;
            let count = usize::try_from((*answer).topic_cnt).unwrap_or(0);
            let copy = |index| {
                let topic = topics.add(index);
                TopicMetadata {
                    name: copy_text((*topic).topic),
                    partitions: usize::try_from((*topic).partition_cnt).unwrap_or(0),
                    code: Code((&raw const (*topic).err).cast::<c_int>().read()),
                }
            };
            let copied = (0..count).map(copy).collect();
            sys::rd_kafka_metadata_destroy(answer);
            Ok(copied)
        }
    }

    /// Whether this group member has left its group, or never had one.
    pub(crate) fn has_left(&self) -> bool {
        // SAFETY: the client is alive.
        unsafe { sys::rd_kafka_consumer_closed(self.raw.as_ptr()) != 0 }
    }

    /// Commits positions and waits for the broker's answer, at most `patience`.
    pub(crate) fn commit(self: &Arc<Self>, positions: &Partitions, patience: Duration) -> CommitAnswer {
        let queue = Queue::new(self);
        // SAFETY: the list is copied by the call; with a queue and no callback the answer arrives as an event.
        let asked = unsafe {
            sys::rd_kafka_commit_queue(
                self.raw.as_ptr(),
                positions.raw.as_ptr(),
                queue.raw.as_ptr(),
                None,
                ptr::null_mut(),
            )
        };
        let asked = Code(asked as c_int);
        if asked != Code::NONE {
            return CommitAnswer::Answered(asked, Vec::new());
        }
        fault::point(Point::AfterCommitSent);
        let deadline = Instant::now() + patience;
        while let Some(event) = queue.next(deadline.saturating_duration_since(Instant::now())) {
            if event.kind() == sys::RD_KAFKA_EVENT_OFFSET_COMMIT {
                return CommitAnswer::Answered(event.code(), event.partitions());
            }
        }
        CommitAnswer::Late
    }
}

/// How a commit ended.
pub(crate) enum CommitAnswer {
    /// The answer as a whole, and that of each partition.
    Answered(Code, Vec<PartitionRow>),
    /// None came in time; the commit may or may not have happened.
    Late,
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: the last holder; queues, topics and messages hold an `Arc` and are gone. Nothing uses the handle
        // after this: `Running` is its owner now and frees it once.
        unsafe { Running::take(self.raw, self.callbacks.take()) }.end(ending::BOUND);
    }
}

impl Queue {
    fn own(client: &Arc<Client>, raw: *mut sys::rd_kafka_queue_t) -> Option<Queue> {
        NonNull::new(raw).map(|raw| Queue { raw, client: client.clone() })
    }

    /// An empty queue of its own.
    fn new(client: &Arc<Client>) -> Queue {
        // SAFETY: the client is alive; the call aborts rather than answer null when memory is out.
        let raw = unsafe { sys::rd_kafka_queue_new(client.raw.as_ptr()) };
        let Some(queue) = Queue::own(client, raw) else { unreachable!("rd_kafka_queue_new answers a queue") };
        queue
    }

    /// Where a client's delivery reports and errors arrive.
    pub(crate) fn main(client: &Arc<Client>) -> Option<Queue> {
        // SAFETY: the client is alive; the answer is a new reference.
        Queue::own(client, unsafe { sys::rd_kafka_queue_get_main(client.raw.as_ptr()) })
    }

    /// Where a group member's records and rebalances arrive, and from now on its errors too; none without a group.
    pub(crate) fn consumer(client: &Arc<Client>) -> Option<Queue> {
        // SAFETY: the client is alive; the answer is a new reference or null.
        unsafe {
            sys::rd_kafka_poll_set_consumer(client.raw.as_ptr());
            Queue::own(client, sys::rd_kafka_queue_get_consumer(client.raw.as_ptr()))
        }
    }

    /// The next event, waiting for it at most `timeout`.
    pub(crate) fn next(&self, timeout: Duration) -> Option<Event> {
        // SAFETY: the queue is alive; the event is owned by us.
        NonNull::new(unsafe { sys::rd_kafka_queue_poll(self.raw.as_ptr(), to_ms(timeout)) }).map(|raw| Event { raw })
    }

    /// The handle. It lives as long as `self`.
    pub(crate) fn as_ptr(&self) -> *mut sys::rd_kafka_queue_t {
        self.raw.as_ptr()
    }

    pub(crate) fn client(&self) -> &Arc<Client> {
        &self.client
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: owned; the client it belongs to is dropped after this body.
        unsafe { sys::rd_kafka_queue_destroy(self.raw.as_ptr()) };
    }
}

impl Event {
    /// One of `RD_KAFKA_EVENT_*`.
    pub(crate) fn kind(&self) -> i32 {
        // SAFETY: the event is alive.
        unsafe { sys::rd_kafka_event_type(self.raw.as_ptr()) }
    }

    pub(crate) fn code(&self) -> Code {
        // SAFETY: the event is alive.
        Code(unsafe { plain::rd_kafka_event_error(self.raw.as_ptr()) })
    }

    pub(crate) fn text(&self) -> String {
        // SAFETY: the event is alive and its text is copied.
        unsafe { copy_text(sys::rd_kafka_event_error_string(self.raw.as_ptr())) }
    }

    fn partitions(&self) -> Vec<PartitionRow> {
        // SAFETY: the list, if there is one, belongs to the event and is copied.
        unsafe { copy_rows(sys::rd_kafka_event_topic_partition_list(self.raw.as_ptr())) }
    }

    /// The handle. It lives as long as `self`.
    pub(crate) fn as_ptr(&mut self) -> *mut sys::rd_kafka_event_t {
        self.raw.as_ptr()
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: owned; nothing borrowed from it outlives it.
        unsafe { sys::rd_kafka_event_destroy(self.raw.as_ptr()) };
    }
}

impl TopicHandle {
    pub(crate) fn new(client: &Arc<Client>, name: &str) -> Result<TopicHandle, Code> {
        let name = c_text(name);
        // SAFETY: the name ends with zero and is copied; a null configuration means the client's default.
        let raw = unsafe { sys::rd_kafka_topic_new(client.raw.as_ptr(), name.as_ptr(), ptr::null_mut()) };
        // SAFETY: reads a thread-local number, which only this failed call has set.
        let refused = || Code(unsafe { sys::rd_kafka_last_error() } as c_int);
        let raw = NonNull::new(raw).ok_or_else(refused)?;
        Ok(TopicHandle { raw, client: client.clone() })
    }

    /// The handle. It lives as long as `self`.
    pub(crate) fn as_ptr(&self) -> *mut sys::rd_kafka_topic_t {
        self.raw.as_ptr()
    }

    pub(crate) fn client(&self) -> &Arc<Client> {
        &self.client
    }
}

impl Drop for TopicHandle {
    fn drop(&mut self) {
        // SAFETY: owned; the client it belongs to is dropped after this body.
        unsafe { sys::rd_kafka_topic_destroy(self.raw.as_ptr()) };
    }
}

/// # Safety
/// `list` is null or a valid list.
pub(crate) unsafe fn copy_rows(list: *const sys::rd_kafka_topic_partition_list_t) -> Vec<PartitionRow> {
    if list.is_null() {
        return Vec::new();
    }
    // SAFETY: a valid list has `cnt` elements; codes are read as numbers, never as the bindings' enum.
    unsafe {
        let copy = |index| {
            let row = (*list).elems.add(index);
            PartitionRow {
                partition: TopicPartition::new(copy_text((*row).topic), (*row).partition),
                offset: (*row).offset,
                code: Code((&raw const (*row).err).cast::<c_int>().read()),
            }
        };
        (0..usize::try_from((*list).cnt).unwrap_or(0)).map(copy).collect()
    }
}

impl Partitions {
    pub(crate) fn new() -> Partitions {
        // SAFETY: aborts rather than answer null when memory is out; the size is only a hint.
        let raw = unsafe { sys::rd_kafka_topic_partition_list_new(8) };
        let Some(raw) = NonNull::new(raw) else { unreachable!("rd_kafka_topic_partition_list_new answers a list") };
        Partitions { raw }
    }

    pub(crate) fn of<'a>(partitions: impl IntoIterator<Item = &'a TopicPartition>) -> Partitions {
        let mut list = Partitions::new();
        partitions.into_iter().for_each(|partition| list.add(partition, i64::from(sys::RD_KAFKA_OFFSET_INVALID), -1));
        list
    }

    pub(crate) fn add(&mut self, partition: &TopicPartition, offset: i64, leader_epoch: i32) {
        let topic = c_text(&partition.topic);
        // SAFETY: the list is alive; the name ends with zero and is copied; the new element is valid until the list
        // grows again, which is after its two writes.
        unsafe {
            let row = sys::rd_kafka_topic_partition_list_add(self.raw.as_ptr(), topic.as_ptr(), partition.partition);
            (*row).offset = offset;
            sys::rd_kafka_topic_partition_set_leader_epoch(row, leader_epoch);
        }
    }

    pub(crate) fn rows(&self) -> Vec<PartitionRow> {
        // SAFETY: the list is alive.
        unsafe { copy_rows(self.raw.as_ptr()) }
    }

    /// The handle. It lives as long as `self`.
    pub(crate) fn as_ptr(&self) -> *mut sys::rd_kafka_topic_partition_list_t {
        self.raw.as_ptr()
    }
}

impl Drop for Partitions {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { sys::rd_kafka_topic_partition_list_destroy(self.raw.as_ptr()) };
    }
}

impl MockCluster {
    /// One broker on loopback; a group's first rebalance starts at once instead of after three seconds.
    pub(crate) fn start(client: Client) -> Option<MockCluster> {
        // SAFETY: the client is alive and kept until the cluster is gone.
        let raw = NonNull::new(unsafe { sys::rd_kafka_mock_cluster_new(client.raw.as_ptr(), 1) })?;
        // SAFETY: the cluster was just made.
        unsafe { sys::rd_kafka_mock_group_initial_rebalance_delay_ms(raw.as_ptr(), 0) };
        Some(MockCluster { raw, _client: client })
    }

    pub(crate) fn create_topic(&self, name: &str, partitions: i32) -> Result<(), Code> {
        let name = c_text(name);
        // SAFETY: the cluster is alive; the name ends with zero and is copied. Its codes are the client's own.
        let code = unsafe { sys::rd_kafka_mock_topic_create(self.raw.as_ptr(), name.as_ptr(), partitions, 1) };
        let code = Code(code as c_int);
        if code == Code::NONE { Ok(()) } else { Err(code) }
    }

    #[cfg(test)]
    pub(super) fn limit_version(&self, request: i16, highest: i16) {
        // SAFETY: the cluster is alive.
        unsafe { sys::rd_kafka_mock_set_apiversion(self.raw.as_ptr(), request, 0, highest) };
    }

    pub(crate) fn bootstrap_servers(&self) -> String {
        // SAFETY: the text belongs to the cluster and is copied.
        unsafe { copy_text(sys::rd_kafka_mock_cluster_bootstraps(self.raw.as_ptr())) }
    }
}

impl Drop for MockCluster {
    fn drop(&mut self) {
        // SAFETY: owned; the client that lends it its thread is dropped after this body.
        unsafe { sys::rd_kafka_mock_cluster_destroy(self.raw.as_ptr()) };
    }
}
