//! Books that were restored from an older backup: every sale and every number is back
//! as it was, and no number is given twice.

mod lost;
mod old_books;
mod stage;
mod whole_day;
