//! Guests that misbehave at a record: it is found among those of its call and rejected, and all others go on.

use crate::case::{Case, Done};

/// More than go into one call, so that there are calls that must not be touched by the one that fails.
const NUMBERS: u64 = 3000;

fn numbers() -> Vec<String> {
    (0..NUMBERS).map(|n| format!("{{\"n\": {n}}}")).collect()
}

/// Runs numbers through a guest that misbehaves at one of them, which is rejected with this kind and reason.
#[track_caller]
fn fails(case: Case, kind: &str, why: &str) -> Done {
    let done = case.quickstart(&numbers());
    done.shows(&[why, "dead letters in `numbers.dlq`:"]);
    let [consumed, produced, dead, committed] = done.counts();
    assert_eq!((consumed, committed), (NUMBERS, NUMBERS), "{}\n{}", done.out, done.err);
    assert_eq!((produced, dead), (NUMBERS - 1, 1), "{}", done.out);
    let line = done.err.lines().find(|line| line.contains("record rejected")).unwrap_or_default();
    assert!(line.contains(&format!("stage=transform guest=guest kind={kind} ")), "{line}");
    done
}

#[test]
fn a_guest_that_loops_is_ended() {
    let case = Case::numbers("(loop $for_ever (br $for_ever))");
    let case = case.edit("\"guest.wasm\"", "\"guest.wasm\"\nlimits = { time = \"100ms\" }");
    fails(case, "timeout", "the guest ran longer than its time limit of 100ms");
}

#[test]
fn a_guest_that_grows_is_ended() {
    let grow = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable";
    let case = Case::numbers(grow).edit("\"guest.wasm\"", "\"guest.wasm\"\nlimits = { memory = \"1MiB\" }");
    fails(case, "memory", "the guest wanted more memory than its limit of 1 MiB");
}

#[test]
fn a_guest_that_panics_gives_its_message() {
    let case = Case::numbers("(call $say (i32.const 57)) unreachable");
    fails(case, "trap", "thread panicked at src/lib.rs:7:5: cannot divide by zero");
}

#[test]
fn a_guest_that_prints_without_end_is_ended_and_its_lines_are_counted() {
    let case = Case::numbers("(loop $for_ever (call $say (i32.const 57)) (br $for_ever))");
    let case = case.edit("\"guest.wasm\"", "\"guest.wasm\"\nlimits = { time = \"100ms\" }");
    let done = fails(case, "timeout", "the guest ran longer than its time limit of 100ms");
    let why = "lines of the guest were dropped: it may write 20 in a call and 100 in a second";
    let line = done.err.lines().find(|line| line.contains(why)).unwrap_or_else(|| panic!("{}", done.err));
    assert!(line.contains("pipeline=numbers stage=guest dropped="), "{line}");
    assert!(done.err.lines().count() < 100, "{}", done.err);
}

#[test]
fn a_guest_that_traps_without_a_word_gives_the_trap() {
    fails(Case::numbers("unreachable"), "trap", "the guest trapped: ");
    fails(Case::numbers("(i32.store (i32.const -4) (i32.const 0))"), "trap", "out of bounds memory access");
}

#[test]
fn a_guest_that_returns_too_few_results_is_told_how_many() {
    let fewer = "(i32.store offset=4 (local.get $list) (i32.sub (local.get $count) (i32.const 1)))";
    let done = fails(Case::numbers(fewer), "bad-result", "the guest returned ");
    assert!(done.out.contains(" results for a batch of "), "{}", done.out);
}

#[test]
fn a_guest_that_returns_too_many_results_is_told_how_many() {
    let more = "(i32.store offset=4 (local.get $list) (i32.add (local.get $count) (i32.const 1)))";
    fails(Case::numbers(more), "bad-result", " results for a batch of ");
}

#[test]
fn a_list_outside_of_the_guests_memory_is_refused() {
    for pointer in ["-8", "131068"] {
        let case = Case::numbers(&format!("(i32.store (local.get $list) (i32.const {pointer}))"));
        fails(case, "bad-result", "outside its memory of 131072 bytes");
    }
}

#[test]
fn a_list_that_is_too_long_for_any_memory_is_refused() {
    let case = Case::numbers("(i32.store offset=4 (local.get $list) (i32.const -1))");
    fails(case, "bad-result", "the guest returned 4294967295 results for a batch of ");
}

#[test]
fn a_pointer_that_is_not_aligned_is_refused() {
    let case = Case::numbers("(i32.store (local.get $list) (i32.const 4097))");
    fails(case, "bad-result", "the guest returned a pointer 0x1001 that is not a multiple of 4");
}

#[test]
fn a_case_that_there_is_not_is_refused() {
    let case = Case::numbers("(i32.store (local.get $answer) (i32.const 2))");
    fails(case, "bad-result", "the guest returned case 2 of a type of 2 cases");
}

#[test]
fn a_text_outside_of_the_guests_memory_is_refused() {
    let case = Case::numbers(
        "(i32.store (local.get $answer) (i32.const 1)) (i32.store offset=4 (local.get $answer) (i32.const 131070))
         (i32.store offset=8 (local.get $answer) (i32.const 3))",
    );
    fails(case, "bad-result", "outside its memory of 131072 bytes");
}

#[test]
fn a_text_that_is_not_utf8_is_refused() {
    let case = Case::numbers(
        "(i32.store8 (i32.const 2048) (i32.const 255)) (i32.store (local.get $answer) (i32.const 1))
         (i32.store offset=4 (local.get $answer) (i32.const 2048)) (i32.store offset=8 (local.get $answer) (i32.const 1))",
    );
    fails(case, "bad-result", "the guest returned a string that is not valid UTF-8");
}

#[test]
fn an_answer_outside_of_the_guests_memory_is_refused() {
    let case = Case::numbers("(return (i32.const -8))");
    fails(case, "bad-result", "the guest broke the canonical ABI: pointer out of bounds of memory");
}

#[test]
fn a_clock_that_was_not_granted_is_refused_by_name() {
    let case = Case::numbers("(call $now (i32.const 512))");
    fails(case, "trap", "which is not granted: add `grants = [\"clock\"]` to its [[stage]]");
}

#[test]
fn a_clock_that_was_granted_works() {
    let case =
        Case::numbers("(call $now (i32.const 512))").edit("\"guest.wasm\"", "\"guest.wasm\"\ngrants = [\"clock\"]");
    assert_eq!(case.quickstart(&numbers()).counts(), [NUMBERS, NUMBERS, 0, NUMBERS]);
}
