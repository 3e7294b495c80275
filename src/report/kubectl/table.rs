//! Tables as kubectl's tab writer sets them: cells padded to their column, three spaces between.

/// Spaces between columns, and the least that a column takes with them.
const GAP: usize = 3;
const MIN_WIDTH: usize = 6;

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

    /// Makes room for these cells. The last one is in no column.
    pub fn fit(&mut self, cells: &[impl AsRef<str>]) {
        let widths: Vec<usize> = cells.iter().map(|cell| cell.as_ref().chars().count()).collect();
        self.widen(&widths);
    }

    /// Makes room for a line of cells of these widths.
    pub fn widen(&mut self, cells: &[usize]) {
        self.widths.resize(self.widths.len().max(cells.len()), 0);
        for (width, cell) in self.widths.iter_mut().zip(cells.split_last().map_or(&[][..], |(_, cells)| cells)) {
            *width = (*width).max(*cell);
        }
    }

    /// Appends a line of cells to `text`; the last cell is not padded.
    pub fn line(&mut self, cells: &[impl AsRef<str>], text: &mut String) {
        self.fit(cells);
        for (number, (cell, &width)) in cells.iter().zip(&self.widths).enumerate() {
            let cell = cell.as_ref();
            text.push_str(cell);
            if number + 1 < cells.len() {
                let padding = (width + GAP).max(MIN_WIDTH) - cell.chars().count();
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
        let rows = [
            vec!["NAME".into(), "IP".into(), "AGE".into()],
            vec!["pi-야간".into(), "x".into(), "5s".into()],
            vec!["x".into(), String::new(), String::new()],
        ];
        assert_eq!(table(&rows), "NAME    IP    AGE\npi-야간   x     5s\nx             \n");
    }
}
