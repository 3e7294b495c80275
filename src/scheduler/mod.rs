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
//! | after a refusal | `refuse_alike(now)`: what that holds for as well is not tried one by one |
//! | its alarm is due | `next_alarm() -> Option<SimTime>`, `on_alarm(now)` |
//! | a kubelet meets a pod that was bound by hand, or one beside such pods | `refused_by_kubelet(pod, node, &others) -> Option<PodFailure>` |
//! | the autoscaler asks where there would be room | `snapshot() -> Snapshot` |
//! | someone asks why | `examine(pod) -> Examination`: each node's verdict and scores |

mod admission;
mod attempt;
mod cluster;
mod compile;
mod cycle;
pub mod decision;
pub mod examine;
mod index;
mod informer;
mod message;
mod node_info;
pub mod plugins;
pub mod preemption;
mod queue;
mod refusals;
mod requests;
mod search;
pub mod shape;
mod snapshot;
mod symbols;
mod tallies;

use crate::api::meta::{NodeId, PodId};

use crate::api::pod::PodTemplate;
use crate::kernel::rng::{Purpose, mix};
use crate::kernel::time::SimTime;

use attempt::{Choice, Plan, attempt};
use cluster::{Cluster, KnownPod};
use cycle::Cycle;
use index::{Chosen, Index};

use preemption::BudgetState;
use queue::{ClusterEvent, Queue};
use refusals::Refusals;
use tallies::Tallies;

pub use compile::LabelList;
pub use cycle::Column;
pub use decision::{Budget, Decision, NewPod, Outcome, Termination, TieBreak};
pub use shape::Shape;
pub use snapshot::{Packing, Snapshot};

/// What the draws are for.
const NODE: Purpose = Purpose(0x28);
const CANDIDATE: Purpose = Purpose(0x29);
const OFFSET: Purpose = Purpose(0x2a);

/// The scheduler.
#[derive(Debug)]
pub struct Scheduler {
    cluster: Cluster,
    queue: Queue,
    budgets: Vec<BudgetState>,
    /// The least and the highest priority of all pods so far.
    priorities: Option<(i32, i32)>,
    tie_break: TieBreak,
    /// Where the next search begins in the order of nodes.
    start: usize,
    in_flight: Option<InFlight>,
    attempts: u64,
    /// Chooses what a search over all nodes would; None: they are searched.
    index: Option<Index>,
    /// What pods were told that found no node.
    refusals: Refusals,
    tallies: Tallies,
    /// Pods that went away during their cycle and hold a place until their binding fails.
    ghosts: Vec<(PodId, Shape, NodeId)>,
    /// Pods that went away while they were being bound: once that fails it is as if they went once more
    /// (`handleBindingCycleError`).
    unbound: Vec<(PodId, Shape)>,
}

/// The cycle at hand: decided on the nodes as they were at its begin.
#[derive(Debug)]
struct InFlight {
    pod: KnownPod,
    plan: Plan,
}

impl Scheduler {
    /// A scheduler that knows of nothing.
    pub fn new(tie_break: TieBreak) -> Scheduler {
        Scheduler {
            cluster: Cluster::default(),
            queue: Queue::default(),
            budgets: Vec::new(),
            priorities: None,
            tie_break,
            start: 0,
            in_flight: None,
            attempts: 0,
            index: Some(Index::default()),
            refusals: Refusals::default(),
            tallies: Tallies::default(),
            ghosts: Vec::new(),
            unbound: Vec::new(),
        }
    }

    /// The same, but it looks at every node each time: what the index is held against.
    pub fn without_index(tie_break: TieBreak) -> Scheduler {
        Scheduler { index: None, ..Scheduler::new(tie_break) }
    }

    /// What pods of a template are to the scheduler. `labels` are all labels that the pod has.
    pub fn shape(&mut self, namespace: &str, labels: &LabelList, template: &PodTemplate) -> Shape {
        let unused = self.cluster.sweep();
        if !unused.is_empty() {
            self.index.iter_mut().for_each(|index| index.forget(&unused));
            self.refusals.forget(&unused);
            self.tallies.forget(&unused);
        }
        self.cluster.shape(namespace, labels, template)
    }

