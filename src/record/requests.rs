//! Every request of the controllers' clients, for `requests.csv`.

use crate::api::meta::{ObjectId, ObjectName};
use crate::apiserver::store::Store;
use crate::kernel::time::{SimDuration, SimTime};
use crate::world::observer::{Observer, RequestSpan};

/// A request that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRow {
    /// When it took effect and was answered.
    pub time: SimTime,
    /// Whose client sent it.
    pub controller: &'static str,
    /// `POST`, `PUT`, `PATCH`, `DELETE` or `GET`.
    pub verb: &'static str,
    /// `pods`, `jobs/status` and the like.
    pub resource: &'static str,
    /// Kind of the object on whose behalf: `Job` or `CronJob`.
    pub kind: &'static str,
    /// Its namespace and name.
    pub object: ObjectName,
    /// When it was sent.
    pub sent: SimTime,
    /// How long it waited for a token of the client.
    pub token_wait: SimDuration,
    /// The HTTP status of the answer.
    pub status: u16,
}

/// Keeps every request.
#[derive(Debug, Default)]
pub struct RequestTrace {
    rows: Vec<RequestRow>,
    /// Names of Jobs by number of creation, as events are written after their Job may have gone.
    names: Vec<Option<ObjectName>>,
}

impl RequestTrace {
    /// The requests, in the order of their answers.
    pub fn into_rows(self) -> Vec<RequestRow> {
        self.rows
    }

    fn job_name(&mut self, uid: u32, standing: Option<&ObjectName>) -> Option<ObjectName> {
        let place = uid as usize;
        if self.names.len() <= place {
            self.names.resize(place + 1, None);
        }
        if let (None, Some(name)) = (&self.names[place], standing) {
            self.names[place] = Some(name.clone());
        }
        self.names[place].clone()
    }
}

impl Observer for RequestTrace {
    fn on_request(&mut self, request: &RequestSpan, store: &Store) {
        let (kind, object) = match request.about {
            ObjectId::Job(id) => ("Job", self.job_name(id.uid, store.job(id).map(|job| &job.name))),
            ObjectId::CronJob(id) => ("CronJob", store.cron_job(id).map(|cron_job| cron_job.name.clone())),
            // No controller sends requests for these.
            ObjectId::Pod(_) | ObjectId::Node(_) | ObjectId::AutoscalerStatus => return,
        };
        let Some(object) = object else { return };
        self.rows.push(RequestRow {
            time: request.effective,
            controller: request.controller.name(),
            verb: request.verb,
            resource: request.resource,
            kind,
            object,
            sent: request.sent,
            token_wait: request.token_wait,
            status: request.status,
        });
    }
}
