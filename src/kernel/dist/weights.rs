//! A choice among things with weights.

use super::DistributionError;

/// Things, each with the sum of the weights up to and including its own. Not empty; the sums grow.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weights<T> {
    sums: Box<[f64]>,
    things: Box<[T]>,
}

impl<T> Weights<T> {
    /// Weights count relative to their sum. Things that cannot come up are left out.
    pub(super) fn new(weighted: impl IntoIterator<Item = (f64, T)>) -> Result<Weights<T>, DistributionError> {
        let (mut sums, mut things, mut sum) = (Vec::new(), Vec::new(), 0.0);
        for (weight, thing) in weighted {
            if !weight.is_finite() {
                return Err(DistributionError::NotFinite("weight"));
            }
            if weight < 0.0 {
                return Err(DistributionError::Negative("weight"));
            }
            // A weight that is lost in rounding could not come up either.
            if sum + weight > sum {
                sum += weight;
                sums.push(sum);
                things.push(thing);
            }
        }
        match sum {
            f64::INFINITY => Err(DistributionError::NotFinite("the sum of the weights")),
            0.0 => Err(DistributionError::NoWeight),
            _ => Ok(Weights { sums: sums.into(), things: things.into() }),
        }
    }

    /// The thing at the share `u` of all weight, between 0 and 1.
    pub(super) fn at(&self, u: f64) -> &T {
        let last = self.sums.len() - 1;
        let target = u * self.sums[last];
        &self.things[self.sums.partition_point(|sum| *sum <= target).min(last)]
    }

    /// The weighted mean of what `value` says of each.
    pub(super) fn mean(&self, value: impl Fn(&T) -> f64) -> f64 {
        self.shares().map(|(share, thing)| share * value(thing)).sum()
    }

    /// The things and their shares of 1.
    pub(super) fn shares(&self) -> impl Iterator<Item = (f64, &T)> {
        let total = self.sums[self.sums.len() - 1];
        let before = std::iter::once(&0.0).chain(&self.sums);
        self.sums
            .iter()
            .zip(before)
            .zip(&self.things)
            .map(move |((sum, before), thing)| ((sum - before) / total, thing))
    }

    /// The only thing, if there is but one.
    pub(super) fn only(&self) -> Option<&T> {
        match &*self.things {
            [thing] => Some(thing),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_come_up_by_weight() {
        let weights = Weights::new([(1.0, 'a'), (0.0, 'b'), (2.0, 'c'), (1.0, 'd')]).unwrap();
        let check = |u, thing| assert_eq!(*weights.at(u), thing, "{u}");
        check(1e-16, 'a');
        check(0.2499, 'a');
        check(0.25, 'c');
        check(0.7499, 'c');
        check(0.75, 'd');
        check(1.0 - 1e-16, 'd');
        check(1.0, 'd');
        assert_eq!(weights.shares().map(|(share, _)| share).collect::<Vec<_>>(), [0.25, 0.5, 0.25]);
    }

    #[test]
    fn weights_must_be_able_to_choose() {
        let check = |weights: &[f64], sentence: &str| {
            let error = Weights::new(weights.iter().map(|weight| (*weight, ()))).unwrap_err();
            assert_eq!(error.to_string(), sentence, "{weights:?}");
        };
        check(&[], "at least one weight must be greater than 0");
        check(&[0.0, 0.0], "at least one weight must be greater than 0");
        check(&[1.0, -1.0], "weight must not be negative");
        check(&[f64::NAN], "weight must be a finite number");
        check(&[f64::MAX, f64::MAX], "the sum of the weights must be a finite number");
    }
}
