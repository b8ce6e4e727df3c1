//! When the connection is really closed. It closes on a thread of its own, some time
//! after it was dropped; a process that ends meanwhile would take SQLCipher's memory
//! away from under it, and crash after its work was done.

use std::{
    ffi::{c_int, c_void},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    time::Duration,
};

use libsqlite3_sys as ffi;
use sqlx::SqliteConnection;

/// The longest that is waited for a connection to close.
const CLOSED_WITHIN: Duration = Duration::from_secs(5);

/// Ends with its connection: dropped after that, it waits until the file is closed.
pub(super) struct Closing(Receiver<()>);

impl Closing {
    /// That of a connection.
    ///
    /// # Errors
    /// If the connection does not answer or SQLite refuses.
    #[expect(unsafe_code, reason = "SQLite tells when a connection closes by no other way")]
    pub(super) async fn of(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let (open, closed) = sync_channel::<()>(0);
        let mut handle = connection.lock_handle().await?;
        let open = Box::into_raw(Box::new(open)).cast::<c_void>();
        // SAFETY: the handle is locked, so it is open and no other thread uses it. The
        // name is a C string; `open` is a box of the type that `let_go` takes back, once:
        // SQLite calls that when the connection closes, and also if this call fails.
        let code = unsafe {
            ffi::sqlite3_create_function_v2(
                handle.as_raw_handle().as_ptr(),
                c"tillstream_open".as_ptr(),
                0,
                ffi::SQLITE_UTF8,
                open,
                Some(nothing),
                None,
                None,
                Some(let_go),
            )
        };
        if code == ffi::SQLITE_OK {
            Ok(Self(closed))
        } else {
            Err(sqlx::Error::Protocol(format!("SQLite cannot tell of its end (code {code})")))
        }
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if self.0.recv_timeout(CLOSED_WITHIN) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the journal is still being closed; it is whole all the same");
        }
    }
}

/// The function itself, which nobody calls.
#[expect(unsafe_code, reason = "as SQLite calls it")]
unsafe extern "C" fn nothing(
    context: *mut ffi::sqlite3_context,
    _count: c_int,
    _values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: SQLite calls this with a context of its own.
    unsafe { ffi::sqlite3_result_null(context) }
}

/// Lets go of the sender, which ends the wait.
#[expect(unsafe_code, reason = "as SQLite calls it")]
unsafe extern "C" fn let_go(open: *mut c_void) {
    if !open.is_null() {
        // SAFETY: it is the box that was made above, and SQLite gives it back once.
        drop(unsafe { Box::from_raw(open.cast::<SyncSender<()>>()) });
    }
}
