//! `kubectl get pods -w`: a line for each change of a pod.

use std::io::{self, Write};

use super::duration;
use super::table::Columns;
use crate::record::watch::PodRow;

/// The longest STATUS of a pod that never restarts its containers, `ContainerCreating`, and of one that does.
const STATUS_WIDTHS: [usize; 2] = [17, "Init:CrashLoopBackOff".len()];

/// RESTARTS without a restart is as wide as its title; with one, as `12 (5m10s ago)`.
const RESTARTS_WIDTHS: [usize; 2] = [8, 14];

/// Room for the name of a node, which is seldom known beforehand.
const NODE_WIDTH: usize = 12;

/// What is known of the rows to come, so that no row is ragged.
#[derive(Clone, Copy, Debug, Default)]
pub struct WatchOptions {
    /// Characters of the longest pod name.
    pub name_width: usize,
    /// Characters of the longest namespace; given when there is more than one, which adds the column NAMESPACE.
    pub namespace_width: Option<usize>,
    /// May containers restart in their pod?
    pub restarts: bool,
    /// `-o wide`: also IP, NODE, NOMINATED NODE, READINESS GATES.
    pub wide: bool,
}

impl WatchOptions {
    /// The columns whose rows to come are wider than their titles, with their widths.
    pub fn rooms(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let restarts = usize::from(self.restarts);
        let of_pods =
            [("NAME", self.name_width), ("STATUS", STATUS_WIDTHS[restarts]), ("RESTARTS", RESTARTS_WIDTHS[restarts])];
        self.namespace_width.map(|width| ("NAMESPACE", width)).into_iter().chain(of_pods)
    }
}

/// Writes the watch, row by row; the header comes with the first one.
pub struct WatchView<W: Write> {
    out: W,
    options: WatchOptions,
    columns: Columns,
    text: String,
    begun: bool,
}

impl<W: Write> WatchView<W> {
    /// A view that has shown nothing yet.
    pub fn new(out: W, options: WatchOptions) -> WatchView<W> {
        let restarts = usize::from(options.restarts);
        let mut widths: Vec<usize> = options.namespace_width.into_iter().collect();
        widths.extend([options.name_width, 0, STATUS_WIDTHS[restarts], RESTARTS_WIDTHS[restarts]]);
        if options.wide {
            widths.extend(["9m59s".len(), "<none>".len(), NODE_WIDTH]);
        }
        WatchView { out, options, columns: Columns::new(widths), text: String::new(), begun: false }
    }

    /// Shows a pod as it is after a change.
    ///
    /// # Errors
    /// Those of the writer, a closed pipe among them.
    pub fn show(&mut self, row: &PodRow) -> io::Result<()> {
        self.text.clear();
        if !self.begun {
            self.begun = true;
            self.header();
        }
        let (ready, containers) = row.ready;
        let (ready, restarts) = (format!("{ready}/{containers}"), restarts(row));
        let age = duration::age(row.created, row.time);
        let mut cells: Vec<&str> = Vec::with_capacity(10);
        cells.extend(self.options.namespace_width.map(|_| &*row.namespace));
        cells.extend([row.name.as_str(), &ready, &row.status, &restarts, &age]);
        if self.options.wide {
            let node = row.node.as_deref().unwrap_or("<none>");
            cells.extend(["<none>", node, "<none>", "<none>"]);
        }
        self.columns.line(&cells, &mut self.text);
        self.out.write_all(self.text.as_bytes())
    }

    /// Has a row been shown?
    pub fn begun(&self) -> bool {
        self.begun
    }

    /// Writes out what the writer still holds and gives it back.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn header(&mut self) {
        let mut titles: Vec<&str> = self.options.namespace_width.map(|_| "NAMESPACE").into_iter().collect();
        titles.extend(["NAME", "READY", "STATUS", "RESTARTS", "AGE"]);
        if self.options.wide {
            titles.extend(["IP", "NODE", "NOMINATED NODE", "READINESS GATES"]);
        }
        self.columns.line(&titles, &mut self.text);
    }
}

