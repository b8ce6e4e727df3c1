//! The direct door from outside: HTTP at `ingest`, with real workers, numbering,
//! broker and books behind it, looking in the books.

mod beside_an_edge;
mod crashes;
mod facts;
mod khqr;
mod sales;
mod staffed;

mod stage;
