//! From `spec.arrivals` to streams of Jobs: templates are taken out of the objects.

use std::sync::Arc;

use super::problem::Problem;
use super::read::Reader;
use super::simulation::{Arriving, Simulation};
use super::source::{Location, Span};
use super::{Arrivals, Drawn, JobObject, Object, SetField};
use crate::apiserver::admission::wrong_type;

impl Reader<'_> {
    /// The streams of arrivals, in the order of the document. Their templates are objects no longer.
    pub(super) fn arrivals(
        &mut self,
        simulation: &Simulation,
        at: Option<&Location>,
        objects: &mut Vec<Object>,
    ) -> Vec<Arrivals> {
        let mut all = Vec::new();
        for (number, arriving) in simulation.arrivals.iter().enumerate() {
            let Some(at) = at else { continue };
            let place = |span: Span| Location { source: at.source.clone(), span };
            match self.arriving(number, arriving, place, objects) {
                Ok(arrivals) => all.push(arrivals),
                Err(problem) => self.problems.list.extend(problem),
            }
        }
        all
    }

    fn arriving(
        &mut self,
        number: usize,
        arriving: &Arriving,
        place: impl Fn(Span) -> Location,
        objects: &mut Vec<Object>,
    ) -> Result<Arrivals, Option<Problem>> {
        let (name, span) = &arriving.template;
        let is_template = |object: &Object| matches!(object, Object::Job(job) if job.name == *name);
        let found = objects.iter().position(is_template).map(|at| objects.remove(at));
        let Some(Object::Job(template)) = found else {
            // What is wrong with it has been said.
            if self.has_bad_job {
                return Err(None);
            }
            let title = format!("there is no Job {} left to copy", name.name);
            let help = "a template is a Job of the scenario; each is the template of one stream of arrivals";
            return Err(Some(Problem::at(place(*span), title).help(help)));
        };
        let wrong = arriving.set.iter().filter_map(|(field, span)| {
            let title = format!("spec.arrivals[{number}].set.{}: {}", field.path, refusal(field, &template)?);
            Some(Problem::at(place(*span), title))
        });
        self.problems.list.extend(wrong);
        let set = arriving.set.iter().map(|(field, _)| field.clone()).collect();
        Ok(Arrivals { template: Arc::new(*template), process: arriving.process.clone(), set })
    }
}

/// Why a Job cannot have what one of its fields is to be set to, whatever else is.
fn refusal(field: &SetField, template: &JobObject) -> Option<String> {
    let values = match &field.value {
        Drawn::Value(value) => vec![value.clone()],
        Drawn::Number(of) => vec![field.given(of.at(0.5).unwrap_or(1).into())],
        Drawn::OneOf(_, values) => values.clone(),
    };
    values.into_iter().find_map(|value| {
        let mut job = serde_json::Value::clone(&template.sent);
        let text = value.to_string();
        match field.path.set(&mut job, value) {
            // It begins with the path, as what is said does.
            Err(error) => Some(error.strip_prefix(&format!("{}: ", field.path)).unwrap_or(&error).to_owned()),
            Ok(()) => wrong_type("Job", &job).map(|error| format!("{text} does not fit: {error}")),
        }
    })
}
