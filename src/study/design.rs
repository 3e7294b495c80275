//! From axes to points.

use serde_json::Value;

use crate::kernel::rng::{Purpose, Streams, entity};
use crate::scenario::axis::{Axis, AxisValues};
use crate::scenario::study::Design;

/// The values of a point, one for each axis; absent: the scenario's own.
pub type Point = Vec<Option<Value>>;

/// Points as JSON: absent values are null, and a value that is itself null is `{"value": null}`. So that nothing else
/// reads like one, mappings with the only key `value` are written in the same way.
pub mod spelling {
    use super::{Point, Value};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes points.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(points: &[Point], serializer: S) -> Result<S::Ok, S::Error> {
        let spell = |value: &Option<Value>| match value {
            None => Value::Null,
            Some(value) if value.is_null() || is_wrapped(value) => serde_json::json!({ "value": value }),
            Some(value) => value.clone(),
        };
        let points: Vec<Vec<Value>> = points.iter().map(|point| point.iter().map(spell).collect()).collect();
        points.serialize(serializer)
    }

    /// Reads what was written.
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Point>, D::Error> {
        let read = |value: Value| match value {
            Value::Null => None,
            mut value if is_wrapped(&value) => value.get_mut("value").map(Value::take),
            value => Some(value),
        };
        let points = Vec::<Vec<Value>>::deserialize(deserializer)?;
        Ok(points.into_iter().map(|point| point.into_iter().map(read).collect()).collect())
    }

    fn is_wrapped(value: &Value) -> bool {
        value.as_object().is_some_and(|fields| fields.len() == 1 && fields.contains_key("value"))
    }
}

/// The draws of a design: a number that no simulated thing has.
const DESIGN: Purpose = Purpose(0x4001);

/// Most points of a study.
const MOST: usize = 10_000_000;

/// The points of a design. Without axes: the scenario as it is.
///
/// # Errors
/// A sentence if there are too many, or none.
pub fn points(axes: &[Axis], design: Design, samples: u32, seed: u64) -> Result<Vec<Point>, String> {
    if axes.is_empty() {
        return Ok(vec![Vec::new()]);
    }
    axes.iter().try_for_each(Axis::check)?;
    if design == Design::LatinHypercube {
        return Ok(hypercube(axes, samples as usize, seed));
    }
    let lists: Vec<Vec<Value>> = axes.iter().map(|axis| list(axis, samples as usize, seed)).collect();
    if design == Design::OneAtATime {
        let mut points = vec![vec![None; axes.len()]];
        for (at, list) in lists.into_iter().enumerate() {
            for value in list {
                let mut point = vec![None; axes.len()];
                point[at] = Some(value);
                points.push(point);
            }
        }
        return Ok(points);
    }
    let count = lists.iter().try_fold(1usize, |count, list| count.checked_mul(list.len()));
    if count.is_none_or(|count| count > MOST) {
        return Err(format!("more than {MOST} points; a Latin hypercube needs few (--design latin-hypercube)"));
    }
    let mut points = vec![Vec::new()];
    for list in lists {
        let longer = |point: Point| {
            list.iter()
                .map(move |value| point.iter().cloned().chain([Some(value.clone())]).collect())
                .collect::<Vec<_>>()
        };
        points = points.into_iter().flat_map(longer).collect();
    }
    Ok(points)
}

/// The values of an axis; of a drawn one so many draws.
fn list(axis: &Axis, samples: usize, seed: u64) -> Vec<Value> {
    match &axis.values {
        AxisValues::List(values) => values.clone(),
        AxisValues::Drawn(..) => {
            let mut streams = Streams::new(seed, 0);
            let mut stream = streams.stream(DESIGN, entity(&[axis.path.as_bytes()]));
            (0..samples).map(|_| at(axis, stream.unit())).collect()
        }
    }
}

/// The value of an axis at a share of it.
fn at(axis: &Axis, share: f64) -> Value {
    match &axis.values {
        AxisValues::List(values) => values[((share * values.len() as f64) as usize).min(values.len() - 1)].clone(),
        AxisValues::Drawn(distribution, drawn) => {
            distribution.at(share).map_or(Value::Null, |value| drawn.value(value))
        }
    }
}

