//! Where each cell of a CSV file stands, so that a finding can point at it, and where a quote was opened that never closes.

use crate::diagnostic::Place;

/// The places of a file's cells.
pub(super) struct Spots {
    /// By line of the table, that of the names included, then by cell. Empty lines do not count.
    pub(super) records: Vec<Vec<Place>>,
    /// Where a quote was opened that is open to the end.
    pub(super) open: Option<Place>,
}

/// What separates the cells: a comma, or what a spreadsheet writes where commas stand in numbers.
pub(super) fn separator(text: &str) -> char {
    let names = text.lines().next().unwrap_or_default();
    let other = [';', '\t'].into_iter().find(|separator| names.contains(*separator));
    other.filter(|_| !names.contains(',')).unwrap_or(',')
}

/// Finds the cells of a file.
pub(super) fn spots(file: &str, text: &str, separator: char) -> Spots {
    let mut scan = Scan { records: Vec::new(), cells: Vec::new(), begun: None, here: Place::start_of(file) };
    let mut quoted: Option<Place> = None;
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        let first = scan.begun.is_none();
        if quoted.is_some() {
            scan.step(sign);
            if sign == '"' && signs.next_if_eq(&'"').is_some() {
                scan.step('"');
            } else if sign == '"' {
                quoted = None;
            }
            continue;
        }
        match sign {
            '\n' | '\r' => scan.end_record(),
            sign if sign == separator => scan.end_cell(),
            _ => {
                scan.begun.get_or_insert_with(|| scan.here.clone());
                quoted = (sign == '"' && first).then(|| scan.here.clone());
            }
        }
        if sign == '\r' && signs.peek() == Some(&'\n') {
            continue;
        }
        scan.step(sign);
    }
    scan.end_record();
    Spots { records: scan.records, open: quoted }
}

struct Scan {
    records: Vec<Vec<Place>>,
    cells: Vec<Place>,
    /// Where the cell begins that is being read; none before its first sign.
    begun: Option<Place>,
    here: Place,
}

impl Scan {
    fn step(&mut self, sign: char) {
        match sign {
            '\n' | '\r' => (self.here.line, self.here.column) = (self.here.line + 1, 1),
            _ => self.here.column += 1,
        }
    }

    fn end_cell(&mut self) {
        let mut place = self.begun.take().unwrap_or_else(|| self.here.clone());
        if place.line == self.here.line {
            place.length = (self.here.column - place.column).max(1);
        }
        self.cells.push(place);
    }

    fn end_record(&mut self) {
        if self.begun.is_some() || !self.cells.is_empty() {
            self.end_cell();
            self.records.push(std::mem::take(&mut self.cells));
        }
    }
}
