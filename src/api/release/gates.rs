//! The feature gates that decide on Jobs, CronJobs and their pods, and how far each was in which release (`kube_features.go`).

use super::Release;

/// A feature gate.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// Its name.
    pub name: &'static str,
    /// Minor versions from which on it was alpha (off), beta (on), and stable (locked); 0: before 1.29 or never.
    pub alpha: u8,
    /// As above.
    pub beta: u8,
    /// As above; `u8::MAX`: not yet.
    pub stable: u8,
    /// The first minor version that no longer knows it: what it stood for is always so.
    pub gone: u8,
    /// The first release in which it is on by default; for most the one in which it is beta.
    pub on: u8,
    /// The gate without which it cannot be on.
    pub needs: Option<&'static str>,
}

/// How far a feature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Off unless it is turned on.
    Alpha,
    /// On unless it is turned off.
    Beta,
    /// On, and locked.
    Stable,
}

impl Gate {
    /// How far it was; none if the release did not know it yet, or no longer.
    pub fn stage(&self, release: Release) -> Option<Stage> {
        match release.0 {
            minor if minor >= self.gone => None,
            minor if minor >= self.stable => Some(Stage::Stable),
            minor if minor >= self.beta => Some(Stage::Beta),
            minor if minor >= self.alpha => Some(Stage::Alpha),
            _ => None,
        }
    }

    /// `alpha in 1.30, beta in 1.31, stable in 1.33, gone in 1.37`.
    pub fn history(&self) -> String {
        let beta = if self.on > self.beta { "beta (off)" } else { "beta" };
        // Where it came on between beta and stable.
        let on = if self.on > self.beta && self.on < self.stable { self.on } else { NEVER };
        let stages = [("alpha", self.alpha), (beta, self.beta), ("on", on), ("stable", self.stable)];
        let known = |(word, since): (&str, u8)| match since {
            NEVER => None,
            0 => None,
            since => Some(format!("{word} in {}", Release(since))),
        };
        let mut known: Vec<String> = stages.into_iter().filter_map(known).collect();
        if self.alpha == self.beta && self.alpha > 0 {
            known.remove(0);
        }
        if self.gone != NEVER {
            known.push(format!("gone in {}", Release(self.gone)));
        }
        known.join(", ")
    }

    /// Is it on where nothing is said?
    pub fn default(&self, release: Release) -> bool {
        match self.stage(release) {
            Some(Stage::Stable) => true,
            Some(Stage::Beta) => release.0 >= self.on,
            Some(Stage::Alpha) => false,
            None => release.0 >= self.gone,
        }
    }

    const fn gone(self, since: u8) -> Gate {
        Gate { gone: since, ..self }
    }

    const fn on_from(self, release: u8) -> Gate {
        Gate { on: release, ..self }
    }

    const fn needs(self, gate: &'static str) -> Gate {
        Gate { needs: Some(gate), ..self }
    }
}

const NEVER: u8 = u8::MAX;

const fn gate(name: &'static str, alpha: u8, beta: u8, stable: u8) -> Gate {
    Gate { name, alpha, beta, stable, gone: NEVER, on: beta, needs: None }
}

/// The gates, by name.
pub const GATES: &[Gate] = &[
    gate("ContainerRestartRules", 34, 35, NEVER),
    gate("CronJobsScheduledAnnotation", 0, 0, 32).gone(35),
    gate("DynamicResourceAllocation", 0, 32, 34).on_from(34),
    gate("EnvFiles", 34, 35, NEVER),
    gate("GenericWorkload", 35, 37, NEVER).on_from(NEVER),
    gate("HostnameOverride", 34, 35, 37),
    gate("ImageVolume", 31, 33, 36).on_from(35),
    gate("InPlacePodVerticalScaling", 0, 33, 35),
    gate("JobBackoffLimitPerIndex", 0, 29, 33).gone(37),
    gate("JobManagedBy", 30, 32, 35),
    gate("JobPodFailurePolicy", 0, 0, 31).gone(33),
    gate("JobPodReplacementPolicy", 0, 29, 34).gone(37),
    gate("JobSuccessPolicy", 30, 31, 33).gone(37),
    gate("MutablePodResourcesForSuspendedJobs", 35, 36, NEVER),
    gate("MutableSchedulingDirectivesForSuspendedJobs", 35, 36, NEVER),
    gate("PodLevelResources", 32, 34, NEVER),
    gate("SELinuxChangePolicy", 32, 33, 36),
    gate("StaleControllerConsistencyJob", 36, 36, NEVER),
    gate("SupplementalGroupsPolicy", 31, 33, 35),
    gate("UserNamespacesSupport", 0, 30, 36).on_from(33),
    gate("WorkloadWithJob", 36, NEVER, NEVER).needs("GenericWorkload"),
];
