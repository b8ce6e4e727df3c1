//! Dots on paper.

/// The most rows in one command. Printers keep one picture in memory, and the
/// small ones have little.
const ROWS_AT_ONCE: usize = 128;

/// A picture of whole bytes' width, a bit for each dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitmap {
    row_bytes: usize,
    dots: Vec<u8>,
}

impl Bitmap {
    /// White paper.
    pub(super) fn blank(width: usize, height: usize) -> Self {
        let row_bytes = width.div_ceil(8);
        Self { row_bytes, dots: vec![0; row_bytes * height] }
    }

    /// The width in dots.
    pub fn width(&self) -> usize {
        self.row_bytes * 8
    }

    /// The height in dots.
    pub fn height(&self) -> usize {
        self.dots.len() / self.row_bytes
    }

    /// Whether there is ink; none beyond the edges.
    pub fn is_black(&self, x: usize, y: usize) -> bool {
        x < self.width()
            && self.dots.get(y * self.row_bytes + x / 8).is_some_and(|byte| byte & bit(x) != 0)
    }

    /// Puts ink on a dot; nothing beyond the edges.
    pub(super) fn blacken(&mut self, x: usize, y: usize) {
        if x < self.width()
            && let Some(byte) = self.dots.get_mut(y * self.row_bytes + x / 8)
        {
            *byte |= bit(x);
        }
    }

    /// Without its empty rows above and below, but never without `keep`.
    pub(super) fn cropped(mut self, keep: std::ops::Range<usize>) -> Self {
        let inked = |row: &[u8]| row.iter().any(|byte| *byte != 0);
        let rows = || self.dots.chunks(self.row_bytes);
        let first = rows().position(inked).unwrap_or(keep.start).min(keep.start);
        let after = rows().rposition(inked).map_or(keep.end, |last| last + 1).max(keep.end);
        self.dots.truncate(after * self.row_bytes);
        self.dots.drain(..first * self.row_bytes);
        self
    }

    /// `GS v 0`: prints it as it is, and feeds by its height. (Epson, ESC/POS
    /// Command Reference, "Print raster bit image".)
    pub(super) fn command(&self) -> Vec<u8> {
        let mut command = Vec::with_capacity(self.dots.len() + 16);
        for rows in self.dots.chunks(self.row_bytes * ROWS_AT_ONCE) {
            command.extend_from_slice(b"\x1dv0\0");
            for size in [self.row_bytes, rows.len() / self.row_bytes] {
                // Both are far below 65,536: a roll's width, and ROWS_AT_ONCE.
                command.extend_from_slice(&u16::try_from(size).unwrap_or(u16::MAX).to_le_bytes());
            }
            command.extend_from_slice(rows);
        }
        command
    }
}

const fn bit(x: usize) -> u8 {
    0x80 >> (x % 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_cropped_to_its_ink_and_what_is_kept() {
        let mut picture = Bitmap::blank(16, 20);
        assert_eq!(picture.clone().cropped(8..12).height(), 4);
        picture.blacken(9, 5);
        picture.blacken(99, 5);
        picture.blacken(0, 99);
        let cropped = picture.cropped(8..12);
        assert_eq!(cropped.height(), 7);
        assert!(cropped.is_black(9, 0) && !cropped.is_black(8, 0) && !cropped.is_black(9, 1));
        assert!(!cropped.is_black(17, 0) && !cropped.is_black(0, 7));
        assert_eq!(cropped.command()[..10], *b"\x1dv0\0\x02\0\x07\0\0\x40");
    }

    #[test]
    fn a_high_picture_goes_in_parts() {
        let command = Bitmap::blank(8, 130).command();
        assert_eq!(command.len(), 2 * 8 + 130);
        assert_eq!(command[..8], *b"\x1dv0\0\x01\0\x80\0");
        assert_eq!(command[8 + 128..][..8], *b"\x1dv0\0\x01\0\x02\0");
    }
}
