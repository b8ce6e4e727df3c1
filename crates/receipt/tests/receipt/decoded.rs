//! A receipt printer that understands what receipts are written with, and
//! nothing else.

/// What it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    Reset,
    Text(String),
    Picture { row_bytes: usize, dots: Vec<u8> },
    Bold(bool),
    Centre(bool),
    Size(u8),
    Feed(u8),
    Cut,
}

/// Reads all of it.
///
/// # Panics
/// If something is not known, or not whole.
#[track_caller]
pub fn decoded(mut bytes: &[u8]) -> Vec<Told> {
    let mut told = Vec::new();
    while let [first, rest @ ..] = bytes {
        let (one, after) = match (first, rest) {
            (0x1b, [b'@', after @ ..]) => (Told::Reset, after),
            (0x1b, [b'E', on @ (0 | 1), after @ ..]) => (Told::Bold(*on == 1), after),
            (0x1b, [b'a', place @ (0 | 1), after @ ..]) => (Told::Centre(*place == 1), after),
            (0x1b, [b'd', lines, after @ ..]) => (Told::Feed(*lines), after),
            (0x1d, [b'!', size, after @ ..]) => (Told::Size(*size), after),
            (0x1d, [b'V', b'A', 0, after @ ..]) => (Told::Cut, after),
            (0x1d, [b'v', b'0', 0, xl, xh, yl, yh, after @ ..]) => {
                let row_bytes = usize::from(u16::from_le_bytes([*xl, *xh]));
                let rows = usize::from(u16::from_le_bytes([*yl, *yh]));
                let (dots, after) = after.split_at(row_bytes * rows);
                (Told::Picture { row_bytes, dots: dots.to_vec() }, after)
            }
            (b' '..=b'~', _) => {
                let end = bytes.iter().position(|byte| !(b' '..=b'~').contains(byte)).unwrap();
                let line = String::from_utf8(bytes[..end].to_vec()).unwrap();
                // Each line of text is printed by a feed of one line.
                let after = bytes[end..].strip_prefix(b"\x1bd\x01").unwrap();
                (Told::Text(line), after)
            }
            _ => panic!("no printer knows {:x?}", &bytes[..bytes.len().min(16)]),
        };
        told.push(one);
        bytes = after;
    }
    told
}

/// The lines of text, each as it was sent.
pub fn texts(told: &[Told]) -> Vec<&str> {
    told.iter()
        .filter_map(|one| match one {
            Told::Text(line) => Some(line.as_str()),
            _ => None,
        })
        .collect()
}

/// How many dots are black.
pub fn ink(dots: &[u8]) -> u32 {
    dots.iter().map(|byte| byte.count_ones()).sum()
}
