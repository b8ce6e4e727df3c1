//! What back offices read and write.

mod catalogue;
mod numbering;
mod once;
mod quarantine;
mod reads;
mod register;
mod reports;
mod shelves;
mod shop;
mod strangers;
mod voids;
