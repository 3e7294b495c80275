//! `events.csv`: Kubernetes events, before any folding of repeats.

use std::io::{self, Write};

use super::Table;
use crate::record::{EventRow, Run};

/// Columns of `events.csv`.
pub const EVENTS_HEADER: &str = "time_s,type,reason,kind,namespace,name,message";

/// Writes the events, ordered by time, namespace, name of the object, and then as they were recorded.
///
/// # Errors
/// Those of `out`.
pub fn events_csv(run: &Run, out: impl Write) -> io::Result<()> {
    let mut table = Table::new(out, EVENTS_HEADER);
    for event in order(&run.events) {
        event_row(&mut table, event)?;
    }
    table.finish()
}

/// The row of an event.
pub(in crate::record) fn event_row<W: Write>(table: &mut Table<W>, event: &EventRow) -> io::Result<()> {
    table.time(event.time);
    table.word(if event.warning { "Warning" } else { "Normal" });
    table.text(event.reason);
    table.text(event.kind);
    table.text(&event.object.namespace);
    table.text(&event.object.name);
    table.text(&event.message);
    table.end_row()
}

fn order(events: &[EventRow]) -> Vec<&EventRow> {
    let mut rows: Vec<&EventRow> = events.iter().collect();
    rows.sort_by(|a, b| (a.time, &a.object).cmp(&(b.time, &b.object)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::meta::ObjectName;
    use crate::record::fixture;

    #[test]
    fn events_of_an_instant_are_ordered_by_object_and_kept_as_recorded_within_it() {
        let mut run = fixture::run("events");
        for (time, warning, reason, kind, name, message) in [
            (0.5, false, "SuccessfulCreate", "Job", "b", "Created pod: b-1"),
            (0.5, false, "SuccessfulCreate", "Job", "a", "Created pod: a-2"),
            (0.5, false, "Suspended", "Job", "a", "Job suspended"),
            (0.0, true, "FailedCreate", "Job", "c", "pods \"c-x\" is forbidden: exceeded quota, used: 2"),
        ] {
            let object = ObjectName::new("default", name);
            run.events.push(EventRow {
                time: fixture::at(time),
                warning,
                reason,
                kind,
                object,
                message: message.into(),
            });
        }
        let wanted = "\
0,Warning,FailedCreate,Job,default,c,\"pods \"\"c-x\"\" is forbidden: exceeded quota, used: 2\"
0.5,Normal,SuccessfulCreate,Job,default,a,Created pod: a-2
0.5,Normal,Suspended,Job,default,a,Job suspended
0.5,Normal,SuccessfulCreate,Job,default,b,Created pod: b-1
";
        let mut bytes = Vec::new();
        events_csv(&run, &mut bytes).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), format!("{EVENTS_HEADER}\n{wanted}"));
    }
}
