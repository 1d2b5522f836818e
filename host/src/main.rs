//! The program: everything it does is in the library, and `cli` is where the words on the command line go.

use std::process::ExitCode;

fn main() -> ExitCode {
    millstream::cli::main()
}