/// Each axis is cut into slices of equal share, each of which is met once, at a place that is drawn.
fn hypercube(axes: &[Axis], samples: usize, seed: u64) -> Vec<Point> {
    let mut points = vec![Vec::with_capacity(axes.len()); samples];
    let mut streams = Streams::new(seed, 0);
    for axis in axes {
        let mut stream = streams.stream(DESIGN, entity(&[b"slices", axis.path.as_bytes()]));
        let mut slices: Vec<usize> = (0..samples).collect();
        // Fisher and Yates.
        for last in (1..samples).rev() {
            slices.swap(last, ((stream.unit() * (last + 1) as f64) as usize).min(last));
        }
        for (point, slice) in points.iter_mut().zip(slices) {
            point.push(Some(at(axis, (slice as f64 + stream.unit()) / samples as f64)));
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn axes() -> Vec<Axis> {
        ["a=1..2", "b=5,6,7"].map(|text| Axis::parse(text).expect("an axis")).to_vec()
    }

    fn rows(points: Vec<Point>) -> Value {
        json!(points)
    }

    #[test]
    fn each_with_each_or_each_by_itself() {
        let found = points(&axes(), Design::Cartesian, 9, 0).expect("points");
        assert_eq!(rows(found), json!([[1, 5], [1, 6], [1, 7], [2, 5], [2, 6], [2, 7]]));
        let found = points(&axes(), Design::OneAtATime, 9, 0).expect("points");
        assert_eq!(rows(found), json!([[null, null], [1, null], [2, null], [null, 5], [null, 6], [null, 7]]));
        assert_eq!(points(&[], Design::Cartesian, 9, 0), Ok(vec![vec![]]));
        let many = ["a=1..9999", "b=1..9999"].map(|text| Axis::parse(text).expect("an axis"));
        assert!(points(&many, Design::Cartesian, 9, 0).is_err());
        let none = [Axis { path: "a".to_owned(), values: AxisValues::List(Vec::new()) }];
        let twice = [Axis::parse("a=1..3,2").expect("an axis")];
        assert_eq!(points(&twice, Design::Cartesian, 9, 0), Err("a has the value 2 twice".to_owned()));
        let designs = [Design::Cartesian, Design::OneAtATime, Design::LatinHypercube];
        assert!(designs.iter().all(|&design| points(&none, design, 9, 0) == Err("a has no values".to_owned())));
    }

    #[test]
    fn a_latin_hypercube_meets_every_slice_once() {
        let axes = ["a=~uniform(min: 0, max: 999)", "b=1..10"].map(|text| Axis::parse(text).expect("an axis"));
        for seed in 0..20 {
            let found = points(&axes, Design::LatinHypercube, 10, seed).expect("points");
            let mut slices: Vec<i64> =
                found.iter().map(|p| p[0].as_ref().and_then(Value::as_i64).expect("a") / 100).collect();
            let mut list: Vec<i64> = found.iter().map(|p| p[1].as_ref().and_then(Value::as_i64).expect("b")).collect();
            slices.sort_unstable();
            list.sort_unstable();
            assert_eq!(slices, (0..10).collect::<Vec<_>>());
            assert_eq!(list, (1..=10).collect::<Vec<_>>());
        }
        let again = points(&axes, Design::LatinHypercube, 10, 3);
        assert_eq!(again, points(&axes, Design::LatinHypercube, 10, 3));
        assert_ne!(again, points(&axes, Design::LatinHypercube, 10, 4));
    }

    #[test]
    fn drawn_values_are_the_same_for_a_seed() {
        let axes = [Axis::parse("a=~exponential(mean: 100)").expect("an axis")];
        let found = points(&axes, Design::Cartesian, 400, 1).expect("points");
        let sum: i64 = found.iter().map(|p| p[0].as_ref().and_then(Value::as_i64).expect("a")).sum();
        assert!((sum / 400 - 100).abs() < 20, "{sum}");
    }
}
