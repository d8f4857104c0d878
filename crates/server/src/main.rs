//! The binary `chengyun`. Everything is in the library; see `server::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::cli::run()
}
