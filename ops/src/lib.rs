//! The tillstream command: up, demo, drive, verify, bench, status.

pub mod commands;
pub mod company;
pub mod drive;
