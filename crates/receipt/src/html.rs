//! A receipt as one HTML document: no scripts, nothing loaded from elsewhere.

use std::fmt::Write as _;

use crate::{Line, Paper, Receipt, View};

/// What a document may do: show itself. To be sent as its
/// `Content-Security-Policy`.
pub const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The look on every roll. Fonts: those of Windows, macOS, Android and Debian.
const STYLE: &str = "\
*{box-sizing:border-box;margin:0;padding:0}\
html{background:#fff;color:#000}\
body{font-family:\"Noto Sans\",\"Noto Sans Khmer\",\"Khmer OS Siemreap\",\"Khmer OS\",\
\"Khmer UI\",\"Leelawadee UI\",\"Khmer Sangam MN\",sans-serif;line-height:1.5}\
main{margin:0 auto}\
p,h1{overflow-wrap:anywhere}\
h1{font-size:1.4em;text-align:center}\
.centered,.notice{text-align:center}\
.notice{font-size:1.4em;font-weight:bold;border:2px solid;margin:.3em 0}\
.strong{font-weight:bold}\
.pair{display:flex;justify-content:space-between;gap:.7em}\
.pair span:last-child{flex:none;max-width:60%;text-align:right;font-variant-numeric:tabular-nums}\
.detail{padding-left:1.2em}\
hr{border:0;border-top:1px dashed;margin:.3em 0}\
@media screen{main{padding:1em 0}}";

/// Millimetres at each side that a printer cannot reach.
const MARGIN_MM: u16 = 4;
/// About what one line takes, with Khmer's marks above and below.
const LINE_MM: usize = 6;

impl Receipt {
    /// The receipt as an HTML document, laid out for a roll.
    pub fn html(&self, view: View, paper: Paper) -> String {
        let lines = self.lines(view);
        let (lang, title) = (view.language.tag(), escape(&self.title(view.language)));
        let width = paper.millimetres();
        let printed = width - 2 * MARGIN_MM;
        let size = match paper {
            Paper::Mm58 => 9,
            Paper::Mm80 => 11,
        };
        let height = height_mm(&lines, paper);
        // A page needs a height: one that holds all of it, so that the roll is
        // cut once.
        let mut html = format!(
            "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
             <title>{title}</title>\n\
             <style>{STYLE}body{{font-size:{size}pt}}main{{width:{printed}mm}}\
             @page{{size:{width}mm {height}mm;margin:0 {MARGIN_MM}mm}}</style>\n\
             </head>\n<body>\n<main>\n"
        );
        for line in &lines {
            write_line(&mut html, line);
        }
        html.push_str("</main>\n</body>\n</html>\n");
        html
    }
}

fn write_line(html: &mut String, line: &Line) {
    // Writing to a String does not fail.
    let _ = match line {
        Line::Title(text) => writeln!(html, "<h1>{}</h1>", escape(text)),
        Line::Centered(text) => writeln!(html, "<p class=\"centered\">{}</p>", escape(text)),
        Line::Notice(text) => writeln!(html, "<p class=\"notice\">{}</p>", escape(text)),
        Line::Strong(text) => writeln!(html, "<p class=\"strong\">{}</p>", escape(text)),
        Line::Text(text) => writeln!(html, "<p>{}</p>", escape(text)),
        Line::Pair { what, figure, strong: false } => pair(html, "pair", what, figure),
        Line::Pair { what, figure, strong: true } => pair(html, "pair strong", what, figure),
        Line::Detail(what, None) => writeln!(html, "<p class=\"detail\">{}</p>", escape(what)),
        Line::Detail(what, Some(figure)) => pair(html, "pair detail", what, figure),
        Line::Rule => writeln!(html, "<hr>"),
    };
}

fn pair(html: &mut String, class: &str, what: &str, figure: &str) -> std::fmt::Result {
    let (what, figure) = (escape(what), escape(figure));
    writeln!(html, "<p class=\"{class}\"><span>{what}</span> <span>{figure}</span></p>")
}

/// About the height of these lines, rather more than less.
fn height_mm(lines: &[Line], paper: Paper) -> usize {
    let columns = usize::from(paper.columns()) * 3 / 4;
    let rows: usize = lines
        .iter()
        .map(|line| match line {
            Line::Title(text) | Line::Notice(text) => {
                2 * text.chars().count().div_ceil(columns / 2)
            }
            Line::Centered(text) | Line::Strong(text) | Line::Text(text) => {
                text.chars().count().div_ceil(columns)
            }
            Line::Pair { what, figure, .. } | Line::Detail(what, Some(figure)) => {
                (what.chars().count() + figure.chars().count() + 2).div_ceil(columns)
            }
            Line::Detail(what, None) => (what.chars().count() + 2).div_ceil(columns),
            Line::Rule => 1,
        })
        .sum();
    LINE_MM * (rows + 2)
}

/// Text that says itself, in an element and in a quoted attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
