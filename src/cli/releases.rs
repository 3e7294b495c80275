//! `jobsim releases`: what changed for Jobs and CronJobs, release by release.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::kubernetes::KubernetesArgs;
use super::out;
use crate::api::release::{CHANGES, Change, FIELDS, GATES, Kubernetes, Release};

/// Arguments of `jobsim releases`.
#[derive(Debug, Args)]
pub struct ReleasesArgs {
    #[command(flatten)]
    kubernetes: KubernetesArgs,
    /// How the table is written
    #[arg(short, long, value_enum, default_value_t = Output::Human)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people
    Human,
    /// One JSON object
    Json,
}

/// Prints the table of rules, fields and feature gates.
pub fn run(args: &ReleasesArgs) -> anyhow::Result<ExitCode> {
    let kubernetes = args.kubernetes.over(&[])?;
    let mut out = BufWriter::new(out::stdout());
    match args.output {
        Output::Human => human(&mut out, kubernetes.as_ref())?,
        Output::Json => {
            serde_json::to_writer_pretty(&mut out, &table(&kubernetes.unwrap_or_default()))?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn human(out: &mut dyn Write, kubernetes: Option<&Kubernetes>) -> io::Result<()> {
    writeln!(out, "RULE  SINCE  UPSTREAM  SINCE THEN, AND BEFORE")?;
    for change in CHANGES {
        let held =
            kubernetes.map_or("", |kubernetes| if kubernetes.rules().holds(change) { "" } else { " (not here)" });
        let Change { code, since, upstream, now, before, .. } = change;
        writeln!(out, "{code:<5} {:<6} {upstream:<9} {now}{held}", since.to_string())?;
        writeln!(out, "{:23}before: {before}", "")?;
        if !change.gates.is_empty() {
            writeln!(out, "{:23}feature gate {}", "", change.gates.join(" or "))?;
        }
    }
    writeln!(out, "\nFIELD                                        SINCE")?;
    for field in FIELDS.iter().filter(|field| field.since > Release::OLDEST) {
        writeln!(out, "{:<44} {}", field.field, field.since)?;
    }
    writeln!(out, "\nFEATURE GATE                                 STAGES")?;
    for gate in GATES {
        let on = kubernetes.map_or(String::new(), |k| format!(" ({})", if k.is_on(gate.name) { "on" } else { "off" }));
        writeln!(out, "{:<44} {}{on}", gate.name, gate.history())?;
    }
    Ok(())
}

fn table(kubernetes: &Kubernetes) -> serde_json::Value {
    let rules = kubernetes.rules();
    let change = |change: &Change| {
        json!({
            "rule": change.rule,
            "number": change.code,
            "since": change.since.to_string(),
            "gates": change.gates,
            "upstream": change.upstream,
            "now": change.now,
            "before": change.before,
            "holds": rules.holds(change),
        })
    };
    let fields = FIELDS.iter().map(|f| json!({"field": f.field, "since": f.since.to_string(), "gate": f.gate}));
    let gates = GATES.iter().map(|gate| {
        let stage = gate.stage(kubernetes.release).map(|stage| format!("{stage:?}").to_lowercase());
        json!({"name": gate.name, "history": gate.history(), "stage": stage, "on": kubernetes.is_on(gate.name)})
    });
    json!({
        "kubernetes": kubernetes.release.to_string(),
        "changes": CHANGES.iter().map(change).collect::<Vec<_>>(),
        "fields": fields.collect::<Vec<_>>(),
        "featureGates": gates.collect::<Vec<_>>(),
    })
}
