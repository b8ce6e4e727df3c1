//! ASCII text in the printer's own font: so many characters on a line.

/// Breaks text at spaces, and inside a word only if it is longer than a line.
pub(super) fn broken(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_ascii_whitespace() {
        if !line.is_empty() && line.len() + 1 + word.len() > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        while line.len() > columns {
            let rest = line.split_off(columns);
            lines.push(std::mem::replace(&mut line, rest));
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// A word at the left and its figure at the right of the last line.
pub(super) fn pair(what: &str, figure: &str, indent: usize, columns: usize) -> Vec<String> {
    // A long figure stands below its word, if they do not fit one line.
    let apart = figure.len() > columns / 2 && indent + what.len() + 1 + figure.len() > columns;
    let room = columns - indent - if apart || figure.is_empty() { 0 } else { figure.len() + 1 };
    let mut lines: Vec<String> =
        broken(what, room).into_iter().map(|line| format!("{:indent$}{line}", "")).collect();
    if figure.is_empty() {
        return lines;
    }
    if apart {
        lines.extend(broken(figure, columns).iter().map(|line| format!("{line:>columns$}")));
    } else if let Some(last) = lines.last_mut() {
        let left = columns - last.len();
        last.push_str(&format!("{figure:>left$}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_at_spaces_if_it_can_be() {
        assert_eq!(broken("one two three", 7), ["one two", "three"]);
        assert_eq!(broken("abcdefghij klm", 4), ["abcd", "efgh", "ij", "klm"]);
        assert_eq!(broken("ab cdefghij", 4), ["ab", "cdef", "ghij"]);
        assert_eq!(broken("abcd", 4), ["abcd"]);
        assert_eq!(broken(" ", 4), [""]);
    }

    #[test]
    fn figures_stand_at_the_right() {
        assert_eq!(pair("Tea", "1.00", 0, 10), ["Tea   1.00"]);
        assert_eq!(pair("Green tea", "1.00", 0, 10), ["Green", "tea   1.00"]);
        assert_eq!(pair("off", "-1.00", 2, 12), ["  off  -1.00"]);
        assert_eq!(pair("+ milk", "", 2, 10), ["  + milk"]);
        assert_eq!(pair("Rate", "1 USD = 1 KHR", 0, 18), ["Rate 1 USD = 1 KHR"]);
        assert_eq!(pair("Rate", "1 USD = 1 KHR", 0, 16), ["Rate", "   1 USD = 1 KHR"]);
        for (what, figure) in [("a much longer word", "12,345.00"), ("x", "123456789012345678")] {
            for line in pair(what, figure, 2, 16) {
                assert!(line.len() <= 16, "{line}");
            }
        }
    }
}
