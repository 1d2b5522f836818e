//! Compiled guests are kept from start to start, and only what the program wrote itself is believed.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::paths;

use crate::case::{Case, Done, run_in};

/// A pipeline, and a folder of its own for compiled guests below the case's.
struct Kept {
    case: Case,
}

const COMPILED: &str = "guest compiled";
const TAKEN: &str = "guest taken from the compiled ones";

impl Kept {
    fn new() -> Kept {
        Kept { case: Case::numbers("nop") }
    }

    fn folder(&self) -> PathBuf {
        self.case.path("kept")
    }

    fn check(&self) -> Done {
        self.check_in(&self.folder().display().to_string())
    }

    fn check_in(&self, folder: &str) -> Done {
        self.case.run_with(&["--log", "debug", "check", "--offline"], &[("MILLSTREAM_CACHE_DIR", folder)])
    }

    /// The one entry there is.
    fn entry(&self) -> PathBuf {
        let files = std::fs::read_dir(self.folder()).expect("the folder");
        let mut files = files.map(|file| file.expect("a file").path());
        let entry = files.find(|path| path.extension().is_some_and(|end| end == "compiled"));
        entry.expect("an entry")
    }

    /// Spoils the entry, and sees that the next start says so once, compiles, and leaves a good one behind.
    fn spoilt(&self, why: &str, spoil: impl FnOnce(&Path)) {
        self.check().compiles();
        spoil(&self.entry());
        let done = self.check();
        done.compiles();
        let line = format!("is not used, the guest is compiled again: {why}");
        done.mentions(0, &[&self.entry().display().to_string(), &line]);
        assert_eq!(done.err.matches("WARN").count(), 1, "{}", done.err);
        let done = self.check();
        done.takes();
        assert!(!done.err.contains("WARN"), "{}", done.err);
    }

    /// Sees that without the folder all is well but for one line.
    fn without(&self, folder: &str, parts: &[&str]) {
        for _ in 0..2 {
            let done = self.check_in(folder);
            done.compiles();
            done.mentions(0, &["compiled guests "]);
            done.mentions(0, parts);
            assert_eq!(done.err.matches("WARN").count(), 1, "{}", done.err);
        }
    }
}

impl Done {
    #[track_caller]
    fn compiles(&self) {
        self.shows(&["\nok\n"]);
        assert!(self.err.contains(COMPILED) && !self.err.contains(TAKEN), "{}", self.err);
    }

    #[track_caller]
    fn takes(&self) {
        self.shows(&["\nok\n"]);
        assert!(self.err.contains(TAKEN) && !self.err.contains(COMPILED), "{}", self.err);
    }
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("its mode");
}

#[test]
fn a_second_start_compiles_nothing() {
    let kept = Kept::new();
    kept.check().compiles();
    kept.check().takes();
    let found = |path: PathBuf| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!([found(kept.folder()), found(kept.entry()), found(kept.folder().join("key"))], [0o700, 0o600, 0o600]);
}

#[test]
fn all_pipelines_share_what_is_compiled() {
    let (kept, other) = (Kept::new(), Case::numbers("nop").edit("name = \"numbers\"", "name = \"others\""));
    kept.check().compiles();
    let folder = kept.folder().display().to_string();
    other.run_with(&["--log", "debug", "check", "--offline"], &[("MILLSTREAM_CACHE_DIR", &folder)]).takes();
}

#[test]
fn stages_of_one_guest_compile_it_once() {
    let mut case = Case::numbers("nop");
    for name in ["second", "third", "fourth"] {
        case = case.add(&format!("\n[[stage]]\nname = \"{name}\"\nguest = \"guest.wasm\"\n"));
    }
    let folder = case.path("kept").display().to_string();
    let done = case.run_with(&["--log", "debug", "check", "--offline"], &[("MILLSTREAM_CACHE_DIR", &folder)]);
    done.shows(&["\nok\n"]);
    assert_eq!([done.err.matches(COMPILED).count(), done.err.matches(TAKEN).count()], [1, 0], "{}", done.err);
}

#[test]
fn a_truncated_entry_is_compiled_again() {
    for (length, why) in [
        (0, "it has 0 bytes instead of 56"),
        (30, "it has 30 bytes instead of 56"),
        (5000, "it has 5000 bytes instead of "),
    ] {
        Kept::new().spoilt(why, |entry| {
            let file = std::fs::File::options().write(true).open(entry).expect("the entry");
            file.set_len(length).expect("shorter");
        });
    }
}

#[test]
fn an_entry_with_one_flipped_bit_is_compiled_again() {
    let why = "it is damaged, or was not written by this user's millstream for this guest";
    for at in [30, 60, 5000] {
        Kept::new().spoilt(why, |entry| {
            let mut bytes = std::fs::read(entry).expect("the entry");
            bytes[at] ^= 1;
            std::fs::write(entry, bytes).expect("spoilt");
        });
    }
}

#[test]
fn garbage_for_an_entry_is_compiled_again() {
    Kept::new().spoilt("it is not a file of compiled code", |entry| {
        std::fs::write(entry, vec![0xa5; 100_000]).expect("spoilt");
    });
}

#[test]
fn an_entry_that_another_user_made_is_compiled_again() {
    let (kept, other) = (Kept::new(), Kept::new());
    other.check().compiles();
    kept.spoilt("it is damaged, or was not written by this user's millstream for this guest", |entry| {
        // The same guest, the same engine, another key.
        assert_eq!(entry.file_name(), other.entry().file_name());
        std::fs::copy(other.entry(), entry).expect("copied");
    });
}

