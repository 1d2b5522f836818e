//! librdkafka's batch calls behind just enough types to use them from the loop next door.
//!
//! What makes the `unsafe` sound: each handle is made here, has one owner and is freed once, in `Drop`, after all that
//! was made from it; all of it stays on one thread; records are read only while their [`Batch`] lives.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

use harness::{Result, RigError};
use rdkafka_sys as sys;

/// Any partition; the bindings leave this macro out.
const NO_PARTITION: i32 = -1;

/// A member of a consumer group.
pub struct Consumer {
    client: *mut sys::rd_kafka_t,
    queue: *mut sys::rd_kafka_queue_t,
    topic: CString,
    messages: Vec<*mut sys::rd_kafka_message_t>,
}

/// The records of one call.
pub struct Batch<'c> {
    messages: &'c [*mut sys::rd_kafka_message_t],
}

/// One record, borrowed from its batch.
pub struct Record<'b> {
    pub partition: i32,
    pub offset: i64,
    pub key: &'b [u8],
    pub value: &'b [u8],
}

/// A producer for one topic.
pub struct Producer {
    client: *mut sys::rd_kafka_t,
    name: CString,
    /// Null until the first record: asking for the topic's metadata earlier makes librdkafka change connections while
    /// it waits for its producer id, and it tries again only half a second later.
    topic: *mut sys::rd_kafka_topic_t,
    queue: *mut sys::rd_kafka_queue_t,
    outgoing: Vec<sys::rd_kafka_message_t>,
    reports: Vec<*const sys::rd_kafka_message_t>,
}

fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(RigError::doing(format!("{text:?}")))
}

fn error_text(code: c_int) -> String {
    unsafe extern "C" {
        // Declared with a plain number: a broker may answer a code that the bindings' enum does not have.
        fn rd_kafka_err2str(code: c_int) -> *const c_char;
    }
    // SAFETY: takes any number and answers a string that lives long enough to be copied here.
    unsafe { CStr::from_ptr(rd_kafka_err2str(code)) }.to_string_lossy().into_owned()
}

/// A message's error as a plain number, for the same reason.
///
/// # Safety
/// `message` points to a message of librdkafka.
unsafe fn code(message: *const sys::rd_kafka_message_t) -> c_int {
    // SAFETY: the enum is as large as a C int; read as one it may have any value.
    unsafe { (&raw const (*message).err).cast::<c_int>().read() }
}

fn check(what: &str, code: c_int) -> Result<()> {
    if code == 0 { Ok(()) } else { Err(RigError::new(format!("{what}: {}", error_text(code)))) }
}

fn start<'a>(
    role: sys::rd_kafka_type_t,
    settings: impl Iterator<Item = (&'a str, &'a str)>,
    events: c_int,
) -> Result<*mut sys::rd_kafka_t> {
    let mut text = [0 as c_char; 512];
    // SAFETY: takes nothing.
    let conf = unsafe { sys::rd_kafka_conf_new() };
    for (name, value) in settings {
        let (name, value) = (c_string(name)?, c_string(value)?);
        // SAFETY: zero-terminated strings, copied by the call; `text` has the size told.
        let set = unsafe { sys::rd_kafka_conf_set(conf, name.as_ptr(), value.as_ptr(), text.as_mut_ptr(), text.len()) };
        if set != sys::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK {
            return Err(RigError::new(shown(&text)));
        }
    }
    // SAFETY: `conf` is ours until `rd_kafka_new` takes it.
    let client = unsafe {
        sys::rd_kafka_conf_set_events(conf, events);
        sys::rd_kafka_new(role, conf, text.as_mut_ptr(), text.len())
    };
    if client.is_null() { Err(RigError::new(shown(&text))) } else { Ok(client) }
}

fn shown(text: &[c_char; 512]) -> String {
    // SAFETY: librdkafka ends what it writes with a zero, and the array was zeros before.
    unsafe { CStr::from_ptr(text.as_ptr()) }.to_string_lossy().into_owned()
}

