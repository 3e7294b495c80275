//! Text with tabs set in columns, as Go's `text/tabwriter` does: a column is a run of lines that have a cell there.

/// Spaces after the widest cell of a column.
const PADDING: usize = 2;

/// Sets the tabs of a text. What follows the last tab of a line belongs to no column.
pub(super) fn align(text: &str) -> String {
    let lines: Vec<Vec<&str>> = text.split('\n').map(|line| line.split('\t').collect()).collect();
    let mut widths: Vec<Vec<usize>> = lines.iter().map(|cells| vec![0; cells.len() - 1]).collect();
    let columns = widths.iter().map(Vec::len).max().unwrap_or(0);
    for column in 0..columns {
        let mut start = 0;
        while start < lines.len() {
            let run = lines[start..].iter().take_while(|cells| column + 1 < cells.len());
            let run_widths: Vec<usize> = run.map(|cells| cells[column].chars().count() + PADDING).collect();
            let width = run_widths.iter().copied().max().unwrap_or(0);
            for line in &mut widths[start..start + run_widths.len()] {
                line[column] = width;
            }
            start += run_widths.len().max(1);
        }
    }
    let mut aligned = String::with_capacity(text.len() * 2);
    for (number, (cells, widths)) in lines.iter().zip(&widths).enumerate() {
        if number > 0 {
            aligned.push('\n');
        }
        for (cell, width) in cells.iter().zip(widths.iter().copied().chain([0])) {
            aligned.push_str(cell);
            aligned.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
        }
    }
    aligned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_end_where_a_line_has_no_cell() {
        let check = |text: &str, aligned: &str| assert_eq!(align(text), aligned);
        check("a:\tb\nccc:\td\n", "a:    b\nccc:  d\n");
        check("a:\tb\nplain\nccc:\td\n", "a:  b\nplain\nccc:  d\n");
        check("a\tb\tc\naa\tbbb\n\tx\ty\n", "a   b  c\naa  bbb\n    x  y\n");
        check("", "");
    }
}
