//! The direct door from outside: HTTP at `ingest`, with real workers, numbering,
//! broker and books behind it, looking in the books.

mod beside_an_edge;
mod crashes;
mod facts;
mod khqr;
mod kitchen;
mod orders;
mod sales;
mod staffed;
mod told;
mod whose;

mod stage;
