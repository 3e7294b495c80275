//! A client's token bucket (`rate.Limiter` as client-go uses it): reservations queue in the order of the calls.

use crate::kernel::time::{NANOS_PER_SECOND, SimDuration, SimTime};

/// Tokens that come at a rate, up to a burst; those of the future can be taken too.
#[derive(Clone, Debug)]
pub struct RateLimiter {
    qps: f64,
    burst: f64,
    tokens: f64,
    last: SimTime,
}

impl RateLimiter {
    /// A full bucket of `burst` tokens, refilled with `qps` a second.
    pub fn new(qps: f64, burst: u32) -> RateLimiter {
        RateLimiter { qps, burst: f64::from(burst), tokens: f64::from(burst), last: SimTime::ZERO }
    }

    /// The bucket is as it was at the start of time.
    pub fn refill(&mut self) {
        (self.tokens, self.last) = (self.burst, SimTime::ZERO);
    }

    /// Takes a token, if need be one of the future, and says how long to wait for it.
    pub fn reserve(&mut self, now: SimTime) -> SimDuration {
        // In the order of Go's operations, so that every nanosecond is the same.
        let elapsed = now.since(self.last).0;
        let seconds = (elapsed / NANOS_PER_SECOND) as f64 + (elapsed % NANOS_PER_SECOND) as f64 / 1e9;
        self.tokens = (self.tokens + seconds * self.qps).min(self.burst) - 1.0;
        self.last = now;
        if self.tokens >= 0.0 { SimDuration::ZERO } else { SimDuration((-self.tokens / self.qps * 1e9) as u64) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let mut bucket = RateLimiter::new(20.0, 3);
        let waits: Vec<u64> = (0..6).map(|_| bucket.reserve(SimTime::ZERO).0 / 1_000_000).collect();
        assert_eq!(waits, [0, 0, 0, 50, 100, 150]);
        assert_eq!(bucket.reserve(SimTime(100_000_000)).0 / 1_000_000, 100);
        assert_eq!(bucket.reserve(SimTime::from_secs(60)), SimDuration::ZERO);
    }
}
