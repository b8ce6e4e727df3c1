//! The one allocator of official invoice numbers.
