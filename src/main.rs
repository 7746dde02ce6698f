//! Arguments in, exit code out.

use std::process::ExitCode;

/// Analysis makes and drops many small values on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    djperf::cli::main()
}
