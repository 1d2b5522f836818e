//! The thin `unsafe` wrapper around librdkafka's batch produce call, its one-record call for headers and timestamps,
//! its delivery reports, and its transactions.

use std::ffi::{c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka_sys as sys;

use crate::kafka::error::Code;
use crate::kafka::native::{Client, Conf, Event, Partitions, TopicHandle, copy_text, to_ms};
use crate::record::Ticket;

use super::Outgoing;

// A ticket travels as the record's opaque pointer.
const _: () = assert!(size_of::<*mut c_void>() == size_of::<u64>());

/// Lets the key choose the partition.
const ANY_PARTITION: i32 = -1;

mod plain {
    use super::{c_int, sys};

    unsafe extern "C" {
        pub(super) fn rd_kafka_error_code(error: *const sys::rd_kafka_error_t) -> c_int;
    }
}

/// Memory for the records of one batch call, used again by the next.
#[derive(Default)]
pub(super) struct Scratch {
    messages: Vec<sys::rd_kafka_message_t>,
}

// SAFETY: the pointers in it are only followed within `produce`, which fills them in itself.
unsafe impl Send for Scratch {}

/// What a batch call did with each record.
pub(super) struct Answers<'s> {
    messages: &'s [sys::rd_kafka_message_t],
    accepted: usize,
}

fn to_opaque(ticket: Ticket) -> *mut c_void {
    ptr::without_provenance_mut(ticket.to_word() as usize)
}

fn start_and_len(bytes: Option<&[u8]>) -> (*mut c_void, usize) {
    // An empty slice has a pointer that is not null, which is just what keeps it apart from none.
    bytes.map_or((ptr::null_mut(), 0), |bytes| (bytes.as_ptr().cast_mut().cast(), bytes.len()))
}

/// Delivery reports and errors arrive as events: one for all records of a broker's answer, which is cheaper than a
/// callback for each record and needs no state shared with C.
pub(super) fn report_as_events(conf: &mut Conf) {
    // SAFETY: the configuration is valid and not yet a client's.
    unsafe {
        sys::rd_kafka_conf_set_events(conf.as_ptr(), sys::RD_KAFKA_EVENT_DR | sys::RD_KAFKA_EVENT_ERROR);
    }
}

/// Records that are queued or under way, and reports not yet collected.
pub(super) fn queue_len(client: &Client) -> usize {
    // SAFETY: the client is alive.
    usize::try_from(unsafe { sys::rd_kafka_outq_len(client.as_ptr()) }).unwrap_or(0)
}

impl Scratch {
    /// Hands records without headers and timestamps, all for the same partition (or none), over in order with one
    /// call. Their bytes are copied.
    ///
    /// librdkafka also takes a partition for each message, but then it leaks a message whose partition does not
    /// exist, and the number of records in flight never comes down to zero again.
    pub(super) fn produce(
        &mut self,
        topic: &TopicHandle,
        partition: Option<i32>,
        records: &[Outgoing<'_>],
    ) -> Answers<'_> {
        self.messages.clear();
        self.messages.extend(records.iter().map(|record| {
            let ((payload, len), (key, key_len)) = (start_and_len(record.value), start_and_len(record.key));
            sys::rd_kafka_message_t {
                err: sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR,
                rkt: ptr::null_mut(),
                partition: ANY_PARTITION,
                payload,
                len,
                key,
                key_len,
                offset: 0,
                _private: to_opaque(record.ticket),
            }
        }));
        let partition = partition.unwrap_or(ANY_PARTITION);
        let count = c_int::try_from(self.messages.len()).unwrap_or(c_int::MAX);
        // SAFETY: the topic is alive; `count` messages are valid, their keys and values live through the call, which
        // copies them (keys always, values by the flag) and writes nothing but each `err`.
        let accepted = unsafe {
            let messages = self.messages.as_mut_ptr();
            sys::rd_kafka_produce_batch(topic.as_ptr(), partition, sys::RD_KAFKA_MSG_F_COPY, messages, count)
        };
        Answers { messages: &self.messages, accepted: usize::try_from(accepted).unwrap_or(0) }
    }
}

