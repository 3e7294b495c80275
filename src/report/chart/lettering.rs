//! How wide a text is, and what is left of one that is too long: known without reading a font.

/// Widths of the characters from space to `~` in thousandths of the letter height, as in the embedded font.
#[rustfmt::skip]
const ADVANCES: [u16; 95] = [
    248, 258, 320, 616, 562, 732, 622, 175, 342, 348, 431, 567, 197, 276, 264, 413, 562, 562, 562, 562, 562, 562, 562, 562,
    562, 562, 242, 211, 508, 549, 523, 473, 898, 652, 623, 651, 656, 568, 553, 681, 713, 272, 552, 627, 539, 873, 713, 688,
    631, 688, 616, 594, 597, 648, 637, 887, 627, 601, 599, 265, 411, 265, 418, 451, 309, 544, 562, 523, 564, 530, 348, 562,
    551, 243, 239, 507, 243, 877, 552, 570, 562, 568, 339, 516, 327, 551, 484, 751, 496, 473, 496, 338, 244, 338, 680,
];

/// A browser may set the text in a wider font than ours; the widest that is common needs this many percent more.
const SLACK_PERCENT: u32 = 14;

const ELLIPSIS: char = '…';

/// Room in pixels that `text` needs in letters of `size` pixels.
pub(super) fn width(text: &str, size: i32) -> i32 {
    to_pixels(text.chars().map(advance).fold(0, u32::saturating_add), size)
}

/// `text`, or as much of its beginning as fits into `room`, with an ellipsis.
pub(super) fn cut_end(text: &str, size: i32, room: i32) -> String {
    if width(text, size) <= room {
        return text.into();
    }
    let mut kept: String = fitting(text.chars(), size, room).collect();
    kept.push(ELLIPSIS);
    kept
}

/// `text`, or as much of its end as fits into `room`, after an ellipsis: what tells the pods of a Job apart.
pub(super) fn cut_start(text: &str, size: i32, room: i32) -> String {
    if width(text, size) <= room {
        return text.into();
    }
    let kept: Vec<char> = fitting(text.chars().rev(), size, room).collect();
    std::iter::once(ELLIPSIS).chain(kept.into_iter().rev()).collect()
}

/// `text`, or as much of its beginning and of its end as fits into `room`, an ellipsis between: names of points that
/// differ in the last value alone.
pub(super) fn cut_middle(text: &str, size: i32, room: i32) -> String {
    if width(text, size) <= room {
        return text.into();
    }
    let start = cut_end(text, size, room / 2);
    let end: Vec<char> = fitting(text.chars().rev(), size, room / 2).collect();
    start.chars().chain(end.into_iter().rev()).collect()
}

fn fitting(text: impl Iterator<Item = char>, size: i32, room: i32) -> impl Iterator<Item = char> {
    let mut used = advance(ELLIPSIS);
    text.take_while(move |&c| {
        used += advance(c);
        to_pixels(used, size) <= room
    })
}

fn to_pixels(thousandths: u32, size: i32) -> i32 {
    let thousandths = u64::from(thousandths) * u64::from(size.unsigned_abs()) * u64::from(100 + SLACK_PERCENT) / 100;
    i32::try_from(thousandths.div_ceil(1000)).unwrap_or(i32::MAX)
}

fn advance(c: char) -> u32 {
    let position = (c as usize).checked_sub(usize::from(b' '));
    position.and_then(|at| ADVANCES.get(at)).map_or(1000, |&width| u32::from(width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_to_the_room_there_is() {
        let check = |text: &str, room: i32, end: &str, start: &str| {
            assert_eq!((cut_end(text, 12, room).as_str(), cut_start(text, 12, room).as_str()), (end, start));
            assert!(width(end, 12) <= room.max(width("…", 12)), "{end}");
        };
        check("pi-x7k2p", 100, "pi-x7k2p", "pi-x7k2p");
        check("nightly-report-x7k2p", 100, "nightly-report-…", "…-report-x7k2p");
        check("nightly-report-x7k2p", 0, "…", "…");
        check("야간작업", 40, "야…", "…업");
        assert_eq!(cut_middle("nightly-report-x7k2p", 12, 100), "nightl…7k2p");
        assert_eq!(cut_middle("nightly", 12, 100), "nightly");
    }
}
