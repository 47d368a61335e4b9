//! The `fingerpost` program. Everything it does is in the library; this file only starts it.

use std::process::ExitCode;

fn main() -> ExitCode {
    fingerpost::cli::main()
}