impl Answers<'_> {
    pub(super) fn all_accepted(&self) -> bool {
        self.accepted == self.messages.len()
    }

    pub(super) fn codes(&self) -> impl DoubleEndedIterator<Item = Code> + ExactSizeIterator {
        // SAFETY: `err` is a valid field, read as a number; the batch call gives codes of the client itself only.
        self.messages.iter().map(|message| Code(unsafe { (&raw const message.err).cast::<c_int>().read() }))
    }
}

/// Hands one record over with all it has.
pub(super) fn produce_one(client: &Client, topic: &TopicHandle, record: &Outgoing<'_>) -> Result<(), Code> {
    use sys::rd_kafka_vtype_t as Kind;
    type Value = sys::rd_kafka_vu_s__bindgen_ty_1;
    let argument = |vtype, u| sys::rd_kafka_vu_t { vtype, u };
    let memory = |bytes| {
        let (ptr, size) = start_and_len(bytes);
        Value { mem: sys::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 { ptr, size } }
    };
    let headers = copy_headers(record);
    let arguments = [
        argument(Kind::RD_KAFKA_VTYPE_RKT, Value { rkt: topic.as_ptr() }),
        argument(Kind::RD_KAFKA_VTYPE_PARTITION, Value { i32_: record.partition.unwrap_or(ANY_PARTITION) }),
        argument(Kind::RD_KAFKA_VTYPE_MSGFLAGS, Value { i: sys::RD_KAFKA_MSG_F_COPY }),
        argument(Kind::RD_KAFKA_VTYPE_VALUE, memory(record.value)),
        argument(Kind::RD_KAFKA_VTYPE_KEY, memory(record.key)),
        argument(Kind::RD_KAFKA_VTYPE_OPAQUE, Value { ptr: to_opaque(record.ticket) }),
        // Zero, also where a record says less, is "now".
        argument(Kind::RD_KAFKA_VTYPE_TIMESTAMP, Value { i64_: record.timestamp.unwrap_or(0).max(0) }),
        argument(Kind::RD_KAFKA_VTYPE_HEADERS, Value { headers }),
    ];
    // SAFETY: client and topic are alive, and so are key and value through the call, which copies them. The record
    // owns the headers when it is accepted; otherwise they, and the error, are ours to free.
    unsafe {
        let error = sys::rd_kafka_produceva(client.as_ptr(), arguments.as_ptr(), arguments.len());
        if error.is_null() {
            return Ok(());
        }
        let code = Code(plain::rd_kafka_error_code(error));
        sys::rd_kafka_error_destroy(error);
        if !headers.is_null() {
            sys::rd_kafka_headers_destroy(headers);
        }
        Err(code)
    }
}

/// The record's headers as librdkafka's own list; null where there are none.
fn copy_headers(record: &Outgoing<'_>) -> *mut sys::rd_kafka_headers_t {
    if !record.has_headers() {
        return ptr::null_mut();
    }
    let all = || record.headers.chain(record.extra_headers.iter().copied());
    // SAFETY: the list is new; names and values are copied with the lengths given, and a null value stays null.
    unsafe {
        let list = sys::rd_kafka_headers_new(all().count());
        for (name, value) in all() {
            let (start, len) = start_and_len(value);
            sys::rd_kafka_header_add(list, name.as_ptr().cast::<c_char>(), name.len() as isize, start, len as isize);
        }
        list
    }
}

/// Passes on each report of an event; it has none if it is of another kind.
pub(super) fn each_report(mut event: Event, mut report: impl FnMut(Ticket, Code)) {
    loop {
        // SAFETY: the event is alive; the message it lends stays valid until the event is dropped, and its code is
        // read as a number, never as the bindings' enum.
        let (ticket, code) = unsafe {
            let message = sys::rd_kafka_event_message_next(event.as_ptr());
            if message.is_null() {
                return;
            }
            let word = (*message)._private.addr() as u64;
            (Ticket::from_word(word), Code((&raw const (*message).err).cast::<c_int>().read()))
        };
        report(ticket, code);
    }
}

/// What a call of a transaction answers when it has not done its work.
#[derive(Debug)]
pub(super) struct CallError {
    pub(super) code: Code,
    pub(super) text: String,
    /// The client does nothing any more.
    pub(super) fatal: bool,
    /// The same call may be made again.
    pub(super) retriable: bool,
    /// The transaction can only be aborted.
    pub(super) requires_abort: bool,
}

