//! The `sstp-diag` program: arguments in, exit code out.

/// One thread reads captured calls and another judges and frees them; this allocator takes that well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    sstp_diag::cli::run(std::env::args_os())
}
