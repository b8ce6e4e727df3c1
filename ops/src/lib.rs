//! The tillstream command: up, demo, drive, verify, bench, status.

pub mod backup;
pub mod bench;
pub mod commands;
pub mod company;
pub mod demo;
pub mod drive;
pub mod log_file;
pub mod recover;
mod replay;
pub mod stack;
pub mod torture;
