//! A tree over the nodes in the order of examination: how many are feasible in a range, which score highest, and where.

/// Nodes of one class score alike but for what the tree knows; see [`super::Index`].
pub(super) const MAX_CLASSES: usize = 6;

/// The highest score in a range and how many have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Top {
    pub(super) score: i32,
    pub(super) ties: u32,
}

impl Top {
    pub(super) const NONE: Top = Top { score: i32::MIN, ties: 0 };

    fn with(self, other: Top) -> Top {
        match self.score.cmp(&other.score) {
            std::cmp::Ordering::Less => other,
            std::cmp::Ordering::Greater => self,
            std::cmp::Ordering::Equal => Top { score: self.score, ties: self.ties + other.ties },
        }
    }
}

/// Segment trees of one layout: one of counts, and one of scores for each class.
#[derive(Debug)]
pub(super) struct Tree {
    /// Leaves: a power of two.
    size: usize,
    feasible: Vec<u32>,
    tops: Vec<Vec<Top>>,
}

impl Tree {
    pub(super) fn new(nodes: usize) -> Tree {
        let size = nodes.next_power_of_two();
        Tree { size, feasible: vec![0; 2 * size], tops: Vec::new() }
    }

    /// Bytes that it takes.
    pub(super) fn bytes(nodes: usize) -> usize {
        2 * nodes.next_power_of_two() * (size_of::<u32>() + size_of::<Top>())
    }

    pub(super) fn classes(&self) -> usize {
        self.tops.len()
    }

    pub(super) fn add_class(&mut self) {
        self.tops.push(vec![Top::NONE; 2 * self.size]);
    }

    /// Sets a leaf without its ancestors: for building, before [`Tree::build`].
    pub(super) fn put(&mut self, place: usize, leaf: Option<(usize, i32)>) {
        let at = self.size + place;
        self.feasible[at] = u32::from(leaf.is_some());
        for (class, tops) in self.tops.iter_mut().enumerate() {
            tops[at] = match leaf {
                Some((own, score)) if own == class => Top { score, ties: 1 },
                _ => Top::NONE,
            };
        }
    }

    /// Computes all inner nodes.
    pub(super) fn build(&mut self) {
        for at in (1..self.size).rev() {
            self.pull(at);
        }
    }

    /// Sets a leaf.
    pub(super) fn set(&mut self, place: usize, leaf: Option<(usize, i32)>) {
        self.put(place, leaf);
        let mut at = (self.size + place) / 2;
        while at > 0 {
            self.pull(at);
            at /= 2;
        }
    }

    fn pull(&mut self, at: usize) {
        self.feasible[at] = self.feasible[2 * at] + self.feasible[2 * at + 1];
        for tops in &mut self.tops {
            tops[at] = tops[2 * at].with(tops[2 * at + 1]);
        }
    }

    /// Feasible nodes before a place.
    pub(super) fn feasible_before(&self, place: usize) -> usize {
        if place >= self.size {
            return self.feasible[1] as usize;
        }
        let (mut at, mut sum) = (self.size + place, 0);
        while at > 1 {
            if at % 2 == 1 {
                sum += self.feasible[at - 1] as usize;
            }
            at /= 2;
        }
        sum
    }

    /// The place of the feasible node that has `before` others before it.
    pub(super) fn feasible_at(&self, mut before: usize) -> usize {
        let mut at = 1;
        while at < self.size {
            at *= 2;
            let left = self.feasible[at] as usize;
            if before >= left {
                before -= left;
                at += 1;
            }
        }
        at - self.size
    }

    /// The tree's nodes that make up the places `from..to`, from left to right.
    fn pieces(&self, from: usize, to: usize, mut each: impl FnMut(usize) -> bool) {
        let (mut left, mut right) = (self.size + from, self.size + to);
        let (mut rights, mut count) = ([0; 64], 0);
        while left < right {
            if left % 2 == 1 {
                if each(left) {
                    return;
                }
                left += 1;
            }
            if right % 2 == 1 {
                right -= 1;
                rights[count] = right;
                count += 1;
            }
            left /= 2;
            right /= 2;
        }
        for piece in rights[..count].iter().rev() {
            if each(*piece) {
                return;
            }
        }
    }

    /// Adds the tops of the places `from..to` to those of each class.
    pub(super) fn add_tops(&self, from: usize, to: usize, sums: &mut [Top; MAX_CLASSES]) {
        self.pieces(from, to, |piece| {
            for (sum, tops) in sums.iter_mut().zip(&self.tops) {
                *sum = sum.with(tops[piece]);
            }
            false
        });
    }

    /// The place in `from..to` of the node that has `before` others before it among those with the wanted score of
    /// their class; or how many are still to be passed over after the range.
    pub(super) fn tie_at(
        &self,
        from: usize,
        to: usize,
        wanted: &[Option<i32>; MAX_CLASSES],
        mut before: usize,
    ) -> Result<usize, usize> {
        let ties = |at: usize| -> usize {
            let of_class = self.tops.iter().zip(wanted).filter_map(|(tops, wanted)| {
                let top = tops[at];
                (*wanted == Some(top.score)).then_some(top.ties as usize)
            });
            of_class.sum()
        };
        let mut found = None;
        self.pieces(from, to, |piece| {
            let here = ties(piece);
            if before >= here {
                before -= here;
                return false;
            }
            let mut at = piece;
            while at < self.size {
                at *= 2;
                let left = ties(at);
                if before >= left {
                    before -= left;
                    at += 1;
                }
            }
            found = Some(at - self.size);
            true
        });
        found.ok_or(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of `score` or `-` a place, all of one class.
    fn tree(text: &str) -> Tree {
        let leaves: Vec<Option<(usize, i32)>> = text.split(' ').map(|leaf| leaf.parse().ok().map(|s| (0, s))).collect();
        let mut tree = Tree::new(leaves.len());
        tree.add_class();
        leaves.iter().enumerate().for_each(|(place, leaf)| tree.put(place, *leaf));
        tree.build();
        tree
    }

    #[test]
    fn ranges_know_their_feasible_nodes_and_tops() {
        let tree = tree("5 - 7 7 - 3 7");
        let before: Vec<usize> = (0..8).map(|place| tree.feasible_before(place)).collect();
        assert_eq!(before, [0, 1, 1, 2, 3, 3, 4, 5]);
        let places: Vec<usize> = (0..5).map(|n| tree.feasible_at(n)).collect();
        assert_eq!(places, [0, 2, 3, 5, 6]);
        let check = |from, to, score, places: &[usize]| {
            let mut tops = [Top::NONE; MAX_CLASSES];
            tree.add_tops(from, to, &mut tops);
            assert_eq!(tops[0], Top { score, ties: places.len() as u32 }, "{from}..{to}");
            let mut wanted = [None; MAX_CLASSES];
            wanted[0] = Some(score);
            let found: Vec<usize> =
                (0..places.len()).map(|n| tree.tie_at(from, to, &wanted, n).expect("a place")).collect();
            assert_eq!(found, places, "{from}..{to}");
            assert_eq!(tree.tie_at(from, to, &wanted, places.len() + 2), Err(2));
        };
        check(0, 7, 7, &[2, 3, 6]);
        check(0, 2, 5, &[0]);
        check(3, 6, 7, &[3]);
        check(4, 6, 3, &[5]);
    }
}
