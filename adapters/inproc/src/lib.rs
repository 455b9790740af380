//! The in-process bus: channels and engine in one process, nothing to install.
