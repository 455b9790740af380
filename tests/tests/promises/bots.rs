//! Bots elsewhere that fail in every way there is: their customers are answered or get a person, once, and nobody else
//! notices.

mod faults;
mod handover;
mod later;
mod load;
mod private;
mod scene;
mod secrets;
mod waiting;
