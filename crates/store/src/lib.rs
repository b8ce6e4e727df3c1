//! The books in Postgres: one function per statement, transactions passed in.
