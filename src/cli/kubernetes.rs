//! `--kubernetes` and `--feature-gates`: whose rules hold, where it is not what the scenario says.

use clap::Args;

use super::Wrong;
use crate::api::release::{Kubernetes, Release};
use crate::scenario::{self, Source};

/// The release of the cluster.
#[derive(Clone, Debug, Default, Args)]
pub struct KubernetesArgs {
    /// Release of Kubernetes whose rules apply, 1.29 to 1.37 [default: the scenario's, else 1.37]
    #[arg(long, value_name = "VERSION")]
    kubernetes: Option<Release>,
    /// Feature gates to set, such as PodLevelResources=false; `jobsim releases` lists them
    #[arg(long, value_name = "NAME=BOOL,..")]
    feature_gates: Vec<String>,
}

impl KubernetesArgs {
    /// Is anything asked for?
    pub(super) fn says_something(&self) -> bool {
        self.kubernetes.is_some() || !self.feature_gates.is_empty()
    }

    /// The release that was asked for.
    pub(super) fn release(&self) -> Option<String> {
        self.kubernetes.map(|release| release.to_string())
    }

    /// The gates that were set, in one list.
    pub(super) fn gates(&self) -> Option<String> {
        (!self.feature_gates.is_empty()).then(|| self.feature_gates.join(","))
    }

    /// What they say, or where they say nothing what an earlier run was told.
    ///
    /// # Errors
    /// A sentence on a release that is not known.
    pub(super) fn or(&self, release: Option<&str>, gates: Option<&str>) -> Result<KubernetesArgs, String> {
        if self.says_something() {
            return Ok(self.clone());
        }
        let feature_gates = gates.map(str::to_owned).into_iter().collect();
        Ok(KubernetesArgs { kubernetes: release.map(str::parse).transpose()?, feature_gates })
    }

    /// What they say, over what the sources say; none if they say nothing.
    pub(super) fn over(&self, sources: &[Source]) -> anyhow::Result<Option<Kubernetes>> {
        if !self.says_something() {
            return Ok(None);
        }
        let said = || scenario::kubernetes_of(sources).unwrap_or_default();
        let mut kubernetes = self.kubernetes.map_or_else(said, Kubernetes::of);
        let release = kubernetes.release;
        let wrong = |error| Wrong(format!("--feature-gates, Kubernetes {release}: {error}"));
        for gates in &self.feature_gates {
            kubernetes.set_gates(gates).map_err(wrong)?;
        }
        kubernetes.check_gates().map_err(wrong)?;
        Ok(Some(kubernetes))
    }
}
