//! Guests whose answers break the canonical ABI or their schema. What breaks the ABI condemns the instance; what
//! breaks the schema is one record's own fault. Each says what, in words.

use std::time::{Duration, Instant};

use millstream::guest::{CallError, CallFailure};

use super::echo::{ALLOCATOR, Fields, Lane, Setup, component, parse};

const INPUT: &str = r#"{"type": "record", "name": "In", "fields": [{"name": "n", "type": "int"}]}"#;
/// Where the answers lie, and where there is room for what they point to.
const RESULTS: u32 = 0x800;
const DATA: u32 = 0x1000;

/// A guest that answers these results to every batch.
struct Answering {
    output: String,
    /// Pointer and count of the list of results.
    pair: (u32, u32),
    results: Vec<u8>,
    data: Vec<u8>,
}

impl Answering {
    /// One result of the field `f` of this type.
    fn field(ty: &str) -> Answering {
        let output = format!(r#"{{"type": "record", "name": "Out", "fields": [{{"name": "f", "type": {ty}}}]}}"#);
        Answering { output, pair: (RESULTS, 1), results: Vec::new(), data: Vec::new() }
    }

    /// A result's bytes: the discriminant, then words.
    fn result(mut self, discriminant: u32, words: &[u32]) -> Self {
        self.results.extend(discriminant.to_le_bytes());
        self.results.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        self
    }

    fn data(mut self, data: &[u8]) -> Self {
        self.data = data.to_vec();
        self
    }

    fn pair(mut self, pointer: u32, count: u32) -> Self {
        self.pair = (pointer, count);
        self
    }

    fn module(&self, transform: &str) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\{byte:02x}")).collect::<String>();
        let pair = [self.pair.0.to_le_bytes(), self.pair.1.to_le_bytes()];
        format!(
            r#"(module {ALLOCATOR}
              (data (i32.const 16) "{}") (data (i32.const {RESULTS}) "{}") (data (i32.const {DATA}) "{}")
              (func (export "transform") (param i32 i32) (result i32) {transform}))"#,
            hex(pair.as_flattened()),
            hex(&self.results),
            hex(&self.data),
        )
    }

    /// Calls the guest with so many records.
    fn call(&self, records: usize) -> Result<Vec<Result<Vec<u8>, String>>, CallError> {
        self.call_module(records, &self.module("(i32.const 16)"))
    }

    fn call_module(&self, records: usize, module: &str) -> Result<Vec<Result<Vec<u8>, String>>, CallError> {
        let (input, output) = (parse(INPUT), parse(&self.output));
        let component = component(&input, &output, &Fields::default(), module);
        let setup = Setup { output: &output, ..Setup::same(&input, &component) };
        let mut lane = Lane::start(&setup).unwrap_or_else(|error| panic!("{error}"));
        lane.run(&vec![(0, b"\x02".as_slice()); records])
    }

    /// What condemns the instance.
    fn breach(&self) -> String {
        let error = self.call(1).expect_err("this answer must be refused");
        assert_eq!(error.kind, CallFailure::Result, "{error}");
        error.text
    }
}

const TEXT: &str = r#""string""#;

#[test]
fn an_honest_answer() {
    let guest = Answering::field(TEXT).result(0, &[DATA, 2, 0]).data(b"hi");
    assert_eq!(guest.call(1).unwrap(), [Ok(b"\x04hi".to_vec())]);
}

#[test]
fn results_outside_the_memory() {
    let outside = |pointer, count| Answering::field(TEXT).pair(pointer, count).breach();
    let memory = "outside its memory of 131072 bytes";
    assert_eq!(outside(0x20000, 1), format!("the guest returned a list of 1 items of 16 bytes at 0x20000, {memory}"));
    assert_eq!(outside(0x1fff4, 1), format!("the guest returned a list of 1 items of 16 bytes at 0x1fff4, {memory}"));
    assert_eq!(
        outside(0xffff_fffc, 1),
        format!("the guest returned a list of 1 items of 16 bytes at 0xfffffffc, {memory}")
    );
    assert_eq!(outside(0x801, 1), "the guest returned a pointer 0x801 that is not a multiple of 4");
}

#[test]
fn another_number_of_results_than_records() {
    let results = |count: u32| Answering::field(TEXT).pair(RESULTS, count).breach();
    assert_eq!(results(0), "the guest returned 0 results for a batch of 1 records");
    assert_eq!(results(2), "the guest returned 2 results for a batch of 1 records");
    assert_eq!(results(u32::MAX), "the guest returned 4294967295 results for a batch of 1 records");
}

