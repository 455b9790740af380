//! The ports: what the loop needs of the world, as traits. Adapters implement them; nothing here names a broker,
//! a database or HTTP.

pub mod bots;
pub mod bus;
pub mod store;
