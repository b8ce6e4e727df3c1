//! Where text may be broken that has no spaces. Khmer is written without them:
//! a break stands between syllables at worst, and never inside one.

/// Makes the next Khmer consonant a subscript of the one before.
const COENG: char = '\u{17d2}';
const ZERO_WIDTH_SPACE: char = '\u{200b}';

/// A place to break text at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Break {
    /// The byte that the next line would begin with.
    pub(super) at: usize,
    /// Between words; only between syllables otherwise.
    pub(super) good: bool,
}

/// The places where text may be broken; the last one is its end.
pub(super) fn breaks(text: &str) -> Vec<Break> {
    let mut places = Vec::new();
    let mut before = None;
    for (at, character) in text.char_indices() {
        if let Some(before) = before {
            let good = matches!(before, ' ' | ZERO_WIDTH_SPACE | '-') && character != ' ';
            if good || may_part(before, character) {
                places.push(Break { at, good });
            }
        }
        before = Some(character);
    }
    places.push(Break { at: text.len(), good: true });
    places
}

/// Whether a line may end with one character and the next begin with the other.
fn may_part(before: char, next: char) -> bool {
    before != COENG && !joins(before) && !joins(next) && !depends(next)
}

/// Joiners, which hold on to both sides.
const fn joins(character: char) -> bool {
    matches!(character, '\u{200d}' | '\u{2060}' | '\u{a0}')
}

/// What belongs to the character before it: vowels and marks, subscripts, and
/// Khmer's signs of repetition and of the end of a sentence.
const fn depends(character: char) -> bool {
    matches!(character,
        ' ' | ZERO_WIDTH_SPACE
        | '\u{17b4}'..='\u{17d7}' | '\u{17dd}'
        | '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{200c}'
        | '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}'
        | '\u{eb1}' | '\u{eb4}'..='\u{ebc}' | '\u{ec8}'..='\u{ece}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<&str> {
        let mut from = 0;
        breaks(text)
            .iter()
            .map(|place| {
                let part = &text[from..place.at];
                from = place.at;
                part
            })
            .collect()
    }

    #[test]
    fn khmer_is_parted_between_syllables() {
        assert_eq!(parts("ប្ដូរ"), ["ប្ដូ", "រ"]);
        assert_eq!(parts("ស្ត្រី"), ["ស្ត្រី"]);
        assert_eq!(parts("ត្រូវ។ ខ្ញុំ"), ["ត្រូ", "វ។ ", "ខ្ញុំ"]);
        assert_eq!(parts("ឡា\u{200b}តេ"), ["ឡា\u{200b}", "តេ"]);
        assert_eq!(parts("é"), ["é"]);
        assert_eq!(parts(""), [""]);
    }

    #[test]
    fn words_part_better_than_syllables() {
        let good: Vec<usize> =
            breaks("ab cd-e\u{200b}f").iter().filter(|place| place.good).map(|p| p.at).collect();
        assert_eq!(good, [3, 6, 10, 11]);
    }
}
