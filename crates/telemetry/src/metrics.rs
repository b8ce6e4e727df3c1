//! Metrics: counted with the `metrics` macros, read as Prometheus text.
//!
//! There is one registry for each process, whatever runs in it. Histograms are
//! told by quantiles over the last minute and a half.

use std::{sync::OnceLock, time::Duration};

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusBuilder;
pub use metrics_exporter_prometheus::PrometheusHandle;

/// How often samples are folded into their histograms when nobody reads them.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// The content type of [`PrometheusHandle::render`]'s text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Starts counting; from a second call on, gives the same registry again.
///
/// # Errors
/// If another recorder than ours is installed in this process.
pub fn install() -> anyhow::Result<PrometheusHandle> {
    static REGISTRY: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
    REGISTRY
        .get_or_init(|| {
            let handle =
                PrometheusBuilder::new().install_recorder().map_err(|error| error.to_string())?;
            let upkeep = handle.clone();
            std::thread::Builder::new()
                .name("metrics-upkeep".to_owned())
                .spawn(move || {
                    loop {
                        std::thread::sleep(UPKEEP_EVERY);
                        upkeep.run_upkeep();
                    }
                })
                .map_err(|error| error.to_string())?;
            Ok(handle)
        })
        .clone()
        .map_err(anyhow::Error::msg)
        .context("metrics cannot be counted")
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_counted_can_be_read_and_a_second_install_is_the_same_registry() {
        let first = super::install().expect("installs");
        metrics::counter!("telemetry_test_total").increment(3);
        let second = super::install().expect("installs again");
        assert!(first.render().contains("telemetry_test_total 3"), "{}", first.render());
        assert_eq!(first.render(), second.render());
    }
}
