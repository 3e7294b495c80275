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
    /// Feature gates to set, such as JobSuccessPolicy=false; `jobsim releases` lists them
    #[arg(long, value_name = "NAME=BOOL,..")]
    feature_gates: Vec<String>,
}

impl KubernetesArgs {
    /// What they say, over what the sources say; none if they say nothing.
    pub(super) fn over(&self, sources: &[Source]) -> anyhow::Result<Option<Kubernetes>> {
        if self.kubernetes.is_none() && self.feature_gates.is_empty() {
            return Ok(None);
        }
        let said = || scenario::kubernetes_of(sources).unwrap_or_default();
        let mut kubernetes = self.kubernetes.map_or_else(said, Kubernetes::of);
        for gates in &self.feature_gates {
            let release = kubernetes.release;
            let wrong = |error| Wrong(format!("--feature-gates, Kubernetes {release}: {error}"));
            kubernetes.set_gates(gates).map_err(wrong)?;
        }
        Ok(Some(kubernetes))
    }
}
