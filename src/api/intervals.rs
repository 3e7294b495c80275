//! Index lists: sets of completion indexes as ordered intervals (`orderedIntervals` upstream).

use std::fmt;

/// A set of indexes, kept as closed intervals in increasing order that neither overlap nor touch.
///
/// Only [`Intervals::parse`] can make one in disorder, from a text that no controller writes; it is then kept as
/// upstream keeps it, until a [`Intervals::merge`] puts it in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Intervals {
    spans: Vec<(u32, u32)>,
    total: u32,
}

impl Clone for Intervals {
    fn clone(&self) -> Intervals {
        Intervals { spans: self.spans.clone(), total: self.total }
    }

    fn clone_from(&mut self, source: &Intervals) {
        self.spans.clone_from(&source.spans);
        self.total = source.total;
    }
}

impl Intervals {
    /// The empty set.
    pub const fn new() -> Intervals {
        Intervals { spans: Vec::new(), total: 0 }
    }

    /// Takes all out; the memory is kept.
    pub fn clear(&mut self) {
        self.spans.clear();
        self.total = 0;
    }

    /// How many indexes it holds. Of a text in disorder: the lengths of its intervals added up, in wrapping 32 bits.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Holds it nothing?
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The intervals, both ends included, in order.
    pub fn spans(&self) -> &[(u32, u32)] {
        &self.spans
    }

    /// Is `index` in the set?
    pub fn contains(&self, index: u32) -> bool {
        let at = self.spans.partition_point(|&(_, last)| last < index);
        self.spans.get(at).is_some_and(|&(first, _)| first <= index)
    }

    /// Puts `index` in; false if it was there.
    pub fn insert(&mut self, index: u32) -> bool {
        let at = self.spans.partition_point(|&(_, last)| last < index);
        if self.spans.get(at).is_some_and(|&(first, _)| first <= index) {
            return false;
        }
        let joins_left = at > 0 && self.spans[at - 1].1.checked_add(1) == Some(index);
        let joins_right = at < self.spans.len() && index.checked_add(1) == Some(self.spans[at].0);
        match (joins_left, joins_right) {
            (true, true) => {
                self.spans[at - 1].1 = self.spans[at].1;
                self.spans.remove(at);
            }
            (true, false) => self.spans[at - 1].1 = index,
            (false, true) => self.spans[at].0 = index,
            (false, false) => self.spans.insert(at, (index, index)),
        }
        self.total = self.total.wrapping_add(1);
        true
    }

    /// Puts the indexes from `first` to `last`, both included, in.
    pub fn insert_span(&mut self, first: u32, last: u32) {
        if first > last {
            return;
        }
        let from = self.spans.partition_point(|&(_, end)| end.saturating_add(1) < first);
        let to = self.spans.partition_point(|&(start, _)| start <= last.saturating_add(1)).max(from);
        let mut span = (first, last);
        if from < to {
            span = (first.min(self.spans[from].0), last.max(self.spans[to - 1].1));
        }
        self.spans.splice(from..to, [span]);
        self.total = total_of(&self.spans);
    }

    /// Drops all indexes at or above `end`.
    pub fn truncate(&mut self, end: u32) {
        while let Some(&(first, last)) = self.spans.last() {
            if last < end {
                return;
            }
            self.spans.pop();
            if first < end {
                self.spans.push((first, end - 1));
            }
            self.total = self.total.wrapping_sub(length((first.max(end), last)));
        }
    }

    /// The indexes that are in this set or in `other` (`orderedIntervals.merge`).
    #[must_use]
    pub fn merge(&self, other: &Intervals) -> Intervals {
        let mut spans: Vec<(u32, u32)> = Vec::with_capacity(self.spans.len() + other.spans.len());
        let (mut ours, mut others) = (self.spans.iter().peekable(), other.spans.iter().peekable());
        while let Some(&(first, last)) = match (ours.peek(), others.peek()) {
            (Some(a), Some(b)) if a.0 < b.0 => ours.next(),
            (_, Some(_)) => others.next(),
            (_, None) => ours.next(),
        } {
            match spans.last_mut() {
                Some(previous) if first <= previous.1.saturating_add(1) => previous.1 = previous.1.max(last),
                _ => spans.push((first, last)),
            }
        }
        let total = total_of(&spans);
        Intervals { spans, total }
    }