/// `2 (10s ago)`, as `printPod` writes it.
fn restarts(row: &PodRow) -> String {
    match row.last_restart {
        Some(last) if row.restarts > 0 => format!("{} ({} ago)", row.restarts, duration::age(last, row.time)),
        _ => row.restarts.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::at;

    fn row(seconds: f64, name: &str, ready: (u32, u32), status: &'static str) -> PodRow {
        PodRow {
            time: at(seconds),
            name: name.into(),
            namespace: "default".into(),
            ready,
            status: status.into(),
            restarts: 0,
            last_restart: None,
            created: at(0.0),
            node: None,
        }
    }

    fn view(options: WatchOptions, rows: &[PodRow]) -> String {
        let mut view = WatchView::new(Vec::new(), options);
        rows.iter().for_each(|row| view.show(row).unwrap());
        String::from_utf8(view.finish().unwrap()).unwrap()
    }

    #[test]
    fn the_tutorials_watch() {
        let rows = [
            row(0.0, "pi-x7k2p", (0, 1), "Pending"),
            row(0.0, "pi-b4zqw", (0, 1), "Pending"),
            row(0.1, "pi-x7k2p", (0, 1), "ContainerCreating"),
            row(2.4, "pi-x7k2p", (1, 1), "Running"),
            row(9.6, "pi-x7k2p", (0, 1), "Completed"),
        ];
        let wanted = "\
NAME       READY   STATUS              RESTARTS   AGE
pi-x7k2p   0/1     Pending             0          0s
pi-b4zqw   0/1     Pending             0          0s
pi-x7k2p   0/1     ContainerCreating   0          0s
pi-x7k2p   1/1     Running             0          2s
pi-x7k2p   0/1     Completed           0          9s
";
        assert_eq!(view(WatchOptions { name_width: 8, ..Default::default() }, &rows), wanted);
    }

    #[test]
    fn restarts_say_how_long_ago_and_keep_their_column() {
        let mut rows = [
            row(1.0, "flaky-abcde", (1, 1), "Running"),
            row(3.0, "flaky-abcde", (0, 1), "Error"),
            row(13.9, "flaky-abcde", (1, 1), "Running"),
            row(403.0, "flaky-abcde", (0, 1), "Init:CrashLoopBackOff"),
        ];
        (rows[2].restarts, rows[2].last_restart) = (1, Some(at(3.0)));
        (rows[3].restarts, rows[3].last_restart) = (12, Some(at(93.4)));
        let wanted = "\
NAME          READY   STATUS                  RESTARTS         AGE
flaky-abcde   1/1     Running                 0                1s
flaky-abcde   0/1     Error                   0                3s
flaky-abcde   1/1     Running                 1 (10s ago)      13s
flaky-abcde   0/1     Init:CrashLoopBackOff   12 (5m10s ago)   6m43s
";
        assert_eq!(view(WatchOptions { name_width: 11, restarts: true, ..Default::default() }, &rows), wanted);
    }

    #[test]
    fn wide_and_several_namespaces() {
        let mut rows = [row(0.0, "a", (0, 2), "Pending"), row(5.0, "a", (2, 2), "Running")];
        rows[0].namespace = "batch".into();
        rows[1].node = Some("node-1".into());
        let wanted = "\
NAMESPACE   NAME   READY   STATUS              RESTARTS   AGE     IP       NODE           NOMINATED NODE   READINESS GATES
batch       a      0/2     Pending             0          0s      <none>   <none>         <none>           <none>
default     a      2/2     Running             0          5s      <none>   node-1         <none>           <none>
";
        let options = WatchOptions { name_width: 1, namespace_width: Some(7), wide: true, restarts: false };
        assert_eq!(view(options, &rows), wanted);
    }

    #[test]
    fn nothing_is_printed_for_no_pods() {
        assert_eq!(view(WatchOptions::default(), &[]), "");
    }
}
