//! One line of a receipt, before anyone knows how wide the paper is.

/// One line, as long as it likes; what is too long for the paper is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Who sells: centred and large.
    Title(String),
    /// Centred.
    Centered(String),
    /// What nobody may miss (COPY, VOID): centred and large.
    Notice(String),
    /// Bold.
    Strong(String),
    /// Plain.
    Text(String),
    /// A word and its figure, at either side.
    Pair {
        /// At the left.
        what: String,
        /// At the right.
        figure: String,
        /// Whether both are bold.
        strong: bool,
    },
    /// Belongs to the pair above it: indented, perhaps with a figure.
    Detail(String, Option<String>),
    /// From side to side.
    Rule,
}

impl Line {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub(crate) fn pair(what: impl Into<String>, figure: impl Into<String>) -> Self {
        Self::Pair { what: what.into(), figure: figure.into(), strong: false }
    }

    pub(crate) fn strong_pair(what: impl Into<String>, figure: impl Into<String>) -> Self {
        Self::Pair { what: what.into(), figure: figure.into(), strong: true }
    }
}

/// Stored text as one line: without control characters, which a printer would
/// obey, and without overrides of direction, which would show figures turned.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !turns(*c)).collect()
}

/// Unicode's embeddings, overrides and isolates, and the breaks of line and
/// paragraph that are no control characters.
const fn turns(character: char) -> bool {
    matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_would_command_a_printer_is_taken_out() {
        assert_eq!(plain("a\u{1b}@b\r\nc\u{9b}d\u{7f}"), "a @b  c d ");
        assert_eq!(plain("5\u{202e}00.1\u{202c}\u{2067}x"), "500.1x");
        // A zero-width space tells where Khmer may be broken.
        assert_eq!(plain("ឡាតេ\u{200b}ក្ដៅ"), "ឡាតេ\u{200b}ក្ដៅ");
    }
}
