//! A receipt as the bytes of a receipt printer (ESC/POS).
//!
//! What is ASCII is sent as text, in the printer's own font. Everything else is
//! shaped and drawn here and sent as a picture of its line (`GS v 0`): printers
//! have no Khmer, and what else they have depends on their maker. The fonts are
//! part of this crate, so that nothing has to be installed; a character that
//! they do not have is printed as an empty box.

mod bitmap;
mod clusters;
mod columns;
mod picture;
mod typeface;

use std::cell::RefCell;

use escpos::{
    driver::Driver,
    errors::PrinterError,
    printer::Printer,
    utils::{JustifyMode, Protocol},
};

pub use bitmap::Bitmap;
pub use picture::Pictures;

use crate::{Line, Paper, Receipt, View};

/// Lines between the last one and the knife.
const FEED_BEFORE_CUT: u8 = 3;

/// A receipt that could not be written for a printer.
#[derive(Debug, thiserror::Error)]
#[error("the receipt cannot be written for a printer")]
pub struct EscposError(#[from] PrinterError);

impl Receipt {
    /// The bytes that print this receipt and cut it off.
    ///
    /// It takes some milliseconds of computing when there is text to be drawn.
    ///
    /// # Errors
    /// [`EscposError`] if the printer's protocol has no way to say it.
    pub fn escpos(&self, view: View, paper: Paper) -> Result<Vec<u8>, EscposError> {
        let mut roll = Roll::new(paper)?;
        for line in self.lines(view) {
            roll.line(&line)?;
        }
        roll.cut()
    }
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Left,
    Centre,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Style {
    place: Place,
    bold: bool,
    /// Twice as high; pictures are drawn half as large again.
    large: bool,
}

impl Style {
    const TEXT: Self = Self { place: Place::Left, bold: false, large: false };
    const STRONG: Self = Self { bold: true, ..Self::TEXT };
    const CENTRED: Self = Self { place: Place::Centre, ..Self::TEXT };
    const LARGE: Self = Self { place: Place::Centre, bold: true, large: true };
}

/// Paper, and what is written on it so far.
struct Roll {
    paper: Paper,
    printer: Printer<Memory>,
    pictures: Option<Pictures>,
}

impl Roll {
    fn new(paper: Paper) -> Result<Self, EscposError> {
        let mut printer = Printer::new(Memory::default(), Protocol::default(), None);
        printer.init()?;
        Ok(Self { paper, printer, pictures: None })
    }

    fn line(&mut self, line: &Line) -> Result<(), EscposError> {
        match line {
            Line::Title(text) | Line::Notice(text) => self.text(text, Style::LARGE),
            Line::Centered(text) => self.text(text, Style::CENTRED),
            Line::Strong(text) => self.text(text, Style::STRONG),
            Line::Text(text) => self.text(text, Style::TEXT),
            Line::Pair { what, figure, strong } => {
                let style = if *strong { Style::STRONG } else { Style::TEXT };
                self.pair(0, what, figure, style)
            }
            Line::Detail(what, figure) => {
                self.pair(2, what, figure.as_deref().unwrap_or_default(), Style::TEXT)
            }
            Line::Rule => self.text(&"-".repeat(usize::from(self.paper.columns())), Style::TEXT),
        }
    }

    fn text(&mut self, text: &str, style: Style) -> Result<(), EscposError> {
        if text.is_ascii() {
            let lines = columns::broken(text, usize::from(self.paper.columns()));
            return self.write(&lines, style);
        }
        let pictures = self.pictures.get_or_insert_with(Pictures::new);
        let drawn = pictures.text(text, self.paper, style.place == Place::Centre, style.into());
        self.draw(drawn)
    }

    fn pair(
        &mut self,
        indent: u16,
        what: &str,
        figure: &str,
        style: Style,
    ) -> Result<(), EscposError> {
        if what.is_ascii() && figure.is_ascii() {
            let columns = usize::from(self.paper.columns());
            let lines = columns::pair(what, figure, usize::from(indent), columns);
            return self.write(&lines, style);
        }
        let pictures = self.pictures.get_or_insert_with(Pictures::new);
        let drawn = pictures.pair(what, figure, self.paper, indent, style.into());
        self.draw(drawn)
    }

    fn write(&mut self, lines: &[String], style: Style) -> Result<(), EscposError> {
        let printer = &mut self.printer;
        if style.place == Place::Centre {
            printer.justify(JustifyMode::CENTER)?;
        }
        if style.bold {
            printer.bold(true)?;
        }
        if style.large {
            printer.size(1, 2)?;
        }
        for line in lines {
            printer.writeln(line)?;
        }
        if style.large {
            printer.reset_size()?;
        }
        if style.bold {
            printer.bold(false)?;
        }
        if style.place == Place::Centre {
            printer.justify(JustifyMode::LEFT)?;
        }
        Ok(())
    }

    fn draw(&mut self, lines: Vec<Bitmap>) -> Result<(), EscposError> {
        for line in lines {
            self.printer.custom(&line.command())?;
        }
        Ok(())
    }

    fn cut(mut self) -> Result<Vec<u8>, EscposError> {
        self.printer.feeds(FEED_BEFORE_CUT)?.print_cut()?;
        Ok(self.printer.driver().0.into_inner())
    }
}

impl From<Style> for typeface::Weight {
    fn from(style: Style) -> Self {
        Self { bold: style.bold, large: style.large }
    }
}

/// A printer that keeps what it gets.
#[derive(Default)]
struct Memory(RefCell<Vec<u8>>);

impl Driver for Memory {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn write(&self, data: &[u8]) -> Result<(), PrinterError> {
        self.0.borrow_mut().extend_from_slice(data);
        Ok(())
    }

    fn read(&self, _: &mut [u8]) -> Result<usize, PrinterError> {
        Ok(0)
    }

    fn flush(&self) -> Result<(), PrinterError> {
        Ok(())
    }
}
