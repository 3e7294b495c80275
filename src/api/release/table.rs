//! The table of differences between releases: a line a rule. Its number, if it has one, is that of its scenario under
//! `scenarios/releases/`; the text says what holds since then, and what held before.
//!
//! A release stands for its last patch, so a fix that was picked back holds from the oldest release that got it: J1 was
//! made for 1.34 and is in the last patches of 1.31. Fields that a release knew and later ones do not
//! (`PodResourceClaim.source` up to 1.30, `PodSpec.workloadRef` in 1.35, all behind alpha gates) are not in the table.

use super::{Kubernetes, Release};

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// The name of the rule in [`Rules`].
    pub rule: &'static str,
    /// Its number.
    pub code: &'static str,
    /// The first release that has it.
    pub since: Release,
    /// It holds while any of these gates is on; always if there is none.
    pub gates: &'static [&'static str],
    /// Where it was changed upstream.
    pub upstream: &'static str,
    /// What holds since then.
    pub now: &'static str,
    /// What held before.
    pub before: &'static str,
}

macro_rules! changes {
    ($($rule:ident: $code:literal, $since:literal, $gates:expr, $upstream:literal, $now:literal, $before:literal;)*) => {
        /// The rules of a release, as plain yes and no.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Rules {
            /// The release, for what differs in words alone.
            pub release: Release,
            $(#[doc = $now] pub $rule: bool,)*
        }

        impl Rules {
            /// The rules of a cluster's Kubernetes.
            pub fn of(kubernetes: &Kubernetes) -> Rules {
                Rules { release: kubernetes.release, $($rule: kubernetes.has_line(stringify!($rule), $since, $gates),)* }
            }

            /// Does the rule of this line hold?
            pub fn holds(&self, change: &Change) -> bool {
                match change.rule {
                    $(stringify!($rule) => self.$rule,)*
                    _ => false,
                }
            }
        }

        /// The table, in the order of the numbers.
        pub const CHANGES: &[Change] = &[$(Change {
            rule: stringify!($rule),
            code: $code,
            since: Release($since),
            gates: $gates,
            upstream: $upstream,
            now: $now,
            before: $before,
        },)*];
    };
}

