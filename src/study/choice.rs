//! Values to choose from along an axis of a fit, and which of them is more than which.

use serde_json::Value;

use crate::api::duration::parse_duration;
use crate::api::quantity::Quantity;
use crate::scenario::axis::is_of_quantity;

/// The values of an axis in the order in which more of them is taken to be sooner.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    values: Vec<Value>,
    /// What each comes to; absent for names, none of which is more than another.
    sizes: Option<Vec<f64>>,
}

impl Choice {
    /// Numbers, durations and quantities (`500m`, `2Gi`) ascend, each once; the path says what `5m` is. Where one value is
    /// none of these, all are names and stay as they were given.
    pub fn new(path: &str, values: &[Value]) -> Choice {
        let mut readings = [number, seconds, quantity];
        if is_of_quantity(path) {
            readings.swap(1, 2);
        }
        let sizes = readings.into_iter().find_map(|size| values.iter().map(size).collect::<Option<Vec<f64>>>());
        let Some(sizes) = sizes else { return Choice { values: values.to_vec(), sizes: None } };
        let mut both: Vec<(f64, &Value)> = sizes.into_iter().zip(values).collect();
        both.sort_by(|a, b| a.0.total_cmp(&b.0));
        both.dedup_by(|later, earlier| later.0 == earlier.0);
        let (sizes, values) = both.into_iter().map(|(size, value)| (size, value.clone())).unzip();
        Choice { values, sizes: Some(sizes) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value at a place.
    pub fn value(&self, at: usize) -> &Value {
        &self.values[at]
    }

    /// Is none of them more than another?
    pub fn is_of_names(&self) -> bool {
        self.sizes.is_none()
    }

    /// What the value at a place comes to: the number, the quantity, the duration in seconds; of names the place.
    pub fn size(&self, at: usize) -> f64 {
        self.sizes.as_ref().map_or(at as f64, |sizes| sizes[at])
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64()
}

/// A number, or a text that is a quantity.
fn quantity(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => Quantity::parse(text).ok().map(|quantity| quantity.approximate_f64()),
        _ => None,
    }
}

/// A duration in seconds; what is not written with a unit is none.
fn seconds(value: &Value) -> Option<f64> {
    parse_duration(value.as_str()?).ok().map(|length| length.0 as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_more_ascends() {
        let check_at = |path: &str, given: &str, ascending: &str, is_of_names: bool| {
            let list = |text: &str| serde_json::from_str::<Vec<Value>>(text).expect("a list");
            let choice = Choice::new(path, &list(given));
            assert_eq!((&choice.values, choice.is_of_names()), (&list(ascending), is_of_names), "{given}");
        };
        let check = |given, ascending, is_of_names| check_at("x", given, ascending, is_of_names);
        check_at("pods[0].cpu", r#"["1", "900m"]"#, r#"["900m", "1"]"#, false);
        check("[12, 8, 0.5, 8]", "[0.5, 8, 12]", false);
        check(r#"["b", "a", 1]"#, r#"["b", "a", 1]"#, true);
        check_at("limits.cpu", r#"["2", "500m", 1, "1000m"]"#, r#"["500m", 1, "2"]"#, false);
        check(r#"["2Gi", "900Mi", "1Gi"]"#, r#"["900Mi", "1Gi", "2Gi"]"#, false);
        check(r#"["1h", "90s", "5m"]"#, r#"["90s", "5m", "1h"]"#, false);
        check(r#"["10m", "5m"]"#, r#"["5m", "10m"]"#, false);
        check("[true, false]", "[true, false]", true);
        check(r#"[null, 3]"#, r#"[null, 3]"#, true);
    }

    #[test]
    fn sizes_are_in_their_units() {
        let sizes_at = |path: &str, texts: &[&str]| {
            let choice = Choice::new(path, &texts.iter().map(|text| Value::from(*text)).collect::<Vec<_>>());
            (0..choice.len()).map(|at| choice.size(at)).collect::<Vec<f64>>()
        };
        let sizes = |texts| sizes_at("x", texts);
        assert_eq!(sizes(&["1h", "90s"]), [90.0, 3600.0]);
        assert_eq!(sizes(&["2m", "1m"]), [60.0, 120.0]);
        assert_eq!(sizes_at("requests.cpu", &["2m", "1m"]), [0.001, 0.002]);
        assert_eq!(sizes(&["1Gi", "500m"]), [0.5, 1073741824.0]);
        assert_eq!(sizes(&["spot", "on-demand"]), [0.0, 1.0]);
    }
}
