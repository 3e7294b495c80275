//! Schedules and time zones as the API server reads them.

use crate::apiserver::Clockwork;
use crate::controllers::cronjob::schedule::Schedule;
use crate::controllers::cronjob::zone::Zone;

/// The cron library and the time zone data inside the program.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clocks;

impl Clockwork for Clocks {
    fn check_schedule(&self, schedule: &str) -> Result<(), String> {
        Schedule::parse(schedule).map(|_| ())
    }

    fn check_time_zone(&self, name: &str) -> Result<(), String> {
        Zone::load(name).map(|_| ())
    }
}