    /// How many indexes of this set are also in `other`.
    pub fn count_in(&self, other: &Intervals) -> u32 {
        let (mut a, mut b, mut count) = (0, 0, 0);
        while a < self.spans.len() && b < other.spans.len() {
            let (x, y) = (self.spans[a], other.spans[b]);
            let (first, last) = (x.0.max(y.0), x.1.min(y.1));
            if first <= last {
                count += last - first + 1;
            }
            if x.1 < y.1 { a += 1 } else { b += 1 }
        }
        count
    }

    /// Reads the text of a status field, leniently: what is not a number is passed over, indexes at or above
    /// `completions` are dropped (`parseIndexesFromString`).
    pub fn parse(text: &str, completions: u32) -> Intervals {
        let mut spans: Vec<(i64, i64)> = Vec::new();
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let mut limits = part.split('-');
            let Some(first) = limits.next().and_then(parse_go_int) else { continue };
            if first >= i64::from(completions) {
                break;
            }
            let last = match limits.next().map(parse_go_int) {
                None => first,
                Some(None) => continue,
                Some(Some(last)) => last.min(i64::from(completions) - 1),
            };
            match spans.last_mut() {
                Some(previous) if previous.1 == first - 1 => previous.1 = last,
                _ => spans.push((first, last)),
            }
        }
        let spans: Vec<(u32, u32)> = spans.into_iter().map(|(a, b)| (a as u32, b as u32)).collect();
        let total = total_of(&spans);
        Intervals { spans, total }
    }
}

/// The number of indexes in a span; `2-1` has none.
fn length((first, last): (u32, u32)) -> u32 {
    last.wrapping_sub(first).wrapping_add(1)
}

fn total_of(spans: &[(u32, u32)]) -> u32 {
    spans.iter().copied().map(length).fold(0, u32::wrapping_add)
}

/// `strconv.Atoi`: an optional sign and decimal digits.
fn parse_go_int(text: &str) -> Option<i64> {
    text.parse().ok()
}

impl FromIterator<u32> for Intervals {
    fn from_iter<I: IntoIterator<Item = u32>>(indexes: I) -> Intervals {
        let mut set = Intervals::new();
        for index in indexes {
            set.insert(index);
        }
        set
    }
}

impl fmt::Display for Intervals {
    /// `1,3-5,7`; two neighbours print as `3,4`, three or more as `3-5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, &(first, last)) in self.spans.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            match last.saturating_sub(first) {
                0 => write!(f, "{first}")?,
                1 => write!(f, "{first},{last}")?,
                _ => write!(f, "{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(indexes: &[u32]) -> Intervals {
        indexes.iter().copied().collect()
    }

    #[test]
    fn prints_like_completed_indexes() {
        let check = |indexes: &[u32], text: &str| assert_eq!(set(indexes).to_string(), text);
        check(&[], "");
        check(&[1, 3, 4, 5, 7], "1,3-5,7");
        check(&[3, 4], "3,4");
        check(&[5, 3, 4, 2, 9, 8], "2-5,8,9");
    }

    #[test]
    fn truncates_and_counts() {
        let mut s = set(&[0, 1, 2, 5, 6, 9]);
        assert_eq!(s.total(), 6);
        s.truncate(6);
        assert_eq!((s.to_string().as_str(), s.total()), ("0-2,5", 4));
        assert_eq!(s.count_in(&set(&[1, 2, 3, 5])), 3);
        s.insert_span(2, 7);
        assert_eq!((s.to_string().as_str(), s.total()), ("0-7", 8));
        s.truncate(0);
        assert_eq!((s.to_string().as_str(), s.total()), ("", 0));
    }

    #[test]
    fn merging_puts_a_text_in_disorder_in_order() {
        let check = |text: &str, more: &[u32], merged: &str, total| {
            let set = Intervals::parse(text, 100).merge(&set(more));
            assert_eq!((set.to_string().as_str(), set.total()), (merged, total), "{text}");
        };
        check("0-3,2-5", &[9], "0-5,9", 7);
        check("2-1", &[1], "1", 1);
        check("1,3-5", &[2, 6], "1-6", 6);
        check("", &[], "", 0);
        let mut disorder = Intervals::parse("5-2,1", 100);
        assert!(disorder.insert(9));
        disorder.insert_span(3, 4);
        disorder.truncate(2);
    }
}
