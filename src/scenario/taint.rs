//! Taints as `kubectl taint` has them written: `KEY=VALUE:EFFECT`, `KEY:EFFECT`, and with a dash at the end to take
//! them away, which needs no effect.

use std::sync::Arc;

use crate::api::node::{Taint, TaintEffect};
use crate::apiserver::{label_key, label_value};

/// What is done to the taints of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaintChange {
    /// It gets one more.
    Add(Taint),
    /// Those of a key go, or those of them with an effect.
    Remove {
        /// The key.
        key: Arc<str>,
        /// The effect; absent: whatever it is.
        effect: Option<TaintEffect>,
    },
}

impl TaintChange {
    /// Reads it (`parseTaints`).
    ///
    /// # Errors
    /// A sentence as kubectl's.
    pub fn parse(text: &str) -> Result<TaintChange, String> {
        let invalid = |why: &[String]| {
            let why = if why.is_empty() { String::new() } else { format!(", {}", why.join("; ")) };
            Err(format!("invalid taint spec: {text}{why}"))
        };
        let (spec, is_added) = text.strip_suffix('-').map_or((text, true), |spec| (spec, false));
        let (what, effect) = spec.split_once(':').map_or((spec, None), |(what, effect)| (what, Some(effect)));
        let effect = match effect {
            Some(effect) if effect.contains(':') => return invalid(&[]),
            Some(name) => match TaintEffect::by_name(name) {
                Some(effect) => Some(effect),
                None => return Err(format!("invalid taint effect: {name}, unsupported taint effect")),
            },
            None => None,
        };
        // Without an effect all of it is the key.
        let (key, value) = what.split_once('=').filter(|_| effect.is_some()).unwrap_or((what, ""));
        if value.contains('=') {
            return invalid(&[]);
        }
        let wrong = [label_value(value), label_key(key)].into_iter().find(|wrong| !wrong.is_empty());
        match (wrong, is_added, effect) {
            (Some(wrong), ..) => invalid(&wrong),
            (None, false, effect) => Ok(TaintChange::Remove { key: key.into(), effect }),
            (None, true, Some(effect)) => Ok(TaintChange::Add(Taint { key: key.into(), value: value.into(), effect })),
            (None, true, None) => invalid(&[]),
        }
    }

    /// Changes a list of taints.
    ///
    /// # Errors
    /// Why it cannot be done, as kubectl says it of the node `name`.
    pub fn apply(&self, name: &str, taints: &mut Vec<Taint>) -> Result<(), String> {
        match self {
            TaintChange::Add(new) => {
                if taints.iter().any(|own| own.key == new.key && own.effect == new.effect) {
                    let why = "taint(s) with same effect(s) and --overwrite is false";
                    return Err(format!("node {name} already has {} {why}", new.key));
                }
                taints.insert(0, new.clone());
            }
            TaintChange::Remove { key, effect } => {
                let before = taints.len();
                taints.retain(|own| own.key != *key || effect.is_some_and(|effect| effect != own.effect));
                if taints.len() == before {
                    let effect = effect.map_or(String::new(), |effect| format!(":{}", effect.as_str()));
                    return Err(format!("taint \"{key}{effect}\" not found"));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taints_are_written_as_for_kubectl() {
        let add = |key: &str, value: &str, effect| {
            Ok(TaintChange::Add(Taint { key: key.into(), value: value.into(), effect }))
        };
        let check = |text: &str, expected| assert_eq!(TaintChange::parse(text), expected, "{text}");
        check("a/b=c:NoExecute", add("a/b", "c", TaintEffect::NoExecute));
        check("a:NoSchedule", add("a", "", TaintEffect::NoSchedule));
        check("a-", Ok(TaintChange::Remove { key: "a".into(), effect: None }));
        let effect = Some(TaintEffect::NoExecute);
        check("a=x:NoExecute-", Ok(TaintChange::Remove { key: "a".into(), effect }));
        let refused = |text: &str, beginning: &str| {
            let error = TaintChange::parse(text).expect_err(text);
            assert!(error.starts_with(beginning), "{text}: {error}");
        };
        refused("a", "invalid taint spec: a");
        refused("a=b=c:NoExecute", "invalid taint spec: a=b=c:NoExecute");
        refused("a:b:NoExecute", "invalid taint spec: a:b:NoExecute");
        refused("a:Never", "invalid taint effect: Never, unsupported taint effect");
        refused("a=-:NoExecute", "invalid taint spec: a=-:NoExecute, a valid label must be");
        refused(":NoExecute", "invalid taint spec: :NoExecute, name part must be non-empty");
    }

    #[test]
    fn a_list_changes_as_under_kubectl() {
        let mut taints = Vec::new();
        let mut change = |text: &str| TaintChange::parse(text).and_then(|change| change.apply("n", &mut taints));
        assert_eq!(change("a=1:NoExecute"), Ok(()));
        let again = "node n already has a taint(s) with same effect(s) and --overwrite is false";
        assert_eq!(change("a=2:NoExecute"), Err(again.to_owned()));
        assert_eq!(change("a:NoSchedule"), Ok(()));
        assert_eq!(change("b:NoExecute-"), Err("taint \"b:NoExecute\" not found".to_owned()));
        assert_eq!(change("a:NoExecute-"), Ok(()));
        assert_eq!(change("a-"), Ok(()));
        assert_eq!(change("a-"), Err("taint \"a\" not found".to_owned()));
    }
}
