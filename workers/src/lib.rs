//! Finalize entries into the books; relay facts out of them.

pub mod relay;
