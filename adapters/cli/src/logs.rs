//! Structured logs on standard error. `CONVENE_LOG` sets what is logged, such as `debug` or `convene_runtime=trace`.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::args::Command;

/// Starts logging. While the demo plays, only warnings are shown unless `CONVENE_LOG` says otherwise.
pub(crate) fn start(command: &Command) {
    let quiet = !matches!(command, Command::Run(args) if !args.demo);
    // The AMQP client would log whole returned messages, and with them what people said.
    let default = if quiet {
        "warn,lapin=error,lapin::returned_messages=off"
    } else {
        "info,lapin=error,lapin::returned_messages=off"
    };
    let filter = EnvFilter::try_from_env("CONVENE_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    if std::io::stderr().is_terminal() { builder.compact().init() } else { builder.json().init() }
}
