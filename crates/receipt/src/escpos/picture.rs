//! Lines of a receipt as pictures, as wide as the paper.

use super::{
    bitmap::Bitmap,
    clusters::breaks,
    typeface::{Typeface, Weight},
};
use crate::Paper;

/// Dots between a word and its figure.
const GAP: usize = 12;
/// Dots of one step of indentation: a character of the printer's own font.
const STEP: usize = 12;

/// Draws lines.
pub struct Pictures {
    typeface: Typeface,
}

impl Default for Pictures {
    fn default() -> Self {
        Self::new()
    }
}

impl Pictures {
    /// With the fonts of this crate.
    pub fn new() -> Self {
        Self { typeface: Typeface::new() }
    }

    /// How wide text is on a line, in dots.
    pub fn width(&mut self, text: &str) -> usize {
        self.typeface.width(text, Weight::default())
    }

    /// Whether the fonts have a character; an empty box is printed if not.
    pub fn has(&mut self, character: char) -> bool {
        self.typeface.has(character)
    }

    /// Text, on as many lines as it takes.
    pub(super) fn text(
        &mut self,
        text: &str,
        paper: Paper,
        centred: bool,
        weight: Weight,
    ) -> Vec<Bitmap> {
        let room = usize::from(paper.dots());
        let lines = self.broken(text, room, weight);
        lines
            .iter()
            .map(|line| {
                let width = self.typeface.width(line, weight);
                let x = if centred { room.saturating_sub(width) / 2 } else { 0 };
                self.drawn(paper, weight, &[(line, x)])
            })
            .collect()
    }

    /// A word at the left, and its figure at the right of the last line.
    pub(super) fn pair(
        &mut self,
        what: &str,
        figure: &str,
        paper: Paper,
        indent: u16,
        weight: Weight,
    ) -> Vec<Bitmap> {
        let all = usize::from(paper.dots());
        let left = usize::from(indent) * STEP;
        let figure_width = self.typeface.width(figure, weight);
        // A long figure stands below its word, if they do not fit one line.
        let together = left + self.typeface.width(what, weight) + GAP + figure_width;
        let apart = figure_width > all / 2 && together > all;
        let taken = if apart || figure.is_empty() { 0 } else { figure_width + GAP };
        let lines = self.broken(what, all.saturating_sub(left + taken), weight);
        let at_right = |width: usize| all.saturating_sub(width);
        let mut drawn: Vec<Bitmap> = Vec::with_capacity(lines.len());
        for (no, line) in lines.iter().enumerate() {
            let mut parts = vec![(line.as_str(), left)];
            if no + 1 == lines.len() && !apart {
                parts.push((figure, at_right(figure_width)));
            }
            drawn.push(self.drawn(paper, weight, &parts));
        }
        if apart {
            for line in self.broken(figure, all, weight) {
                let width = self.typeface.width(&line, weight);
                drawn.push(self.drawn(paper, weight, &[(&line, at_right(width))]));
            }
        }
        drawn
    }

    fn drawn(&mut self, paper: Paper, weight: Weight, parts: &[(&str, usize)]) -> Bitmap {
        let mut line = Bitmap::blank(usize::from(paper.dots()), weight.rows());
        for (text, x) in parts {
            self.typeface.draw(text, weight, *x, &mut line);
        }
        line.cropped(weight.usual_rows())
    }

    /// Breaks text between words if it can be, and between syllables if not.
    fn broken(&mut self, text: &str, room: usize, weight: Weight) -> Vec<String> {
        let reached = self.typeface.advances(text, weight);
        let places = breaks(text);
        let mut lines = Vec::new();
        let mut from = 0;
        while from < text.len() {
            let fits = |from: usize, to: usize| reached[to].saturating_sub(reached[from]) <= room;
            let ahead = || places.iter().filter(|place| place.at > from);
            let fitting = || ahead().take_while(|place| fits(from, place.at));
            // A word that no line can hold begins where there is room.
            let between_words = fitting().filter(|place| place.good).last().filter(|place| {
                let after = ahead().find(|later| later.good && later.at > place.at);
                after.is_none_or(|after| fits(place.at, after.at))
            });
            // What does not fit at all stands alone, and is cut by the paper's edge.
            let place = between_words.or_else(|| fitting().last()).or_else(|| ahead().next());
            let to = place.map_or(text.len(), |place| place.at);
            lines.push(text[from..to].trim_end().to_owned());
            from = to;
        }
        if lines.is_empty() {
            lines.push(String::new());
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Milk coffee: one word without spaces.
    const KHMER: &str = "កាហ្វេទឹកដោះគោ";

    fn broken(text: &str, room: usize) -> Vec<String> {
        let mut pictures = Pictures::new();
        let lines = pictures.broken(text, room, Weight::default());
        for line in &lines {
            assert!(pictures.width(line) <= room || line.chars().count() == 1, "{line} in {room}");
        }
        lines
    }

    #[test]
    fn text_is_broken_between_words_if_it_can_be() {
        assert_eq!(broken("2 x Café crème", 110), ["2 x Café", "crème"]);
        assert_eq!(broken("", 100), [""]);
        assert_eq!(broken("é", 1), ["é"]);
    }

    #[test]
    fn a_word_that_is_longer_than_a_line_begins_where_there_is_room() {
        let lines = broken(&format!("1 x {}", KHMER.repeat(3)), 200);
        assert!(lines.len() > 2 && lines[0].chars().count() > 8, "{lines:?}");
        assert_eq!(lines.concat(), format!("1 x {}", KHMER.repeat(3)));
        for line in &lines[1..] {
            // No line begins with a vowel or a subscript.
            assert!(matches!(line.chars().next(), Some('\u{1780}'..='\u{17b3}')), "{lines:?}");
        }
    }
}