#[rustfmt::skip]
changes! {
    waits_for_terminating_pods: "C1", 31, &["JobPodReplacementPolicy", "JobManagedBy"], "#125510",
        "a Job that has failed or succeeded says so in FailureTarget or SuccessCriteriaMet, and ends when no pod is terminating",
        "it got Failed or Complete at once, while its pods were terminating";
    gives_reason_of_success: "C2", 31, &["JobSuccessPolicy"], "#126067",
        "Complete has reason CompletionsReached and a message",
        "Complete had neither reason nor message";
    counts_own_deletions: "C3", 31, &[], "#125175",
        "pods that a sync deletes leave `ready` and enter `terminating` in the same status write",
        "`ready` and `terminating` stayed as counted before the deletions, on a finished Job for ever";
    has_success_policy: "C4", 30, &["JobSuccessPolicy"], "#123412",
        "spec.successPolicy is obeyed",
        "spec.successPolicy was unknown or dropped: the Job ran to all its completions";
    has_managed_by: "C5", 30, &["JobManagedBy"], "#123273",
        "a Job whose spec.managedBy names another controller is left alone",
        "spec.managedBy was unknown or dropped: the built-in controller ran the Job";
    counts_active_in_back_off: "C6", 36, &[], "#139457",
        "`active` is true while new pods wait for the back-off",
        "`active` was reported as 0 while new pods waited for the back-off";
    validates_status: "C6", 31, &["JobManagedBy"], "#125510",
        "the API server validates a Job's status: more ready than active pods are refused",
        "a Job's status was hardly validated";
    clears_start_time: "C7", 36, &["MutableSchedulingDirectivesForSuspendedJobs"], "#135104",
        "startTime is cleared when a Job is suspended, the deadline counts from its resumption",
        "startTime stayed while suspended, and a deadline over by then failed the Job as it was resumed";
    counts_warnings_apart: "C8", 32, &[], "#124747",
        "Normal and Warning events of an object have a budget of 25 each",
        "they shared one: a Job's last warning was lost after 25 events";
    forgets_back_off_at_once: "J1", 31, &[], "#132109",
        "the failures of a deleted Job are forgotten at once",
        "a Job created again under the same name at once went on with the back-off of the old one";
    sweeps_by_selector: "J2", 32, &[], "#127378",
        "finalizers left on a finished Job's pods are taken off by one task",
        "each left-over finalizer was taken off by a task of its own, tried again if it failed";
    remembers_finished: "J3", 34, &[], "#130333",
        "a Job whose end was written is not synced again before the cache shows it",
        "a late watch let a finished Job be synced again";
    waits_for_own_writes: "J4", 36, &["StaleControllerConsistencyJob"], "#137210",
        "a sync waits until the cache shows the controller's own last writes",
        "a sync could decide on a stale cache";
    forgets_expectations_at_once: "J5", 37, &[], "#142247",
        "what was expected of a deleted Job's pods is forgotten at once",
        "a Job created again under the same name at once waited for pods of the old one";
    retries_sweeps: "J6", 37, &[], "#141329",
        "a left-over finalizer that could not be taken off is tried again",
        "it was not tried again before something else happened";
    success_needs_complete: "K1", 30, &[], "#123380",
        "lastSuccessfulTime looks at complete Jobs alone",
        "failed Jobs were looked at too, which made needless status writes";
    notes_success_at_once: "K2", 31, &[], "#122025",
        "lastSuccessfulTime is set as the Job leaves `active`; SawCompletedJob says `condition:`",
        "lastSuccessfulTime was set by a later sync, and missed if the Job was gone by then; SawCompletedJob said `status:`";
    forgets_failures_of_idle: "K3", 37, &[], "#139918",
        "a sync of a CronJob without a next start forgives its failures",
        "they were kept, and the next error waited longer";
    finds_existing_job: "K4", 37, &[], "#136920",
        "a start whose Job exists already finds it and takes it over",
        "it was looked for in no namespace, which failed, again and again";
    notes_scheduled_time: "K5", 29, &["CronJobsScheduledAnnotation"], "#118137",
        "Jobs of a CronJob carry the annotation cronjob-scheduled-timestamp",
        "they did not";
    defaults_condition_status: "A1", 34, &[], "#131525",
        "a pod condition of podFailurePolicy without status means True also in a CronJob's template",
        "such a CronJob was refused";
    suspended_template_is_mutable: "A2", 36, &["MutableSchedulingDirectivesForSuspendedJobs"], "#135104",
        "scheduling directives of a suspended Job may change once it has no active pods",
        "they could be changed only before its first start";
    suspended_resources_are_mutable: "A3", 36, &["MutablePodResourcesForSuspendedJobs"], "#132441",
        "resources of a suspended Job's pods may be changed",
        "they could not be changed";
    drops_fields_in_templates: "A6", 37, &[], "#140188",
        "fields behind a gate that is off are dropped from a CronJob's template",
        "they were kept there, and dropped from the Jobs made of it";
    has_back_off_per_index: "A4", 28, &["JobBackoffLimitPerIndex"], "#118009",
        "backoffLimitPerIndex and maxFailedIndexes are obeyed",
        "they were dropped";
    has_pod_replacement_policy: "A5", 28, &["JobPodReplacementPolicy"], "#119301",
        "podReplacementPolicy has a default and is obeyed, `terminating` is counted",
        "it was dropped";
    has_pod_level_resources: "A7", 32, &["PodLevelResources"], "#128407",
        "resources of a pod as a whole are obeyed",
        "they were unknown or dropped";
    has_container_restart_rules: "A8", 34, &["ContainerRestartRules"], "#132642",
        "restartPolicy and restartPolicyRules of containers are obeyed",
        "rules were unknown or dropped; a restartPolicy but Always of sidecars was refused up to 1.33, and dropped in 1.34";
    has_resource_claims: "A9", 29, &["DynamicResourceAllocation"], "KEP 4381",
        "claims of pods and containers for devices are kept",
        "they were dropped";
    has_host_users: "A10", 29, &["UserNamespacesSupport"], "KEP 127",
        "hostUsers of pods is kept",
        "it was dropped";
    has_resize_policy: "A11", 29, &["InPlacePodVerticalScaling"], "KEP 1287",
        "resizePolicy of containers is kept",
        "it was dropped";
    has_supplemental_groups_policy: "A12", 31, &["SupplementalGroupsPolicy"], "KEP 3619",
        "supplementalGroupsPolicy of pods is kept",
        "it was unknown or dropped";
    has_image_volumes: "A13", 31, &["ImageVolume"], "KEP 4639",
        "volumes of images are kept",
        "they were unknown or dropped, with what mounted them";
    has_selinux_change_policy: "A14", 32, &["SELinuxChangePolicy"], "KEP 1710",
        "seLinuxChangePolicy of pods is kept",
        "it was unknown or dropped";
    has_env_files: "A15", 34, &["EnvFiles"], "KEP 3721",
        "variables from files are kept",
        "they were unknown or dropped";
    has_hostname_override: "A16", 34, &["HostnameOverride"], "KEP 4762",
        "hostnameOverride of pods is kept",
        "it was unknown or dropped";
}

