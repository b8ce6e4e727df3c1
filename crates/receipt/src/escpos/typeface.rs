//! Text as dots: shaped by the fonts' own rules, and drawn.
#![expect(clippy::float_arithmetic, reason = "places of glyphs, not money")]

use std::sync::Arc;

use cosmic_text::{
    Attrs, Buffer, Color, Fallback, Family, FontSystem, Metrics, Shaping, SwashCache, Wrap, fontdb,
};
use unicode_script::Script;

use super::bitmap::Bitmap;

const LATIN: &str = "Noto Sans";
const KHMER: &str = "Noto Sans Khmer";
/// Both under the SIL Open Font License 1.1: see `fonts/OFL.txt`.
const FONTS: [&[u8]; 2] = [
    include_bytes!("../../fonts/NotoSans-Regular.ttf"),
    include_bytes!("../../fonts/NotoSansKhmer-Regular.ttf"),
];
/// The share of a dot that must be covered for it to be black.
const HALF_COVERED: u8 = 110;

/// How text is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weight {
    /// With each dot printed twice, one beside the other.
    pub bold: bool,
    /// Half as large again.
    pub large: bool,
}

impl Weight {
    /// The size of its letters, in dots.
    const fn size(self) -> u16 {
        if self.large { 36 } else { 24 }
    }

    /// Where the baseline is, in rows from the top. Khmer stacks marks above and
    /// below; there is room for them.
    const fn baseline(self) -> usize {
        self.size() as usize * 2
    }

    /// The rows of a line without such marks.
    pub(super) const fn usual_rows(self) -> std::ops::Range<usize> {
        let size = self.size() as usize;
        self.baseline() - size - 2..self.baseline() + size / 3 + 2
    }

    /// All the rows.
    pub(super) const fn rows(self) -> usize {
        self.baseline() + self.size() as usize * 2
    }
}

/// The fonts, ready to draw.
pub(super) struct Typeface {
    fonts: FontSystem,
    drawn: SwashCache,
}

impl Typeface {
    pub(super) fn new() -> Self {
        let mut faces = fontdb::Database::new();
        for font in FONTS {
            faces.load_font_source(fontdb::Source::Binary(Arc::new(font)));
        }
        let fonts =
            FontSystem::new_with_locale_and_db_and_fallback("km".to_owned(), faces, OurFonts);
        Self { fonts, drawn: SwashCache::new() }
    }

    /// How far text reaches, in dots, after each of its bytes.
    pub(super) fn advances(&mut self, text: &str, weight: Weight) -> Vec<usize> {
        let buffer = self.shaped(text, weight);
        let mut widths = vec![0_f32; text.len() + 1];
        for glyph in buffer.layout_runs().flat_map(|run| run.glyphs) {
            if let Some(width) = widths.get_mut(glyph.end) {
                *width += glyph.w;
            }
        }
        let mut reached = 0.0;
        widths
            .into_iter()
            .map(|width| {
                reached += width;
                whole(reached.ceil())
            })
            .collect()
    }

    /// How wide text is, in dots.
    pub(super) fn width(&mut self, text: &str, weight: Weight) -> usize {
        self.advances(text, weight).last().copied().unwrap_or_default()
    }

    /// Whether one of the fonts has a character.
    pub(super) fn has(&mut self, character: char) -> bool {
        let buffer = self.shaped(character.encode_utf8(&mut [0; 4]), Weight::default());
        buffer.layout_runs().flat_map(|run| run.glyphs).all(|glyph| glyph.glyph_id != 0)
    }

    /// Draws text from column `x` on.
    pub(super) fn draw(&mut self, text: &str, weight: Weight, x: usize, onto: &mut Bitmap) {
        let mut buffer = self.shaped(text, weight);
        let Some(line_y) = buffer.layout_runs().next().map(|run| run.line_y) else { return };
        let down = weight.baseline().saturating_sub(whole(line_y.round()));
        let black = Color::rgb(0, 0, 0);
        buffer.draw(&mut self.fonts, &mut self.drawn, black, |left, top, wide, high, colour| {
            if colour.a() < HALF_COVERED {
                return;
            }
            for row in 0..high {
                for column in 0..wide {
                    let at = |from: usize, to: i32, more: u32| {
                        from.checked_add_signed(to as isize).map(|at| at + more as usize)
                    };
                    let (Some(x), Some(y)) = (at(x, left, column), at(down, top, row)) else {
                        continue;
                    };
                    onto.blacken(x, y);
                    if weight.bold {
                        onto.blacken(x + 1, y);
                    }
                }
            }
        });
    }

    fn shaped(&mut self, text: &str, weight: Weight) -> Buffer {
        let size = f32::from(weight.size());
        let mut buffer = Buffer::new(&mut self.fonts, Metrics::new(size, size * 1.5));
        buffer.set_wrap(Wrap::None);
        buffer.set_size(None, None);
        let attributes = Attrs::new().family(Family::Name(LATIN));
        buffer.set_text(text, &attributes, Shaping::Advanced, None);
        buffer.shape_until_scroll(&mut self.fonts, false);
        buffer
    }
}

/// A place in dots; what is no such place is 0.
fn whole(dots: f32) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let dots = dots as usize;
    dots
}

/// Which font has what another one lacks: ours, and no other.
struct OurFonts;

impl Fallback for OurFonts {
    fn common_fallback(&self) -> &[&'static str] {
        &[LATIN, KHMER]
    }

    fn forbidden_fallback(&self) -> &[&'static str] {
        &[]
    }

    fn script_fallback(&self, _: Script, _: &str) -> &[&'static str] {
        &[KHMER]
    }
}
