//! What a back office decides or changes at headquarters, as the edges of its stores
//! live by it and the books have it.

mod catalogues;
mod decisions;
mod people;
mod quarantine;
mod shown;
