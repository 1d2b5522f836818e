;; Answers WASI preview 1 for guests whose compiler knows nothing newer: Go's own compiler, C with wasi-libc.
;;
;; It lives in the guest's component and sees the guest's memory. It leaves the component only to print and for random
;; numbers that the guest asks for itself; there are no files, no sockets, no environment, and time is made up.
;;
;; Why not the usual adapter: Go collects garbage, and so reads the clock, inside of `cabi_realloc`, from where a
;; component may not call out. And what a guest has not imported, no host can grant by mistake.
(module
  (import "env" "memory" (memory 0))
  (import "wasi:cli/stdout@0.2.6" "get-stdout" (func $get_stdout (result i32)))
  (import "wasi:cli/stderr@0.2.6" "get-stderr" (func $get_stderr (result i32)))
  (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush"
    (func $write (param $stream i32) (param $bytes i32) (param $count i32) (param $result i32)))
  (import "wasi:random/random@0.2.6" "get-random-u64" (func $random (result i64)))

  ;; Nanoseconds. Each look at the clock takes a microsecond, so that no loop waits forever, and runs are repeatable.
  (global $time (mut i64) (i64.const 1000000000))
  ;; State of the generator that seeds Go's maps.
  (global $seed (mut i64) (i64.const 88172645463325252))
  (global $seeded (mut i32) (i32.const 0))
  ;; Set while the guest must not call out.
  (global $paused (mut i32) (i32.const 0))
  ;; Handles of the streams; 0 until asked for.
  (global $stdout (mut i32) (i32.const 0))
  (global $stderr (mut i32) (i32.const 0))

  (func $now (result i64)
    (global.set $time (i64.add (global.get $time) (i64.const 1000)))
    (global.get $time))

  (func (export "clock_time_get") (param $clock i32) (param $precision i64) (param $result i32) (result i32)
    (i64.store (local.get $result) (call $now))
    (i32.const 0))

  (func (export "clock_res_get") (param $clock i32) (param $result i32) (result i32)
    (i64.store (local.get $result) (i64.const 1000))
    (i32.const 0))

  ;; Only waiting for a time is known: the time comes at once.
  (func (export "poll_oneoff") (param $in i32) (param $out i32) (param $count i32) (param $events i32) (result i32)
    (block $none
      (loop $next
        (br_if $none (i32.eqz (local.get $count)))
        (if (i32.eqz (i32.load8_u offset=8 (local.get $in)))
          (then
            (if (i32.and (i32.load16_u offset=40 (local.get $in)) (i32.const 1))
              (then
                (if (i64.gt_u (i64.load offset=24 (local.get $in)) (global.get $time))
                  (then (global.set $time (i64.load offset=24 (local.get $in))))))
              (else (global.set $time (i64.add (global.get $time) (i64.load offset=24 (local.get $in))))))
            (i64.store (local.get $out) (i64.load (local.get $in)))
            (i64.store offset=8 (local.get $out) (i64.const 0))
            (i64.store offset=16 (local.get $out) (i64.const 0))
            (i64.store offset=24 (local.get $out) (i64.const 0))
            (i32.store (local.get $events) (i32.const 1))
            (return (i32.const 0))))
        (local.set $in (i32.add (local.get $in) (i32.const 48)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (i32.const 52))

  ;; The first request is the runtime's own, for its maps: always the same answer, as it may come when no call out is
  ;; possible. All later ones are the guest's, and the host says whether they are granted.
  (func (export "random_get") (param $at i32) (param $count i32) (result i32)
    (local $own i32)
    (local $bits i64)
    (local.set $own (i32.eqz (global.get $seeded)))
    (global.set $seeded (i32.const 1))
    (if (i32.and (global.get $paused) (i32.eqz (local.get $own))) (then (return (i32.const 52))))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (if (local.get $own)
          (then
            (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 13))))
            (global.set $seed (i64.xor (global.get $seed) (i64.shr_u (global.get $seed) (i64.const 7))))
            (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 17))))
            (local.set $bits (global.get $seed)))
          (else (local.set $bits (call $random))))
        (i32.store8 (local.get $at) (i32.wrap_i64 (local.get $bits)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (i32.const 0))

  (func (export "args_sizes_get") (param $count i32) (param $bytes i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $bytes) (i32.const 0))
    (i32.const 0))
  (func (export "args_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "environ_sizes_get") (param $count i32) (param $bytes i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $bytes) (i32.const 0))
    (i32.const 0))
  (func (export "environ_get") (param i32 i32) (result i32) (i32.const 0))

  (func $stream (param $descriptor i32) (result i32)
    (if (i32.eq (local.get $descriptor) (i32.const 1))
      (then
        (if (i32.eqz (global.get $stdout)) (then (global.set $stdout (call $get_stdout))))
        (return (global.get $stdout))))
    (if (i32.eqz (global.get $stderr)) (then (global.set $stderr (call $get_stderr))))
    (global.get $stderr))

  ;; The host answers into 12 bytes of the guest's memory. There are none to spare, so what stands there is put back.
  (func $print (param $stream i32) (param $at i32) (param $count i32)
    (local $first i64)
    (local $second i32)
    (local.set $first (i64.load (i32.const 4096)))
    (local.set $second (i32.load (i32.const 4104)))
    (call $write (local.get $stream) (local.get $at) (local.get $count) (i32.const 4096))
    (i64.store (i32.const 4096) (local.get $first))
    (i32.store (i32.const 4104) (local.get $second)))

  ;; Standard output and error. What is printed while no call out is possible is lost.
  (func (export "fd_write") (param $descriptor i32) (param $pieces i32) (param $count i32) (param $written i32)
    (result i32)
    (local $at i32)
    (local $left i32)
    (local $size i32)
    (local $total i32)
    (if (i32.and (i32.ne (local.get $descriptor) (i32.const 1)) (i32.ne (local.get $descriptor) (i32.const 2)))
      (then (return (i32.const 8))))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $at (i32.load (local.get $pieces)))
        (local.set $left (i32.load offset=4 (local.get $pieces)))
        (local.set $total (i32.add (local.get $total) (local.get $left)))
        (block $printed
          (br_if $printed (global.get $paused))
          (loop $more
            (br_if $printed (i32.eqz (local.get $left)))
            ;; The largest piece that a stream has to take.
            (local.set $size
              (select (i32.const 4096) (local.get $left) (i32.gt_u (local.get $left) (i32.const 4096))))
            (call $print (call $stream (local.get $descriptor)) (local.get $at) (local.get $size))
            (local.set $at (i32.add (local.get $at) (local.get $size)))
            (local.set $left (i32.sub (local.get $left) (local.get $size)))
            (br $more)))
        (local.set $pieces (i32.add (local.get $pieces) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (i32.store (local.get $written) (local.get $total))
    (i32.const 0))

  ;; The three standard streams are terminals, so that C writes each line when it is complete.
  (func (export "fd_fdstat_get") (param $descriptor i32) (param $result i32) (result i32)
    (if (i32.gt_u (local.get $descriptor) (i32.const 2)) (then (return (i32.const 8))))
    (i64.store (local.get $result) (i64.const 2))
    (i64.store offset=8 (local.get $result) (i64.const 0x40))
    (i64.store offset=16 (local.get $result) (i64.const 0))
    (i32.const 0))

  ;; Go says when it is about to allocate for the host.
  (func (export "adapter_monotonic_clock_set_paused") (param $paused i32)
    (global.set $paused (local.get $paused)))

  (func (export "sched_yield") (result i32) (i32.const 0))
  (func (export "proc_exit") (param i32) unreachable)
  (func (export "proc_raise") (param i32) (result i32) unreachable)

  ;; No such descriptor: there are no files and no sockets.
  (func (export "fd_advise") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_allocate") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "fd_close") (param i32) (result i32) (i32.const 8))
  (func (export "fd_datasync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_set_flags") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_set_rights") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_size") (param i32 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_times") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_pread") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_pwrite") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_read") (param i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_readdir") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_renumber") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_sync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_tell") (param i32 i32) (result i32) (i32.const 8))
  (func (export "path_create_directory") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_get") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_set_times") (param i32 i32 i32 i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "path_link") (param i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "path_readlink") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_remove_directory") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_rename") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_symlink") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_unlink_file") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_accept") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_recv") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_send") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_shutdown") (param i32 i32) (result i32) (i32.const 8))
)
