//! What the page sees of the module: three functions over its memory.
//!
//! The page asks for room ([`till_alloc`]), writes a request into it and calls
//! ([`till_call`]), which takes the room back; it reads the answer and gives that
//! back ([`till_free`]). A module has one page and one thread.
#![expect(unsafe_code, reason = "what crosses the module's border is an address and a length")]

use std::cell::RefCell;

use crate::{Act, Engine};

thread_local! {
    static ENGINE: RefCell<Engine> = RefCell::new(Engine::default());
}

/// Room for `len` bytes; null if there is none, or for none.
#[unsafe(no_mangle)]
pub extern "C" fn till_alloc(len: usize) -> *mut u8 {
    let mut room = Vec::<u8>::new();
    if len == 0 || room.try_reserve_exact(len).is_err() {
        return std::ptr::null_mut();
    }
    room.resize(len, 0);
    leaked(room).cast()
}

/// Gives room back.
///
/// # Safety
/// `at` and `len` are of [`till_alloc`] or of an answer, and were not given back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn till_free(at: *mut u8, len: usize) {
    if !at.is_null() {
        // SAFETY: a boxed slice of that address and length was leaked to the page.
        drop(unsafe { taken_back(at, len) });
    }
}

/// Does an act ([`Act::numbered`]) on a request; the answer's address in the upper
/// 32 bits and its length in the lower ones.
///
/// # Safety
/// `at` and `len` are of [`till_alloc`], and were not given back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn till_call(act: u32, at: *mut u8, len: usize) -> u64 {
    let request: Box<[u8]> = if at.is_null() {
        Box::default()
    } else {
        // SAFETY: a boxed slice of that address and length was leaked to the page.
        unsafe { taken_back(at, len) }
    };
    let answer = ENGINE.with_borrow_mut(|engine| engine.answer(Act::numbered(act), &request));
    let len = answer.len() as u64;
    ((leaked(answer).cast::<u8>().addr() as u64) << 32) | len
}

fn leaked(bytes: Vec<u8>) -> *mut [u8] {
    Box::into_raw(bytes.into_boxed_slice())
}

/// # Safety
/// What was [`leaked`] lies there, and is taken back once.
unsafe fn taken_back(at: *mut u8, len: usize) -> Box<[u8]> {
    // SAFETY: as the caller promises.
    unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(at, len)) }
}
