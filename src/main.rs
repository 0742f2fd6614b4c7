//! The `sstp-diag` program: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    sstp_diag::cli::run(std::env::args_os())
}