impl Default for Rules {
    /// Those of the newest release.
    fn default() -> Rules {
        Rules::of(&Kubernetes::default())
    }
}

/// A field that not every release knows.
#[derive(Clone, Copy, Debug)]
pub struct NewField {
    /// Its type and name.
    pub field: &'static str,
    /// The first release that knows it.
    pub since: Release,
    /// The gate without which it is dropped.
    pub gate: Option<&'static str>,
}

const fn field(field: &'static str, since: u8, gate: Option<&'static str>) -> NewField {
    NewField { field, since: Release(since), gate }
}

/// The fields of Jobs, CronJobs and their pods that are younger than the oldest release.
pub const FIELDS: &[NewField] = &[
    field("ClusterTrustBundleProjection.user", 37, None),
    field("ConfigMapVolumeSource.defaultUser", 37, None),
    field("Container.restartPolicyRules", 34, Some("ContainerRestartRules")),
    field("DownwardAPIVolumeFile.user", 37, None),
    field("DownwardAPIVolumeSource.defaultUser", 37, None),
    field("EmptyDirVolumeSource.mode", 37, None),
    field("EnvVarSource.fileKeyRef", 34, Some("EnvFiles")),
    field("EphemeralContainer.restartPolicyRules", 34, Some("ContainerRestartRules")),
    field("GRPCAction.mode", 37, None),
    field("HTTPGetAction.protocol", 37, None),
    field("JobSpec.backoffLimitPerIndex", 28, Some("JobBackoffLimitPerIndex")),
    field("JobSpec.managedBy", 30, Some("JobManagedBy")),
    field("JobSpec.maxFailedIndexes", 28, Some("JobBackoffLimitPerIndex")),
    field("JobSpec.podReplacementPolicy", 28, Some("JobPodReplacementPolicy")),
    field("JobSpec.scheduling", 37, None),
    field("JobSpec.successPolicy", 30, Some("JobSuccessPolicy")),
    field("KeyToPath.user", 37, None),
    field("Lifecycle.stopSignal", 33, None),
    field("PodResourceClaim.resourceClaimName", 31, None),
    field("PodResourceClaim.resourceClaimTemplateName", 31, None),
    field("PodSecurityContext.appArmorProfile", 30, None),
    field("PodSecurityContext.seLinuxChangePolicy", 32, Some("SELinuxChangePolicy")),
    field("PodSecurityContext.supplementalGroupsPolicy", 31, Some("SupplementalGroupsPolicy")),
    field("PodSpec.evictionResponders", 37, None),
    field("PodSpec.hostnameOverride", 34, Some("HostnameOverride")),
    field("PodSpec.resources", 32, Some("PodLevelResources")),
    field("PodSpec.schedulingGroup", 36, None),
    field("ProjectedVolumeSource.defaultUser", 37, None),
    field("ResourceClaim.request", 31, None),
    field("SecretVolumeSource.defaultUser", 37, None),
    field("SecurityContext.appArmorProfile", 30, None),
    field("ServiceAccountTokenProjection.user", 37, None),
    field("Volume.image", 31, Some("ImageVolume")),
    field("VolumeMount.bindMountOptions", 37, None),
    field("VolumeMount.recursiveReadOnly", 30, None),
    field("VolumeProjection.podCertificate", 34, None),
];

/// The line of a field, `JobSpec.successPolicy`; none for one that all releases know.
pub fn new_field(owner: &str, name: &str) -> Option<&'static NewField> {
    FIELDS.iter().find(|known| known.field.split_once('.') == Some((owner, name)))
}