    /// Takes the next pod and decides on it; nothing has happened yet. None if no pod is to be tried now.
    ///
    /// What is told between this and [`Scheduler::finish`] no longer changes the decision, but counts for what becomes
    /// of a pod that found no node.
    pub fn begin(&mut self, _now: SimTime) -> Option<PodId> {
        debug_assert!(self.in_flight.is_none(), "one cycle at a time");
        self.cluster.settle();
        loop {
            let id = self.queue.pop()?;
            let Some(pod) = self.cluster.pod(id).filter(|pod| pod.terminating == Termination::No).cloned() else {
                self.queue.delete(id);
                continue;
            };
            self.attempts += 1;
            let entity = mix(pod.identity, self.attempts);
            let mut draw = |of: usize, choice: Choice| self.tie_break.draw(of, choice, entity);
            let chosen = match &mut self.index {
                Some(index) => index.choose(&pod, &self.cluster, self.start, &mut draw),
                None => None,
            };
            let plan = match chosen {
                Some(Chosen { node, processed }) => {
                    self.start = (self.start + processed) % self.cluster.order().len();
                    Plan::Assign(node)
                }
                None => match self.known_refusal(&pod) {
                    Some((refusal, processed)) => {
                        self.start = (self.start + processed) % self.cluster.order().len().max(1);
                        Plan::Refuse(refusal)
                    }
                    None => {
                        let mut draw = |of: usize, choice: Choice| self.tie_break.draw(of, choice, entity);
                        let cycle = Cycle::new(&pod, &self.cluster);
                        let start = self.start;
                        let plan = attempt(&cycle, &mut self.start, &self.budgets, &mut draw);
                        let nodes = self.cluster.order().len();
                        if self.index.is_some() && nodes > 0 {
                            let processed = (self.start + nodes - start % nodes) % nodes;
                            if let Plan::Refuse(refusal) = &plan {
                                self.refusals.keep(&pod, refusal, processed, &self.cluster);
                                self.tallies.expect(&pod.shape, &self.cluster);
                            }
                        }
                        plan
                    }
                },
            };
            self.in_flight = Some(InFlight { pod, plan });
            return Some(id);
        }
    }

    /// What the pod is told without a look at every node, and how many nodes that would have been.
    fn known_refusal(&mut self, pod: &KnownPod) -> Option<(attempt::Refusal, usize)> {
        if let Some(known) = self.refusals.get(pod, &self.cluster) {
            return Some(known);
        }
        let (refusal, processed) = (self.tallies.refusal(pod, &self.cluster)?, self.cluster.order().len());
        self.refusals.keep(pod, &refusal, processed, &self.cluster);
        Some((refusal, processed))
    }

    /// Ends the cycle: the pod counts as bound, or waits.
    ///
    /// # Panics
    /// No cycle was begun.
    pub fn finish(&mut self, now: SimTime) -> Decision {
        let InFlight { pod, plan } = self.in_flight.take().expect("a cycle was begun");
        let gone = self.cluster.pod(pod.id).is_none();
        let outcome = match plan {
            Plan::Assign(node) => self.assign(&pod, node, gone),
            Plan::Refuse(refusal) => self.refuse(&pod, refusal, gone, now),
        };
        Decision { pod: pod.id, outcome, gone }
    }

    fn assign(&mut self, pod: &KnownPod, node: NodeId, gone: bool) -> Outcome {
        self.queue.scheduled(pod.id);
        if gone {
            // It is assumed like any other until its binding fails.
            self.cluster.add_ghost(&pod.shape, node);
            self.ghosts.push((pod.id, pod.shape.clone(), node));
        } else {
            self.cluster.nominate(pod.id, None);
            self.cluster.place(pod.id, node);
            self.cluster.pod_mut(pod.id).expect("it is there").assumed = true;
        }
        Outcome::Bind(node)
    }