/// # Safety
/// `error` is null, or an error that nobody else frees.
unsafe fn answer(error: *mut sys::rd_kafka_error_t) -> Result<(), CallError> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: the caller gives the error away: it is read, then freed once.
    unsafe {
        let found = CallError {
            code: Code(plain::rd_kafka_error_code(error)),
            text: copy_text(sys::rd_kafka_error_string(error)),
            fatal: sys::rd_kafka_error_is_fatal(error) != 0,
            retriable: sys::rd_kafka_error_is_retriable(error) != 0,
            requires_abort: sys::rd_kafka_error_txn_requires_abort(error) != 0,
        };
        sys::rd_kafka_error_destroy(error);
        Err(found)
    }
}

/// Gets the producer's id and ends what an earlier holder of it has left open; goes on where a call before ended late.
pub(super) fn init_transactions(client: &Client, at_most: Duration) -> Result<(), CallError> {
    // SAFETY: the client is alive; the error is ours.
    unsafe { answer(sys::rd_kafka_init_transactions(client.as_ptr(), to_ms(at_most))) }
}

/// Asks no broker.
pub(super) fn begin_transaction(client: &Client) -> Result<(), CallError> {
    // SAFETY: as above.
    unsafe { answer(sys::rd_kafka_begin_transaction(client.as_ptr())) }
}

/// Goes on where a call before ended late.
pub(super) fn commit_transaction(client: &Client, at_most: Duration) -> Result<(), CallError> {
    // SAFETY: as above.
    unsafe { answer(sys::rd_kafka_commit_transaction(client.as_ptr(), to_ms(at_most))) }
}

/// Goes on where a call before ended late.
pub(super) fn abort_transaction(client: &Client, at_most: Duration) -> Result<(), CallError> {
    // SAFETY: as above.
    unsafe { answer(sys::rd_kafka_abort_transaction(client.as_ptr(), to_ms(at_most))) }
}

/// Sends what waits without lingering, until all is acknowledged and collected by another thread; whether it is.
pub(super) fn flush(client: &Client, at_most: Duration) -> bool {
    // SAFETY: the client is alive; the answer is one of the client's own two codes.
    unsafe { sys::rd_kafka_flush(client.as_ptr(), to_ms(at_most)) as c_int == Code::NONE.0 }
}

/// A consumer's membership at one moment: what the broker fences by.
pub(super) struct Membership {
    raw: NonNull<sys::rd_kafka_consumer_group_metadata_t>,
}

impl Membership {
    /// That of now; none where the consumer is no member, whose offsets a broker would take from anybody.
    pub(super) fn of(consumer: &Client) -> Option<Membership> {
        // SAFETY: the client is alive; the answer is ours, or null.
        let raw = NonNull::new(unsafe { sys::rd_kafka_consumer_group_metadata(consumer.as_ptr()) })?;
        let membership = Membership { raw };
        // SAFETY: both are alive; the text belongs to the metadata and is copied.
        let member = unsafe {
            sys::rd_kafka_consumer_group_metadata_generation_id(raw.as_ptr()) >= 0
                && !copy_text(sys::rd_kafka_consumer_group_metadata_member_id(raw.as_ptr())).is_empty()
                && sys::rd_kafka_assignment_lost(consumer.as_ptr()) == 0
        };
        member.then_some(membership)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { sys::rd_kafka_consumer_group_metadata_destroy(self.raw.as_ptr()) };
    }
}

/// Puts offsets into the transaction.
pub(super) fn send_offsets(
    client: &Client,
    offsets: &Partitions,
    membership: &Membership,
    at_most: Duration,
) -> Result<(), CallError> {
    let (rk, offsets, membership) = (client.as_ptr(), offsets.as_ptr(), membership.raw.as_ptr());
    // SAFETY: all three are alive, the last two are copied; the error is ours.
    unsafe { answer(sys::rd_kafka_send_offsets_to_transaction(rk, offsets, membership, to_ms(at_most))) }
}

/// Makes the client fail for good.
#[cfg(test)]
pub(super) fn raise_fatal(sender: &super::Sender) {
    let code = sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_PRODUCER_FENCED;
    // SAFETY: the client is alive and the reason ends with zero.
    unsafe { sys::rd_kafka_test_fatal_error(sender.client().as_ptr(), code, c"FENCED by a test".as_ptr()) };
}
