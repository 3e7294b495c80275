//! The `study` section of a scenario: what only studies can tell to be wrong with it, said where it stands.
//!
//! What metrics there are and where paths lead is not known to those who read documents.

use super::documents::Documents;
use super::expression::Measure;
use crate::scenario::axis::{Axis, AxisValues};
use crate::scenario::cluster::NodePool;
use crate::scenario::source::Location;
use crate::scenario::study::StudySection;
use crate::scenario::{Problem, ReadOptions, Source};

/// Unknown metrics and pools, names given twice, paths that lead nowhere.
///
/// `sources` are the scenario's own, which must be right but for this section.
pub fn problems(section: &StudySection, pools: &[NodePool], sources: &[Source], options: &ReadOptions) -> Vec<Problem> {
    let mut problems = of_metrics(section, pools);
    if !section.axes.is_empty()
        && let Ok(documents) = Documents::new(sources, options.clone())
    {
        problems.extend(of_axes(section, &documents));
    }
    problems
}

fn of_metrics(section: &StudySection, pools: &[NodePool]) -> Vec<Problem> {
    let mut names: Vec<String> = Vec::new();
    let mut problems = Vec::new();
    for (text, place) in section.metrics.iter().zip(&section.metric_places) {
        let read = Measure::parse(text).and_then(|measure| {
            measure.check(pools)?;
            let name = measure.name;
            if names.contains(&name) {
                return Err(format!("two metrics are called \"{name}\""));
            }
            names.push(name);
            Ok(())
        });
        problems.extend(read.err().map(|error| Problem::at(place.clone(), format!("spec.study.metrics: {error}"))));
    }
    problems
}

fn of_axes(section: &StudySection, documents: &Documents) -> Vec<Problem> {
    // A value may be wrong by itself and right with those of other axes, so a path is only blamed for what is wrong in
    // both cases.
    let all: Vec<&Axis> = section.axes.iter().collect();
    let together = with(documents, &all);
    let blame = |(axis, place): (&Axis, &Location)| {
        let error = match axis.check().and_then(|()| documents.place(&axis.path)) {
            Err(error) => error,
            Ok(_) => {
                together.as_ref().err()?;
                with(documents, &[axis]).err()?
            }
        };
        Some(Problem::at(place.clone(), format!("spec.study.set: {error}")))
    };
    section.axes.iter().zip(&section.axis_places).filter_map(blame).collect()
}

/// The scenario with the first value of each of these axes.
fn with(documents: &Documents, axes: &[&Axis]) -> Result<(), String> {
    let mut documents = documents.clone();
    let mut names = Vec::new();
    for axis in axes {
        let first = match &axis.values {
            AxisValues::List(values) => values.first().cloned(),
            AxisValues::Drawn(distribution, drawn) => distribution.at(0.5).map(|value| drawn.value(value)),
        };
        let Some(first) = first else { continue };
        names.push(format!("{}={first}", axis.path));
        let place = documents.place(&axis.path)?;
        documents.set(&place, first).map_err(|error| format!("at {}: {error}", names.join(" ")))?;
    }
    documents.scenario().map(drop).map_err(|error| format!("at {}: {error}", names.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::read;

    fn said(study: &str) -> Vec<String> {
        let text = format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j}}\nspec: {{template: {{spec: {{restartPolicy: Never, \
             containers: [{{name: c, image: i}}]}}}}}}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec:\n  pods: \
             [{{duration: 10s}}]\n  study:\n    {study}\n"
        );
        let sources = [Source { name: "s.yaml".to_owned(), bytes: text.into_bytes() }];
        let options = ReadOptions::default();
        let (scenario, _) =
            read(sources.to_vec(), &options).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        let found = problems(&scenario.study, &scenario.cluster.pools, &sources, &options);
        found
            .iter()
            .map(|problem| problem.location.as_ref().map_or(String::new(), ToString::to_string) + " " + &problem.title)
            .collect()
    }

    #[test]
    fn what_is_wrong_is_said_where_it_stands() {
        let check = |study: &str, parts: &[&str]| {
            let said = said(study);
            assert!(
                said.len() == parts.len() && said.iter().zip(parts).all(|(said, part)| said.contains(part)),
                "{said:?}"
            );
        };
        check("{set: {parallelism: [1, 2], 'pods[0].duration': 5s..9s}, metrics: [makespan, x=pods/2]}", &[]);
        check(
            "metrics: [makespan, makespn]",
            &["s.yaml:11:25 spec.study.metrics: metric \"makespn\": no metric is called"],
        );
        check("metrics: [cost(spot)]", &["s.yaml:11:15 spec.study.metrics: cost(spot): there is no pool \"spot\""]);
        check("metrics: [pods, pods=makespan]", &["two metrics are called \"pods\""]);
        check(
            "set: {paralelism: 1..3}",
            &["s.yaml:11:11 spec.study.set: at paralelism=1: unknown field \"spec.paralelism\""],
        );
        check(
            "set: {'pods[4].duration': 3s, 'b:parallelism': 1}",
            &["there is no item 4", "there is no Job or CronJob \"b\""],
        );
        // Wrong alone and right together: that many indexes need the mode.
        check("set: {completionMode: [Indexed], backoffLimitPerIndex: [2], completions: [4]}", &[]);
    }
}
