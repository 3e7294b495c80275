//! Text in double quotes as Go prints it with `%q` (`strconv.Quote`).

use std::fmt::Write;

/// The text in double quotes, with escapes for what is not printable.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            _ if is_printable(c) => quoted.push(c),
            _ => push_code(&mut quoted, u32::from(c)),
        }
    }
    quoted.push('"');
    quoted
}

fn push_code(quoted: &mut String, code: u32) {
    let _ = match code {
        0..0x80 => write!(quoted, "\\x{code:02x}"),
        0x80..0x1_0000 => write!(quoted, "\\u{code:04x}"),
        _ => write!(quoted, "\\U{code:08x}"),
    };
}

/// Letters, marks, numbers, punctuation, symbols and the ASCII space (`strconv.IsPrint`).
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // The standard library's own table, asked through its escapes. Behind a letter it leaves marks as they are.
    let mut text = String::from("a");
    text.push(c);
    text.escape_debug().nth(1) == Some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_like_go() {
        let check = |text: &str, quoted: &str| assert_eq!(quote(text), quoted);
        check("0 12 * * *", "\"0 12 * * *\"");
        check("a\"b\\c'd", "\"a\\\"b\\\\c'd\"");
        check("\t\u{0}\u{7f}", "\"\\t\\x00\\x7f\"");
        check("pi", r#""pi""#);
        check("a\"b\\c\n\x00", r#""a\"b\\c\n\x00""#);
        check("päi日本", r#""päi日本""#);
        check("\u{a0}\u{200b}e\u{301}", "\"\\u00a0\\u200be\u{301}\"");
        check("\u{e0001}\u{fffd}", "\"\\U000e0001\u{fffd}\"");
        check("a\u{1}\r\u{b}\n", "\"a\\x01\\r\\v\\n\"");
        check("٣é\u{301}", "\"٣é\u{301}\"");
        check("日本\u{feff}\u{fffd}", "\"日本\\ufeff\u{fffd}\"");
        check("\u{a0}\u{200b}\u{e0001}", "\"\\u00a0\\u200b\\U000e0001\"");
    }
}
