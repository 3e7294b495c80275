//! Scenarios for threads of their own.

use std::sync::Arc;

use super::{Arrivals, JobObject, Object, Scenario};
use crate::api::job::JobSpec;
use crate::api::meta::ObjectName;
use crate::api::pod::PodTemplate;
use crate::apiserver::{BarePod, NewCronJob};

impl Scenario {
    /// A copy that shares with this one nothing that a run counts references to again and again: threads that run one
    /// scenario would wait for each other at each of these counts.
    #[must_use]
    pub fn detached(&self) -> Scenario {
        let arrivals = self.arrivals.iter().map(|of| {
            let Arrivals { template, process, set } = of.clone();
            Arrivals { template: Arc::new(job(&template)), process, set }
        });
        Scenario {
            behaviour: Arc::new(self.behaviour.detached()),
            objects: self.objects.iter().map(object).collect(),
            arrivals: arrivals.collect(),
            cluster: Arc::new((*self.cluster).clone()),
            ..self.clone()
        }
    }
}

fn object(of: &Object) -> Object {
    match of {
        Object::CronJob(of) => {
            let mut spec = (*of.spec).clone();
            let mut made = (*spec.job_template).clone();
            (made.spec, made.manifest) = (job_spec(&made.spec), Arc::new((*made.manifest).clone()));
            spec.job_template = Arc::new(made);
            let manifest = Arc::new((*of.manifest).clone());
            Object::CronJob(Box::new(NewCronJob { name: name(&of.name), spec: Arc::new(spec), manifest }))
        }
        Object::Job(of) => Object::Job(Box::new(job(of))),
        Object::Pod(of) => Object::Pod(Arc::new(BarePod {
            name: name(&of.name),
            template: template(&of.template),
            manifest: Arc::new((*of.manifest).clone()),
        })),
        Object::Node(of) => Object::Node(Arc::new((**of).clone())),
        other => other.clone(),
    }
}

fn job(of: &JobObject) -> JobObject {
    JobObject {
        name: name(&of.name),
        spec: job_spec(&of.spec),
        manifest: Arc::new((*of.manifest).clone()),
        sent: Arc::new((*of.sent).clone()),
    }
}

fn job_spec(of: &JobSpec) -> Arc<JobSpec> {
    Arc::new(JobSpec { template: template(&of.template), ..of.clone() })
}

fn template(of: &PodTemplate) -> Arc<PodTemplate> {
    Arc::new(of.clone())
}

fn name(of: &ObjectName) -> ObjectName {
    ObjectName::new(&of.namespace, &of.name)
}