#[test]
fn a_text_outside_the_memory() {
    let text = |pointer, len| Answering::field(TEXT).result(0, &[pointer, len, 0]).breach();
    let memory = "outside its memory of 131072 bytes, field `f`";
    assert_eq!(text(0x1ffff, 2), format!("the guest returned a list of 2 items of 1 bytes at 0x1ffff, {memory}"));
    let all = u32::MAX;
    assert_eq!(text(all, all), format!("the guest returned a list of {all} items of 1 bytes at 0xffffffff, {memory}"));
}

#[test]
fn a_list_outside_the_memory_or_misaligned() {
    let list =
        |pointer, count| Answering::field(r#"{"type": "array", "items": "long"}"#).result(0, &[pointer, count, 0]);
    let memory = "outside its memory of 131072 bytes, field `f`";
    let text = list(8, 0x2000_0000).breach();
    assert_eq!(text, format!("the guest returned a list of 536870912 items of 8 bytes at 0x8, {memory}"));
    assert_eq!(list(12, 1).breach(), "the guest returned a pointer 0xc that is not a multiple of 8, field `f`");
    // The canonical ABI asks for alignment of empty lists too.
    assert_eq!(list(12, 0).breach(), "the guest returned a pointer 0xc that is not a multiple of 8, field `f`");
}

#[test]
fn discriminants_out_of_range() {
    assert_eq!(Answering::field(TEXT).result(7, &[0, 0, 0]).breach(), "the guest returned case 7 of a type of 2 cases");
    let option = Answering::field(r#"["null", "int"]"#).result(0, &[2, 0, 0]);
    assert_eq!(option.breach(), "the guest returned case 2 of a type of 2 cases, field `f`");
    let symbols =
        Answering::field(r#"{"type": "enum", "name": "E", "symbols": ["A", "B", "C"]}"#).result(0, &[3, 0, 0]);
    assert_eq!(symbols.breach(), "the guest returned case 3 of a type of 3 cases, field `f`");
    let variant = Answering::field(r#"["null", "int", "string"]"#).result(0, &[200, 0, 0]);
    assert_eq!(variant.breach(), "the guest returned case 200 of a type of 3 cases, field `f`");
    // A fault that is no fault.
    assert_eq!(
        Answering::field(TEXT).result(1, &[3, DATA, 0]).breach(),
        "the guest returned case 3 of a type of 3 cases"
    );
}

#[test]
fn text_that_is_no_utf8() {
    let text = Answering::field(TEXT).result(0, &[DATA, 2, 0]).data(b"a\xff");
    assert_eq!(text.breach(), "the guest returned a string that is not valid UTF-8, field `f`");
    let fault = Answering::field(TEXT).result(1, &[0, DATA, 2]).data(b"a\xff");
    assert_eq!(fault.breach(), "the guest returned a string that is not valid UTF-8");
    let map = Answering::field(r#"{"type": "map", "values": "int"}"#).result(0, &[DATA, 1, 0]);
    let map = map.data(&[[0x14, 0x10, 0, 0], [1, 0, 0, 0], [7, 0, 0, 0], [0; 4], [0; 4], [0xff, 0, 0, 0]].concat());
    assert_eq!(map.breach(), "the guest returned a string that is not valid UTF-8, field `f`");
}

#[test]
fn a_fixed_of_another_length_is_that_records_own_fault() {
    let guest = Answering::field(r#"{"type": "fixed", "name": "F", "size": 3}"#).data(b"abcd").pair(RESULTS, 3);
    let guest = guest.result(0, &[DATA, 3, 0]).result(0, &[DATA, 4, 0]).result(0, &[DATA + 1, 3, 0]);
    let expected = [Ok(b"abc".to_vec()), Err("4 bytes for a fixed of 3, field `f`".into()), Ok(b"bcd".to_vec())];
    assert_eq!(guest.call(3).unwrap(), expected);
}

#[test]
fn faults_of_every_kind_and_length() {
    let guest = Answering::field(TEXT).data(b"not today").pair(RESULTS, 3);
    let guest = guest.result(1, &[0, DATA, 3]).result(1, &[1, DATA, 9]).result(1, &[2, DATA, 0]);
    let expected = [Err("Reject: not".into()), Err("Retry: not today".into()), Err("Halt: ".into())];
    assert_eq!(guest.call(3).unwrap(), expected);
    // The same long text for every record: it is cut, and only what is kept is looked at.
    let mut guest = Answering::field(TEXT).pair(RESULTS, 100).data(&"ä".repeat(2500).into_bytes());
    for _ in 0..100 {
        guest = guest.result(1, &[0, DATA + 1, 4999]);
    }
    let broken = guest.call(100).unwrap();
    assert_eq!(broken[0], Err("Reject: ".into()));
    let mut guest = Answering::field(TEXT).data(&"ä".repeat(2500).into_bytes());
    guest = guest.result(1, &[0, DATA, 5000]);
    assert_eq!(guest.call(1).unwrap(), [Err(format!("Reject: {}", "ä".repeat(2048)))]);
}

/// Fills `count` pairs at `DATA` with the same pointer and length, before answering.
fn fill(pages: u32, count: u32, pointer: u32, length: u32) -> String {
    format!(
        r#"(local i32) (drop (memory.grow (i32.const {pages})))
        (local.set 2 (i32.const {count}))
        (loop $next
          (local.set 2 (i32.sub (local.get 2) (i32.const 1)))
          (i32.store offset={DATA} (i32.mul (local.get 2) (i32.const 8)) (i32.const {pointer}))
          (i32.store offset={DATA} (i32.add (i32.const 4) (i32.mul (local.get 2) (i32.const 8))) (i32.const {length}))
          (br_if $next (local.get 2)))
        (i32.const 16)"#
    )
}

const TOO_LARGE: &str = "the output is larger than the limit of a record (1048576 bytes), field `f`";

#[test]
fn a_million_items_that_are_the_same_megabyte() {
    let guest = Answering::field(r#"{"type": "array", "items": "string"}"#).result(0, &[DATA, 1_000_000, 0]);
    let module = guest.module(&fill(400, 1_000_000, 0x80_0000, 1 << 20));
    let start = Instant::now();
    assert_eq!(guest.call_module(1, &module).unwrap(), [Err(TOO_LARGE.into())]);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn lists_of_lists_that_are_all_the_same() {
    // Items of no bytes, so that the size of the output bounds nothing: a billion of them.
    let nothing = r#"{"type": "fixed", "name": "Z", "size": 0}"#;
    let ty = format!(r#"{{"type": "array", "items": {{"type": "array", "items": {nothing}}}}}"#);
    let guest = Answering::field(&ty).result(0, &[DATA, 1000, 0]);
    let module = guest.module(&fill(400, 1000, 0x80_0000, 1_000_000));
    let start = Instant::now();
    assert_eq!(guest.call_module(1, &module).unwrap(), [Err(TOO_LARGE.into())]);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn items_with_large_defaults_are_bounded_one_by_one() {
    // The guest gives a number; the schema's default makes it two kilobytes.
    let blob = "x".repeat(2000);
    let item = format!(
        r#"{{"type": "record", "name": "I", "fields": [{{"name": "a", "type": "string"}},
            {{"name": "b", "type": "string", "default": "{blob}"}}]}}"#
    );
    let whole = Answering::field(&format!(r#"{{"type": "array", "items": {item}}}"#));
    // The guest's own world lacks `b`; the host's schema has it.
    let narrow = Answering::field(
        r#"{"type": "array", "items": {"type": "record", "name": "I", "fields": [{"name": "a", "type": "string"}]}}"#,
    );
    let narrow = narrow.result(0, &[DATA, 1_000_000, 0]);
    let input = parse(INPUT);
    let module = narrow.module(&fill(400, 1_000_000, DATA, 1));
    let component = component(&input, &parse(&narrow.output), &Fields::default(), &module);
    let output = parse(&whole.output);
    let mut lane = Lane::start(&Setup { output: &output, ..Setup::same(&input, &component) }).unwrap();
    assert_eq!(lane.run(&[(0, b"\x02")]).unwrap(), [Err(TOO_LARGE.into())]);
    assert!(lane.outputs.bytes.capacity() < 8 << 20, "{} bytes were taken", lane.outputs.bytes.capacity());
}

#[test]
fn a_batch_of_outputs_is_bounded_too() {
    let text = 1 << 19;
    let mut guest = Answering::field(TEXT).pair(RESULTS, 100);
    for _ in 0..100 {
        guest = guest.result(0, &[0x80_0000, text, 0]);
    }
    let error = guest.call_module(100, &guest.module(&fill(400, 1, 0, 0))).unwrap_err();
    assert_eq!(error.text, "the guest returned more than 16777216 bytes for a batch");
}

#[test]
fn a_result_pointer_outside_the_memory_or_misaligned() {
    let guest = Answering::field(TEXT);
    let text = |pointer: &str| {
        let error = guest.call_module(1, &guest.module(&format!("(i32.const {pointer})"))).unwrap_err();
        assert_eq!(error.kind, CallFailure::Result, "{error}");
        error.text
    };
    assert_eq!(text("0x20000"), "the guest broke the canonical ABI: pointer out of bounds of memory");
    assert_eq!(text("-4"), "the guest broke the canonical ABI: pointer out of bounds of memory");
    assert_eq!(text("17"), "the guest broke the canonical ABI: return pointer not aligned");
}
