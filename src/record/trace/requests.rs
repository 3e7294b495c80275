//! `requests.csv`: every request of the controllers' clients.

use std::io::{self, Write};

use super::Table;
use crate::kernel::time::SimTime;
use crate::record::requests::RequestRow;

/// Columns of `requests.csv`.
pub const REQUESTS_HEADER: &str = "time_s,controller,verb,resource,kind,namespace,name,sent_s,token_wait_s,status";

/// Writes the requests in the order of their answers.
///
/// # Errors
/// Those of `out`.
pub fn requests_csv(requests: &[RequestRow], out: impl Write) -> io::Result<()> {
    let mut table = Table::new(out, REQUESTS_HEADER);
    for request in requests {
        table.time(request.time);
        table.word(request.controller);
        table.word(request.verb);
        table.word(request.resource);
        table.word(request.kind);
        table.text(&request.object.namespace);
        table.text(&request.object.name);
        table.time(request.sent);
        table.time(SimTime(request.token_wait.0));
        table.number(request.status);
        table.end_row()?;
    }
    table.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::meta::ObjectName;
    use crate::kernel::time::SimDuration;
    use crate::record::fixture::at;

    #[test]
    fn a_request_is_a_row() {
        let row = RequestRow {
            time: at(1.255),
            controller: "job-controller",
            verb: "POST",
            resource: "pods",
            kind: "Job",
            object: ObjectName::new("default", "pi"),
            sent: at(1.0),
            token_wait: SimDuration::from_millis(250),
            status: 201,
        };
        let mut bytes = Vec::new();
        requests_csv(&[row], &mut bytes).unwrap();
        let wanted = "1.255,job-controller,POST,pods,Job,default,pi,1,0.25,201\n";
        assert_eq!(String::from_utf8(bytes).unwrap(), format!("{REQUESTS_HEADER}\n{wanted}"));
    }
}
