//! Logs, metrics, process limits and failpoints shared by every service.