    fn refuse(&mut self, pod: &KnownPod, refusal: attempt::Refusal, gone: bool, now: SimTime) -> Outcome {
        let attempt::Refusal { message, by, nomination, displaced, victims } = refusal;
        let is_here = |id: &PodId| self.cluster.pod(*id).is_some_and(|victim| victim.terminating == Termination::No);
        let victims: Vec<PodId> = victims.iter().filter(|victim| is_here(victim)).copied().collect();
        if gone {
            return Outcome::Unschedulable { message, nomination: None, displaced: Vec::new(), victims: Vec::new() };
        }
        // Where all victims are on their way already nothing is asked for, not even other pods' nominations.
        let displaced = if victims.is_empty() { Vec::new() } else { displaced };
        if !victims.is_empty() {
            self.queue.preempts(pod.id);
        }
        let stays = self.cluster.pod(pod.id).is_some_and(|pod| pod.terminating == Termination::No);
        let is_told_all = stays && victims.is_empty() && nomination.is_none_or(|new| new.is_none());
        let told = Some(&message).filter(|_| is_told_all && refusals::is_plain(pod, &self.cluster));
        self.queue.failed(pod.id, by, told, now, &self.cluster);
        let nomination = nomination.filter(|new| *new != pod.nominated);
        if let Some(new) = nomination {
            self.cluster.nominate(pod.id, new);
            if pod.nominated.is_some() {
                self.lost_promise(pod, now);
            }
        }
        for id in &displaced {
            if let Some(other) = self.cluster.pod(*id).cloned() {
                self.cluster.nominate(*id, None);
                self.lost_promise(&other, now);
            }
        }
        Outcome::Unschedulable { message, nomination, displaced, victims }
    }

    /// Refuses pods that wait as one and are next, if what the last one was told holds for them and is nothing new to
    /// them; each would have been told so in a cycle of its own. Returns a number of what they are alike in.
    pub fn refuse_alike(&mut self, now: SimTime) -> Option<u32> {
        let shape = self.queue.next_batch().filter(|_| self.in_flight.is_none())?.number();
        let (refusal, processed) = self.refusals.of_shape(shape, &self.cluster)?;
        let pods = self.queue.fail_batch(refusal.by, &refusal.message, now)?;
        self.attempts += pods;
        let (start, pods, nodes) = (self.start as u64, pods, self.cluster.order().len().max(1) as u64);
        self.start = ((start + pods * processed as u64) % nodes) as usize;
        Some(shape)
    }

    /// The number of what a pod is alike in with others.
    pub fn number_of(&self, pod: PodId) -> Option<u32> {
        self.cluster.pod(pod).map(|pod| pod.shape.number())
    }

    /// A pod is promised its node no longer: to pods that are no more important it is as if it had left it.
    fn lost_promise(&mut self, pod: &KnownPod, now: SimTime) {
        let event = ClusterEvent::PodDeleted { shape: pod.shape.clone(), bound: false };
        self.notice(&event, Some(pod.shape.priority), now);
    }

    fn notice(&mut self, event: &ClusterEvent, most: Option<i32>, now: SimTime) {
        self.queue.notice(event, most, now, &self.cluster);
    }

    /// Could a pod make another go? Disruption budgets matter only then.
    pub fn may_preempt(&self) -> bool {
        self.priorities.is_some_and(|(least, highest)| least < highest)
    }

    /// Is there a pod to be tried now?
    pub fn is_ready(&self) -> bool {
        self.in_flight.is_none() && self.queue.is_ready()
    }

    /// When [`Scheduler::on_alarm`] has something to do next.
    pub fn next_alarm(&self) -> Option<SimTime> {
        self.queue.next_alarm()
    }

    /// Lets pods go whose back-off is over, or that have waited for five minutes.
    pub fn on_alarm(&mut self, now: SimTime) {
        self.queue.on_alarm(now);
    }
}

impl TieBreak {
    fn draw(&mut self, of: usize, choice: Choice, entity: u64) -> usize {
        let purpose = match choice {
            Choice::Node => NODE,
            Choice::Candidate => CANDIDATE,
            Choice::Offset => OFFSET,
        };
        match self {
            TieBreak::Drawn(streams) if of > 1 => {
                // A draw below `of`: the bias of the remainder is below 2^-40.
                let draw = u128::from(streams.stream(purpose, entity).next_u64());
                ((draw * of as u128) >> 64) as usize
            }
            _ => 0,
        }
    }
}
