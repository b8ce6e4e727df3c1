//! What back offices read and write.

mod reads;
mod register;
mod shop;
