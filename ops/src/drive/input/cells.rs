//! Rows and cells: columns by name, and text that is or is not a value.

use std::{fs, io::Cursor, path::Path, sync::Arc};

use csv::{ByteRecord, Reader, ReaderBuilder, Trim};
use rust_decimal::Decimal;

use super::{Columns, InputError, Rejected};

/// Words that stand for "nobody knows", in any case.
const NO_VALUE: [&str; 5] = ["error", "unknown", "null", "n/a", "nan"];

/// A CSV file whose columns were found.
pub(super) struct Table<const COLUMNS: usize> {
    file: String,
    reader: Reader<Cursor<Arc<[u8]>>>,
    lines: Lines,
    columns: [&'static str; COLUMNS],
    places: [Place; COLUMNS],
    /// Other columns in which each row must say something.
    required: Vec<(String, usize)>,
    width: usize,
}

/// Where the cells of a column come from.
enum Place {
    /// That cell of the row.
    Cell(usize),
    /// The same in each row.
    Always(String),
}

/// Counts lines. A record is said to start where the one before it ends, be that in the
/// middle of a line's end or before blank lines: its line is that of its first cell.
struct Lines {
    text: Arc<[u8]>,
    offset: usize,
    line: u64,
}

impl Lines {
    /// The line of what starts at or after `offset`, which is not before the last one
    /// asked for.
    fn at(&mut self, offset: usize) -> u64 {
        while let Some(byte) = self.text.get(self.offset) {
            if self.offset >= offset && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*byte == b'\n');
            self.offset += 1;
        }
        self.line
    }
}

/// One row: its line, and its cells in the order of the columns asked for. A
/// row that is malformed has the cells that could be read, to tell what it was
/// a part of.
pub(super) struct Row<const COLUMNS: usize> {
    pub(super) line: u64,
    pub(super) cells: [String; COLUMNS],
    pub(super) malformed: Option<String>,
}

impl<const COLUMNS: usize> Row<COLUMNS> {
    /// The cells of a row that is well-formed.
    pub(super) fn whole(&self) -> Result<&[String; COLUMNS], String> {
        match &self.malformed {
            Some(reason) => Err(reason.clone()),
            None => Ok(&self.cells),
        }
    }
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// Opens a file and finds its columns, in any order, others beside them.
    pub(super) fn open(
        path: &Path,
        columns: [&'static str; COLUMNS],
        said: &Columns,
    ) -> Result<Self, InputError> {
        let file = path.display().to_string();
        let unreadable = |source| InputError::Unreadable { file: file.clone(), source };
        let text: Arc<[u8]> = fs::read(path).map_err(|error| unreadable(error.into()))?.into();
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .trim(Trim::All)
            .from_reader(Cursor::new(Arc::clone(&text)));
        let header = reader.byte_headers().map_err(unreadable)?.clone();
        let name = |cell: &[u8]| {
            String::from_utf8_lossy(cell).trim_start_matches('\u{feff}').trim().to_ascii_lowercase()
        };
        let names: Vec<String> = header.iter().map(name).collect();
        let find = |wanted: &str| names.iter().position(|name| wanted.eq_ignore_ascii_case(name));
        let mut missing = Vec::new();
        let places = columns.map(|column| {
            if let Some(value) = said.fixed_value(column) {
                return Place::Always(value.to_owned());
            }
            let wanted = said.name_of(column);
            let place = find(wanted);
            if place.is_none() {
                missing.push(wanted.to_owned());
            }
            Place::Cell(place.unwrap_or_default())
        });
        let mut required = Vec::new();
        for wanted in &said.required {
            match find(wanted) {
                Some(place) => required.push((wanted.clone(), place)),
                None => missing.push(wanted.clone()),
            }
        }
        if !missing.is_empty() {
            return Err(InputError::NoColumn { file, missing });
        }
        let lines = Lines { text, offset: 0, line: 1 };
        Ok(Self { file, reader, lines, columns, places, required, width: names.len() })
    }

    /// The file's name, for rejections.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// Says why a row of this file is not used.
    pub(super) fn reject(&self, line: u64, reason: impl Into<String>) -> Rejected {
        Rejected { file: self.file.clone(), line, reason: reason.into() }
    }

    /// The next row; `None` at the end.
    pub(super) fn next_row(&mut self) -> Result<Option<Row<COLUMNS>>, InputError> {
        let mut record = ByteRecord::new();
        let more = self
            .reader
            .read_byte_record(&mut record)
            .map_err(|source| InputError::Unreadable { file: self.file.clone(), source })?;
        if !more {
            return Ok(None);
        }
        let start = record.position().map_or(0, csv::Position::byte);
        let line = self.lines.at(usize::try_from(start).unwrap_or(usize::MAX));
        Ok(Some(self.row(line, &record)))
    }

    fn row(&self, line: u64, record: &ByteRecord) -> Row<COLUMNS> {
        let mut malformed = (record.len() != self.width)
            .then(|| format!("it has {} cells instead of {}", record.len(), self.width));
        let mut cells = [const { String::new() }; COLUMNS];
        for ((cell, place), column) in cells.iter_mut().zip(&self.places).zip(self.columns) {
            let place = match place {
                Place::Cell(place) => *place,
                Place::Always(value) => {
                    cell.clone_from(value);
                    continue;
                }
            };
            let bytes = record.get(place).unwrap_or_default();
            if std::str::from_utf8(bytes).is_err() {
                malformed.get_or_insert_with(|| format!("{column} is not UTF-8"));
            }
            *cell = String::from_utf8_lossy(bytes).into_owned();
        }
        for (name, place) in &self.required {
            let cell = String::from_utf8_lossy(record.get(*place).unwrap_or_default());
            if let Err(reason) = some(name, &cell) {
                malformed.get_or_insert(reason);
            }
        }
        Row { line, cells, malformed }
    }
}

/// Whether a cell says anything.
pub(super) fn says_nothing(cell: &str) -> bool {
    cell.is_empty() || NO_VALUE.iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// The cell, if it says anything.
pub(super) fn some<'a>(column: &str, cell: &'a str) -> Result<&'a str, String> {
    if cell.is_empty() {
        Err(format!("{column} is missing"))
    } else if says_nothing(cell) {
        Err(format!("{column} is {cell}"))
    } else {
        Ok(cell)
    }
}

/// A price in dollars: not negative, at most two decimals, at most a million.
pub(super) fn price(column: &str, cell: &str) -> Result<Decimal, String> {
    let amount: Decimal =
        some(column, cell)?.parse().map_err(|_| format!("{column} is no amount: {cell:?}"))?;
    let amount = amount.normalize();
    if amount.is_sign_negative() && !amount.is_zero() {
        return Err(format!("{column} is negative: {cell}"));
    }
    if amount.scale() > 2 {
        return Err(format!("{column} has more than two decimals: {cell}"));
    }
    if amount > Decimal::from(1_000_000) {
        return Err(format!("{column} is above 1,000,000: {cell}"));
    }
    Ok(amount)
}

/// A quantity: a whole number from 1 to 9,999.
pub(super) fn quantity(column: &str, cell: &str) -> Result<u16, String> {
    let amount: Decimal =
        some(column, cell)?.parse().map_err(|_| format!("{column} is no number: {cell:?}"))?;
    if !amount.fract().is_zero() {
        return Err(format!("{column} is not whole: {cell}"));
    }
    u16::try_from(amount.normalize())
        .ok()
        .filter(|quantity| (1..=schemas::Quantity::MAX).contains(quantity))
        .ok_or_else(|| format!("{column} is not between 1 and {}: {cell}", schemas::Quantity::MAX))
}
