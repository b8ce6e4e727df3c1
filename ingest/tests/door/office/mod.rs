//! What back offices read and write.

mod catalogue;
mod once;
mod reads;
mod register;
mod reports;
mod shelves;
mod shop;
mod voids;