impl Consumer {
    /// Joins the group for one topic; a batch has at most so many records.
    pub fn subscribe<'a>(
        settings: impl Iterator<Item = (&'a str, &'a str)>,
        topic: &str,
        batch: usize,
    ) -> Result<Consumer> {
        let client = start(sys::rd_kafka_type_t::RD_KAFKA_CONSUMER, settings, 0)?;
        let topic = c_string(topic)?;
        // SAFETY: a live client; the list is freed after the call that copies it.
        let (code, queue) = unsafe {
            sys::rd_kafka_poll_set_consumer(client);
            let list = sys::rd_kafka_topic_partition_list_new(1);
            sys::rd_kafka_topic_partition_list_add(list, topic.as_ptr(), NO_PARTITION);
            let code = sys::rd_kafka_subscribe(client, list);
            sys::rd_kafka_topic_partition_list_destroy(list);
            (code, sys::rd_kafka_queue_get_consumer(client))
        };
        check("subscribing", code as c_int)?;
        Ok(Consumer { client, queue, topic, messages: vec![ptr::null_mut(); batch] })
    }

    /// Waits up to `timeout_ms` for records, and takes what is there.
    pub fn poll(&mut self, timeout_ms: c_int) -> Result<Batch<'_>> {
        // SAFETY: the buffer has the length told; each pointer written is ours until destroyed, by `Batch`.
        let count = unsafe {
            let (to, len) = (self.messages.as_mut_ptr(), self.messages.len());
            sys::rd_kafka_consume_batch_queue(self.queue, timeout_ms, to, len)
        };
        let messages = self.messages.get(..count.max(0) as usize).unwrap_or_default();
        let batch = Batch { messages };
        // SAFETY: the messages of a live batch.
        match messages.iter().map(|&message| unsafe { code(message) }).find(|&code| code != 0) {
            Some(code) => Err(RigError::new(format!("consuming: {}", error_text(code)))),
            None => Ok(batch),
        }
    }

    /// Commits positions, waiting for the answer or not.
    pub fn commit(&self, positions: &[(i32, i64)], wait: bool) -> Result<()> {
        if positions.is_empty() {
            return Ok(());
        }
        // SAFETY: a live client; the list is freed after the call that copies it, its new rows are ours to write.
        let code = unsafe {
            let list = sys::rd_kafka_topic_partition_list_new(positions.len() as c_int);
            for &(partition, next) in positions {
                let row = sys::rd_kafka_topic_partition_list_add(list, self.topic.as_ptr(), partition);
                (*row).offset = next;
            }
            let code = sys::rd_kafka_commit(self.client, list, c_int::from(!wait));
            sys::rd_kafka_topic_partition_list_destroy(list);
            code
        };
        check("committing", code as c_int)
    }
}

impl Consumer {
    /// Gives its partitions up before it closes: a cooperative member that closes while it holds some is never heard to
    /// leave by the broker (librdkafka 2.12), and its successor waits for the end of its session.
    fn give_up(&mut self) {
        // SAFETY: a live client.
        unsafe { sys::rd_kafka_unsubscribe(self.client) };
        for _ in 0..100 {
            let mut list = ptr::null_mut();
            // SAFETY: a live client; the list it makes is ours.
            let held = unsafe {
                sys::rd_kafka_assignment(self.client, &mut list);
                if list.is_null() {
                    return;
                }
                let held = (*list).cnt;
                sys::rd_kafka_topic_partition_list_destroy(list);
                held
            };
            if held == 0 {
                return;
            }
            drop(self.poll(10));
        }
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.give_up();
        // SAFETY: the last use of both handles; no batch is alive, for it would borrow `self`.
        unsafe {
            sys::rd_kafka_consumer_close(self.client);
            sys::rd_kafka_queue_destroy(self.queue);
            sys::rd_kafka_destroy(self.client);
        }
    }
}

