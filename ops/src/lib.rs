//! The tillstream command: up, demo, drive, verify, bench, status.
