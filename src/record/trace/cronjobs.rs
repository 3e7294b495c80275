//! `cronjobs.csv`: a CronJob's status after each instant in which a column changed.

use std::io::{self, Write};

use super::Table;
use crate::api::meta::ObjectName;
use crate::record::{CronJobLife, CronJobRow, Run};

/// Columns of `cronjobs.csv`.
pub const CRONJOBS_HEADER: &str =
    "time_s,namespace,cronjob,suspended,active,last_schedule_time_s,last_successful_time_s";

/// Writes the status rows of all CronJobs, ordered by time, namespace, name.
///
/// # Errors
/// Those of `out`.
pub fn cronjobs_csv(run: &Run, out: impl Write) -> io::Result<()> {
    let mut table = Table::new(out, CRONJOBS_HEADER);
    let of = |life: &'_ CronJobLife| -> usize { life.rows.len() };
    let mut rows: Vec<(&CronJobLife, &CronJobRow)> = Vec::with_capacity(run.cron_jobs.iter().map(of).sum());
    for life in &run.cron_jobs {
        rows.extend(life.rows.iter().map(|row| (life, row)));
    }
    // Lives of one name follow each other, and so do their rows within an instant.
    rows.sort_by(|a, b| (a.1.time, &a.0.name).cmp(&(b.1.time, &b.0.name)));
    for (life, row) in rows {
        cron_job_row(&mut table, &life.name, row)?;
    }
    table.finish()
}

/// The row of this CronJob's status.
pub(in crate::record) fn cron_job_row<W: Write>(
    table: &mut Table<W>,
    name: &ObjectName,
    row: &CronJobRow,
) -> io::Result<()> {
    table.time(row.time);
    table.text(&name.namespace);
    table.text(&name.name);
    table.word(if row.suspended { "true" } else { "false" });
    table.text(&row.active.join(";"));
    table.maybe(row.last_schedule_time);
    table.maybe(row.last_successful_time.map(|time| time.0));
    table.end_row()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::meta::ApiTime;
    use crate::record::fixture::{self, at};

    #[test]
    fn rows_are_ordered_by_time_and_name() {
        let mut run = fixture::run("nightly");
        let row = |seconds: f64, active: &[&str], last: Option<i64>| CronJobRow {
            time: at(seconds),
            suspended: last.is_none(),
            active: active.iter().map(|name| (*name).into()).collect(),
            last_schedule_time: last,
            last_successful_time: last.map(|_| ApiTime(7)),
        };
        for name in ["b", "a"] {
            let rows = vec![row(0.0, &[], None), row(60.1, &["a-1", "a-2"], Some(-60))];
            let name = ObjectName::new("default", name);
            run.cron_jobs.push(CronJobLife { name, created: at(0.0), removed: None, specs: Vec::new(), rows });
        }
        let mut bytes = Vec::new();
        cronjobs_csv(&run, &mut bytes).unwrap();
        let wanted = "\
0,default,a,true,,,
0,default,b,true,,,
60.1,default,a,false,a-1;a-2,-60,7
60.1,default,b,false,a-1;a-2,-60,7
";
        assert_eq!(String::from_utf8(bytes).unwrap(), format!("{CRONJOBS_HEADER}\n{wanted}"));
    }
}