impl Batch<'_> {
    /// The records in the order of their partitions.
    pub fn records(&self) -> impl ExactSizeIterator<Item = Record<'_>> {
        self.messages.iter().map(|&message| {
            // SAFETY: a message of this batch, whose key and value have the lengths told and live as long.
            unsafe {
                let message = &*message;
                let bytes = |start: *mut c_void, len: usize| match start.is_null() {
                    true => &[][..],
                    false => std::slice::from_raw_parts(start.cast::<u8>(), len),
                };
                Record {
                    partition: message.partition,
                    offset: message.offset,
                    key: bytes(message.key, message.key_len),
                    value: bytes(message.payload, message.len),
                }
            }
        })
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        for &message in self.messages {
            // SAFETY: ours since the poll, and not used again.
            unsafe { sys::rd_kafka_message_destroy(message) };
        }
    }
}

impl Producer {
    /// A producer for one topic.
    pub fn to<'a>(settings: impl Iterator<Item = (&'a str, &'a str)>, topic: &str) -> Result<Producer> {
        let client = start(sys::rd_kafka_type_t::RD_KAFKA_PRODUCER, settings, sys::RD_KAFKA_EVENT_DR)?;
        let name = c_string(topic)?;
        // SAFETY: a live client.
        let queue = unsafe { sys::rd_kafka_queue_get_main(client) };
        let (topic, outgoing, reports) = (ptr::null_mut(), Vec::new(), vec![ptr::null(); 1_000]);
        Ok(Producer { client, name, topic, queue, outgoing, reports })
    }

    /// Sends records, all of them with the same number on their reports. They are copied.
    ///
    /// The caller keeps what is under way below the queue's limits: a full queue is an error here.
    pub fn send<'r>(&mut self, records: impl Iterator<Item = (&'r [u8], &'r [u8])>, number: usize) -> Result<()> {
        if self.topic.is_null() {
            // SAFETY: a live client; the name is copied.
            self.topic = unsafe { sys::rd_kafka_topic_new(self.client, self.name.as_ptr(), ptr::null_mut()) };
        }
        self.outgoing.clear();
        self.outgoing.extend(records.map(|(key, value)| sys::rd_kafka_message_t {
            err: sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR,
            rkt: ptr::null_mut(),
            partition: NO_PARTITION,
            payload: value.as_ptr().cast_mut().cast(),
            len: value.len(),
            key: key.as_ptr().cast_mut().cast(),
            key_len: key.len(),
            offset: 0,
            _private: ptr::without_provenance_mut(number),
        }));
        // SAFETY: the array has the length told; keys and values live through the call, which copies them.
        let sent = unsafe {
            sys::rd_kafka_produce_batch(
                self.topic,
                NO_PARTITION,
                sys::RD_KAFKA_MSG_F_COPY,
                self.outgoing.as_mut_ptr(),
                self.outgoing.len() as c_int,
            )
        };
        if sent as usize == self.outgoing.len() {
            return Ok(());
        }
        let failed = self.outgoing.iter().map(|message| message.err as c_int).find(|&code| code != 0);
        check("producing", failed.unwrap_or(-1))
    }

    /// Waits up to `timeout_ms` for delivery reports and hands on the number of each.
    pub fn reports(&mut self, timeout_ms: c_int, mut each: impl FnMut(usize)) -> Result<()> {
        // SAFETY: a live queue.
        let event = unsafe { sys::rd_kafka_queue_poll(self.queue, timeout_ms) };
        if event.is_null() {
            return Ok(());
        }
        let mut failed = 0;
        loop {
            // SAFETY: a live event; the array has the length told, and the messages live as long as the event.
            let count =
                unsafe { sys::rd_kafka_event_message_array(event, self.reports.as_mut_ptr(), self.reports.len()) };
            if count == 0 {
                break;
            }
            for &report in self.reports.iter().take(count) {
                // SAFETY: as above.
                let (code, number) = unsafe { (code(report), (*report)._private.addr()) };
                if code == 0 {
                    each(number);
                } else {
                    failed = code;
                }
            }
        }
        // SAFETY: ours since the poll, and not used again.
        unsafe { sys::rd_kafka_event_destroy(event) };
        check("delivering", failed)
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        // SAFETY: the last use of the three handles, the client's last.
        unsafe {
            sys::rd_kafka_queue_destroy(self.queue);
            if !self.topic.is_null() {
                sys::rd_kafka_topic_destroy(self.topic);
            }
            sys::rd_kafka_destroy(self.client);
        }
    }
}
