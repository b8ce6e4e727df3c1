//! Tag, length, value: two digits, two digits, text. The length counts UTF-16
//! units, because the SDK is written in JavaScript and EMVCo's *characters* were
//! read as that.

use std::fmt::Write as _;

/// The most that a value can hold.
pub(super) const MAX_UNITS: usize = 99;

/// One object: its tag and its value.
pub type Tlv<'a> = (&'a str, &'a str);

/// Text that is not a sequence of objects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlvError {
    /// What begins at this byte has no two digits of tag and two of length.
    #[error("no tag and length at byte {at}")]
    NoHead {
        /// The offset in bytes.
        at: usize,
    },
    /// The value is shorter than its length says, or would end in the middle of
    /// a character.
    #[error("the value of tag {tag} does not have the {units} UTF-16 units that are stated")]
    WrongLength {
        /// Its tag.
        tag: String,
        /// The stated length.
        units: usize,
    },
}

/// How many UTF-16 units `text` has.
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Appends an object. The value has at most [`MAX_UNITS`]: the caller has seen
/// to it.
pub(super) fn write(out: &mut String, tag: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{tag}{:02}{value}", units(value));
}

/// Reads objects until the text ends, in their order.
///
/// # Errors
/// [`TlvError`] if the text is anything but whole objects.
pub fn read_tlv(text: &str) -> Result<Vec<Tlv<'_>>, TlvError> {
    let mut objects = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = text.len() - rest.len();
        let (tag, units, value) = head(rest).ok_or(TlvError::NoHead { at })?;
        let end = byte_after(value, units)
            .ok_or_else(|| TlvError::WrongLength { tag: tag.to_owned(), units })?;
        objects.push((tag, &value[..end]));
        rest = &value[end..];
    }
    Ok(objects)
}

/// The tag, the stated length, and what follows.
fn head(text: &str) -> Option<(&str, usize, &str)> {
    let (tag, rest) = two_digits(text)?;
    let (length, rest) = two_digits(rest)?;
    Some((tag, length.parse().ok()?, rest))
}

fn two_digits(text: &str) -> Option<(&str, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some((digits, rest))
}

/// The byte at which the first `units` UTF-16 units of `text` end.
fn byte_after(text: &str, units: usize) -> Option<usize> {
    let (mut left, mut end) = (units, 0);
    for character in text.chars() {
        if left == 0 {
            break;
        }
        left = left.checked_sub(character.len_utf16())?;
        end += character.len_utf8();
    }
    (left == 0).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_counts_utf16() {
        let mut text = String::new();
        for (tag, value) in [("00", "01"), ("59", "Café ☕ 😀"), ("60", "")] {
            write(&mut text, tag, value);
        }
        assert_eq!(text, "0002015909Café ☕ 😀6000");
        let objects = read_tlv(&text).unwrap_or_default();
        assert_eq!(objects, [("00", "01"), ("59", "Café ☕ 😀"), ("60", "")]);
        assert_eq!(read_tlv(""), Ok(Vec::new()));
    }

    #[test]
    fn half_objects_are_refused() {
        let wrong = |tag: &str, units| Err(TlvError::WrongLength { tag: tag.to_owned(), units });
        assert_eq!(read_tlv("0"), Err(TlvError::NoHead { at: 0 }));
        assert_eq!(read_tlv("00020159"), Err(TlvError::NoHead { at: 6 }));
        assert_eq!(read_tlv("0a02x"), Err(TlvError::NoHead { at: 0 }));
        assert_eq!(read_tlv("00-1x"), Err(TlvError::NoHead { at: 0 }));
        assert_eq!(read_tlv("é00"), Err(TlvError::NoHead { at: 0 }));
        assert_eq!(read_tlv("0003ab"), wrong("00", 3));
        // In the middle of a surrogate pair.
        assert_eq!(read_tlv("5901😀"), wrong("59", 1));
    }
}
