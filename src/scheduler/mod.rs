//! The scheduler: the released default profile of kube-scheduler 1.37, as a pure component.
//!
//! It is told what its informers would be told, and asked for one decision after the other; it draws nothing but ties
//! and sets no alarm itself. How the world drives it:
//!
//! | when | say |
//! |---|---|
//! | a node was created, changed, deleted | `node_added(id, &node, now)`, `node_updated(id, &node, now)`, `node_removed(id, now)` |
//! | a template is met first | `shape(namespace, labels, &template) -> Shape`; keep it, it is shared and cheap to clone |
//! | a pod was created | `pod_added(NewPod, now)` |
//! | a binding was written, as its watch shows it | `pod_bound(pod, node, now)` |
//! | a pod's labels, tolerations, gates or requests changed | `pod_changed(pod, shape, now)` |
//! | the kubelet wrote `startTime` | `pod_started(pod, time)` |
//! | a pod got a deletionTimestamp | `pod_terminating(pod, Termination, now)` |
//! | a pod ended (Succeeded, Failed) or is gone | `pod_gone(pod, now)` |
//! | a binding failed | `binding_failed(pod, now)` |
//! | all deletions of an attempt's victims but the last were sent, before the last is | `preemption_done(pod, now)` |
//! | budgets, services, namespaces' labels changed | `set_budgets(..)`, `set_services(..)`, `set_namespace(name, labels)` |
//! | it may work | `begin(now) -> Option<PodId>`: takes the next pod and looks at the nodes as they are now |
//! | a scheduling cycle later, or at once | `finish(now) -> Decision` |
//! | its alarm is due | `next_alarm() -> Option<SimTime>`, `on_alarm(now)` |
//! | someone asks why | `examine(pod) -> Examination`: each node's verdict and scores |

mod cluster;
mod compile;
mod cycle;
pub mod decision;
mod message;
mod node_info;
pub mod plugins;
pub mod preemption;
mod requests;
mod search;
pub mod shape;
mod symbols;

pub use decision::{Budget, Decision, NewPod, Outcome, Termination, TieBreak};
