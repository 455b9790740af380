//! Colour, only on a terminal and only when `NO_COLOR` is not set.

use std::io::IsTerminal;

/// Paints or leaves plain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// For standard output.
    pub(crate) fn stdout() -> Self {
        Self { on: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    fn code(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// In the background.
    pub(crate) fn dim(self, text: &str) -> String {
        self.code("2", text)
    }

    /// What people say.
    pub(crate) fn bold(self, text: &str) -> String {
        self.code("1", text)
    }

    /// Names of steps.
    pub(crate) fn cyan(self, text: &str) -> String {
        self.code("36", text)
    }

    /// To the customer.
    pub(crate) fn green(self, text: &str) -> String {
        self.code("32", text)
    }

    /// To the agent.
    pub(crate) fn yellow(self, text: &str) -> String {
        self.code("33", text)
    }
}
