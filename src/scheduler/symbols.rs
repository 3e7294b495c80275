//! Words as numbers: label keys and values, taints, namespaces, images. The hot loops compare numbers only.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::disruption::{Operator, Requirement};
use crate::api::scheduling::{NodeOperator, NodeRequirement};

/// A word, by the order in which words were met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Symbol(pub(super) u32);

/// Labels, sorted by key.
pub(super) type Labels = Vec<(Symbol, Symbol)>;

/// `kubernetes.io/hostname`.
pub(super) const HOSTNAME: Symbol = Symbol(0);
/// `topology.kubernetes.io/zone`.
pub(super) const ZONE: Symbol = Symbol(1);
/// `topology.kubernetes.io/region`.
pub(super) const REGION: Symbol = Symbol(2);
/// `node.kubernetes.io/unschedulable`.
pub(super) const UNSCHEDULABLE: Symbol = Symbol(3);
/// No text at all.
pub(super) const EMPTY: Symbol = Symbol(4);

/// Words that are known from the start, in order.
const FIRST: [&str; 5] = [
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "node.kubernetes.io/unschedulable",
    "",
];

/// All words met so far.
#[derive(Clone, Debug)]
pub(super) struct Symbols {
    known: BTreeMap<Arc<str>, Symbol>,
    words: Vec<Arc<str>>,
    /// What `Gt` and `Lt` read a word as.
    numbers: Vec<Option<i64>>,
}

impl Default for Symbols {
    fn default() -> Symbols {
        let mut symbols = Symbols { known: BTreeMap::new(), words: Vec::new(), numbers: Vec::new() };
        for word in FIRST {
            symbols.of_str(word);
        }
        symbols
    }
}

impl Symbols {
    pub(super) fn of(&mut self, word: &Arc<str>) -> Symbol {
        if let Some(symbol) = self.known.get(word) {
            return *symbol;
        }
        let symbol = Symbol(self.words.len() as u32);
        self.known.insert(word.clone(), symbol);
        self.words.push(word.clone());
        self.numbers.push(word.parse().ok());
        symbol
    }

    pub(super) fn of_str(&mut self, word: &str) -> Symbol {
        match self.known.get(word) {
            Some(symbol) => *symbol,
            None => self.of(&Arc::from(word)),
        }
    }

    pub(super) fn word(&self, symbol: Symbol) -> &Arc<str> {
        &self.words[symbol.0 as usize]
    }

    pub(super) fn number(&self, symbol: Symbol) -> Option<i64> {
        self.numbers[symbol.0 as usize]
    }

    pub(super) fn labels(&mut self, labels: &[(Arc<str>, Arc<str>)]) -> Labels {
        let mut symbols: Labels = labels.iter().map(|(key, value)| (self.of(key), self.of(value))).collect();
        symbols.sort_unstable();
        symbols
    }

    pub(super) fn selector(&mut self, all: &[Requirement]) -> Selector {
        let mut selector: Selector = all.iter().map(|one| self.requirement(one)).collect();
        selector.sort_unstable();
        selector
    }

    fn requirement(&mut self, of: &Requirement) -> Condition {
        let operator = match of.operator {
            Operator::In => NodeOperator::In,
            Operator::NotIn => NodeOperator::NotIn,
            Operator::Exists => NodeOperator::Exists,
            Operator::DoesNotExist => NodeOperator::DoesNotExist,
        };
        self.condition(&of.key, operator, &of.values)
    }

    pub(super) fn node_requirement(&mut self, of: &NodeRequirement) -> Condition {
        self.condition(&of.key, of.operator, &of.values)
    }

    fn condition(&mut self, key: &Arc<str>, operator: NodeOperator, values: &[Arc<str>]) -> Condition {
        let mut values: Vec<Symbol> = values.iter().map(|value| self.of(value)).collect();
        values.sort_unstable();
        Condition { key: self.of(key), operator: operator as u8, values }
    }
}

/// All must hold; an empty one holds for everything.
pub(super) type Selector = Vec<Condition>;

/// A condition on a label of a pod or a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Condition {
    pub(super) key: Symbol,
    /// A [`NodeOperator`], as a number that has an order.
    pub(super) operator: u8,
    /// Sorted.
    pub(super) values: Vec<Symbol>,
}

const IN: u8 = NodeOperator::In as u8;
const NOT_IN: u8 = NodeOperator::NotIn as u8;
const EXISTS: u8 = NodeOperator::Exists as u8;
const DOES_NOT_EXIST: u8 = NodeOperator::DoesNotExist as u8;
const GT: u8 = NodeOperator::Gt as u8;

impl Condition {
    pub(super) fn equal(key: Symbol, value: Symbol) -> Condition {
        Condition { key, operator: IN, values: vec![value] }
    }

    pub(super) fn is_in(&self) -> bool {
        self.operator == IN
    }

    /// Does it hold for a value, or for its absence?
    pub(super) fn holds_for(&self, value: Option<Symbol>, symbols: &Symbols) -> bool {
        match (self.operator, value) {
            (IN, Some(value)) => self.values.binary_search(&value).is_ok(),
            (NOT_IN, Some(value)) => self.values.binary_search(&value).is_err(),
            (EXISTS, value) => value.is_some(),
            (NOT_IN | DOES_NOT_EXIST, None) => true,
            (IN | DOES_NOT_EXIST, _) | (_, None) => false,
            (comparison, Some(value)) => {
                let bound = self.values.first().and_then(|bound| symbols.number(*bound));
                let (Some(value), Some(bound)) = (symbols.number(value), bound) else { return false };
                if comparison == GT { value > bound } else { value < bound }
            }
        }
    }
}

/// The value of a label.
pub(super) fn label(labels: &[(Symbol, Symbol)], key: Symbol) -> Option<Symbol> {
    // Labels are few: looking through them is faster than halving.
    labels.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
}

/// Do all conditions hold?
pub(super) fn selects(selector: &[Condition], labels: &[(Symbol, Symbol)], symbols: &Symbols) -> bool {
    selector.iter().all(|condition| condition.holds_for(label(labels, condition.key), symbols))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_as_upstream_reads_them() {
        let check = |operator, values: &[&str], value: Option<&str>, wanted: bool| {
            let mut symbols = Symbols::default();
            let values = values.iter().map(|value| Arc::from(*value)).collect();
            let condition = symbols.node_requirement(&NodeRequirement { key: "k".into(), operator, values });
            let found = value.map(|value| symbols.of_str(value));
            assert_eq!(condition.holds_for(found, &symbols), wanted, "{condition:?} of {value:?}");
        };
        use NodeOperator::{DoesNotExist, Exists, Gt, In, Lt, NotIn};
        check(In, &["a", "b"], Some("b"), true);
        check(In, &["a", "b"], Some("c"), false);
        check(In, &["a"], None, false);
        check(NotIn, &["a"], Some("a"), false);
        check(NotIn, &["a"], Some("b"), true);
        check(NotIn, &["a"], None, true);
        check(Exists, &[], Some(""), true);
        check(Exists, &[], None, false);
        check(DoesNotExist, &[], Some("x"), false);
        check(DoesNotExist, &[], None, true);
        check(Gt, &["4"], Some("5"), true);
        check(Gt, &["4"], Some("4"), false);
        check(Gt, &["4"], Some("many"), false);
        check(Lt, &["4"], Some("-3"), true);
        check(Lt, &["4"], None, false);
    }
}
