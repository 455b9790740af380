//! Bots reached over HTTP.
