//! Structured logs on standard error. `CONVENE_LOG` sets what is logged, such as `debug` or `convene_runtime=trace`.

use std::env::VarError;
use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::args::Command;

/// Variable that sets what is logged.
const SETTING: &str = "CONVENE_LOG";

/// Starts logging. While the demo plays, only warnings are shown unless `CONVENE_LOG` says otherwise.
///
/// # Errors
/// What is wrong with `CONVENE_LOG`.
pub(crate) fn start(command: &Command) -> Result<(), String> {
    let quiet = !matches!(command, Command::Run(args) if !args.demo);
    // The AMQP client would log whole returned messages, and with them what people said.
    let default = if quiet {
        "warn,lapin=error,lapin::returned_messages=off"
    } else {
        "info,lapin=error,lapin::returned_messages=off"
    };
    let asked = match std::env::var(SETTING) {
        Ok(asked) => Some(asked).filter(|asked| !asked.trim().is_empty()),
        Err(VarError::NotPresent) => None,
        Err(VarError::NotUnicode(_)) => return Err(format!("{SETTING} is not UTF-8 text")),
    };
    let filter = EnvFilter::try_new(asked.as_deref().unwrap_or(default)).map_err(|problem| {
        let asked = asked.unwrap_or_default();
        format!("{SETTING}={asked:?}: {problem}; write a level, such as debug, or TARGET=LEVEL, such as convene_runtime=trace")
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    if std::io::stderr().is_terminal() {
        builder.compact().init()
    } else {
        builder.json().init()
    }
    Ok(())
}
