//! Tables as kubectl's tab writer sets them: cells padded to their column, three spaces between.

/// Spaces between columns.
const GAP: usize = 3;

/// Column widths in characters, remembered and only ever widened, as kubectl does while it watches.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    widths: Vec<usize>,
}

impl Columns {
    /// Columns that are at least so wide.
    pub fn new(widths: Vec<usize>) -> Columns {
        Columns { widths }
    }

    /// Makes room for these cells.
    pub fn fit(&mut self, cells: &[impl AsRef<str>]) {
        self.widths.resize(self.widths.len().max(cells.len()), 0);
        for (width, cell) in self.widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.as_ref().chars().count());
        }
    }

    /// Appends a line of cells to `text`; the last cell is not padded.
    pub fn line(&mut self, cells: &[impl AsRef<str>], text: &mut String) {
        self.fit(cells);
        for (number, (cell, &width)) in cells.iter().zip(&self.widths).enumerate() {
            let cell = cell.as_ref();
            text.push_str(cell);
            if number + 1 < cells.len() {
                let padding = width - cell.chars().count() + GAP;
                text.extend(std::iter::repeat_n(' ', padding));
            }
        }
        text.push('\n');
    }
}

/// A whole table, its first row the header.
pub fn table(rows: &[Vec<String>]) -> String {
    let mut columns = Columns::default();
    rows.iter().for_each(|row| columns.fit(row));
    let mut text = String::new();
    rows.iter().for_each(|row| columns.line(row, &mut text));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_padded_but_the_last() {
        let rows =
            [vec!["NAME".into(), "AGE".into()], vec!["pi-야간".into(), "5s".into()], vec!["x".into(), String::new()]];
        assert_eq!(table(&rows), "NAME    AGE\npi-야간   5s\nx       \n");
    }
}