#[test]
fn a_folder_that_others_can_write_to_is_not_used() {
    let kept = Kept::new();
    kept.check().compiles();
    mode(&kept.folder(), 0o777);
    kept.without(&kept.folder().display().to_string(), &["kept can be written to by others (mode 777)"]);
    mode(&kept.folder(), 0o700);
    kept.check().takes();
}

#[test]
fn a_folder_below_one_that_others_can_write_to_is_not_used() {
    let kept = Kept::new();
    let above = kept.case.path("above");
    std::fs::create_dir(&above).expect("a folder");
    mode(kept.case.path(".").as_path(), 0o755);
    mode(&above, 0o777);
    let folder = above.join("kept");
    kept.without(&folder.display().to_string(), &["above", "can be changed by others", "mode 777"]);
}

#[test]
fn a_folder_that_is_a_link_is_not_used() {
    let kept = Kept::new();
    let real = kept.case.path("real");
    std::fs::create_dir(&real).expect("a folder");
    symlink(&real, kept.folder()).expect("a link");
    kept.without(&kept.folder().display().to_string(), &["kept is a symbolic link"]);
    assert_eq!(std::fs::read_dir(real).expect("the folder").count(), 0, "nothing is written through it");
}

#[test]
fn a_place_where_no_folder_can_be_made_is_one_warning() {
    // Nobody can make a folder there, whoever runs this test.
    Kept::new().without("/proc/none/kept", &["cannot use /proc/none/kept: "]);
    let kept = Kept::new();
    std::fs::write(kept.folder(), "").expect("a file");
    kept.without(&kept.folder().display().to_string(), &["kept is not a folder"]);
}

#[test]
fn a_disk_that_takes_no_more_is_one_warning() {
    let kept = Kept::new();
    kept.check().compiles();
    std::fs::remove_file(kept.entry()).expect("removed");
    // Files may have 24 blocks: enough for the key and the guest's memory, not for code.
    let script = "trap '' XFSZ; ulimit -f 24; exec \"$0\" --log debug check --offline";
    for _ in 0..2 {
        let mut command = Command::new("sh");
        command.args(["-c", script]).arg(paths::millstream().expect("the program")).current_dir(kept.case.path("."));
        let output = command.env("MILLSTREAM_CACHE_DIR", kept.folder()).output().expect("sh");
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && err.contains(COMPILED), "{err}");
        assert!(err.contains("compiled guests cannot be written to ") && err.contains("File too large"), "{err}");
        assert_eq!(err.matches("WARN").count(), 1, "{err}");
        assert_eq!(std::fs::read_dir(kept.folder()).expect("the folder").count(), 1, "the key, and nothing unfinished");
    }
}

#[test]
fn without_a_home_nothing_is_kept() {
    let kept = Kept::new();
    let arguments = ["--log", "debug", "check", "--offline"];
    let nowhere = [("MILLSTREAM_CACHE_DIR", ""), ("XDG_CACHE_HOME", ""), ("HOME", "")];
    let done = kept.case.run_with(&arguments, &nowhere);
    done.compiles();
    done.mentions(0, &["compiled guests are not kept, every start compiles them: set MILLSTREAM_CACHE_DIR, or HOME"]);
    assert_eq!(done.err.matches("WARN").count(), 1, "{}", done.err);
}

#[test]
fn keeping_can_be_turned_off() {
    for _ in 0..2 {
        let done = Kept::new().check_in("off");
        done.compiles();
        assert!(!done.err.contains("WARN"), "{}", done.err);
    }
}

#[test]
fn a_relative_folder_is_refused() {
    Kept::new()
        .case
        .run_with(&["check", "--offline"], &[("MILLSTREAM_CACHE_DIR", "some/where")])
        .says(3, "error: MILLSTREAM_CACHE_DIR is `some/where`, but must be an absolute path, or `off`\n");
}

#[test]
fn two_processes_at_once_both_start() {
    for _ in 0..4 {
        let kept = Kept::new();
        // The files of the case are all there, as if nothing were ever kept.
        kept.check_in("off").compiles();
        let folder = kept.folder().display().to_string();
        let start = || {
            let arguments = ["--log", "debug", "check", "--offline"];
            run_in(&kept.case.path("."), &arguments, &[("MILLSTREAM_CACHE_DIR", &folder)])
        };
        std::thread::scope(|scope| {
            let starts: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
            for start in starts {
                let done = start.join().expect("a start");
                done.shows(&["\nok\n"]);
                assert!(!done.err.contains("WARN"), "{}", done.err);
            }
        });
        kept.check().takes();
        let files = std::fs::read_dir(kept.folder()).expect("the folder").count();
        assert_eq!(files, 2, "the key, the entry, and nothing unfinished");
    }
}

#[test]
fn what_was_long_unused_is_pruned_when_something_is_added() {
    let kept = Kept::new();
    kept.check().compiles();
    let old = kept.entry().with_file_name(format!("{}-{}.compiled", "0".repeat(64), "0".repeat(16)));
    let file = std::fs::File::create(&old).expect("an entry");
    let day = std::time::Duration::from_secs(24 * 3600);
    let age = |days| file.set_modified(std::time::SystemTime::now() - day * days).expect("its age");
    age(29);
    let next = |n: &str| {
        let folder = kept.folder().display().to_string();
        let arguments = ["--log", "debug", "check", "--offline"];
        Case::numbers(n).run_with(&arguments, &[("MILLSTREAM_CACHE_DIR", &folder)]).compiles();
    };
    next("(drop (i32.const 1))");
    assert!(old.exists());
    age(31);
    kept.check().takes();
    assert!(old.exists(), "a start that adds nothing does not look");
    next("(drop (i32.const 2))");
    assert!(!old.exists());
}
