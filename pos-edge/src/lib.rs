//! The edge daemon on a store's LAN: journal, capture, publisher, mapping.
