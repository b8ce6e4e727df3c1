//! HTTPS in the store: a secure context for the till's page, with no certificate from
//! anywhere else.
//!
//! Each edge is its own authority ([`authority`]): devices trust it once, with the steps
//! of its trust page ([`trust`]), and find it by name ([`announce`]). It guarantees that
//! - the authority's key stays on this box, readable by the daemon alone, and what it
//!   signs can only be names and addresses of a local network;
//! - the certificate is for the addresses that the box has now, and is renewed long
//!   before it ends ([`certificate`]);
//! - with HTTPS on, other devices get nothing but the trust page over plain HTTP.
//!
//! A crash leaves whole files or the ones before: each is written beside and renamed. If
//! the authority's file is lost a new one is made, and devices have to trust that.

pub mod announce;
pub mod authority;
pub mod certificate;
pub mod trust;

mod files;
mod listener;
mod names;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use schemas::{BranchId, Clock};
use serde::Deserialize;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use authority::Authority;
use certificate::Certificates;
pub use listener::TlsListener;
pub use names::Names;
use trust::Trust;

/// How often it is looked whether the certificate still fits.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The name that every edge would like to have.
pub const STORE_NAME: &str = "tillstream";

/// How devices on the store's LAN reach this edge.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpsSettings {
    /// Where HTTPS is served; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The store's own name on the LAN, `<name>.local`, beside `tillstream.local`: 1 to
    /// 63 letters, digits and hyphens. From the branch's id if not set.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether the name is announced by mDNS.
    #[serde(default = "yes")]
    pub announce: bool,
}

const fn yes() -> bool {
    true
}

impl HttpsSettings {
    /// The store's own name.
    ///
    /// # Errors
    /// A line that says what is wrong with the one that is set.
    pub fn own_name(&self, branch: BranchId) -> anyhow::Result<String> {
        let Some(name) = &self.name else {
            let id = branch.as_uuid().simple().to_string();
            return Ok(format!("{STORE_NAME}-{}", &id[id.len() - 8..]));
        };
        let is_label = (1..=63).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !name.starts_with('-')
            && !name.ends_with('-');
        anyhow::ensure!(
            is_label,
            "https.name is {name:?}; it is 1 to 63 letters, digits and hyphens between them"
        );
        Ok(name.to_ascii_lowercase())
    }
}

/// HTTPS that is served.
pub struct Https {
    /// Where.
    pub address: SocketAddr,
    /// What people need to trust it.
    pub trust: Trust,
    /// Its connections.
    pub listener: TlsListener,
    kept: JoinHandle<()>,
}

impl Https {
    /// The parts: what is served to, and the task that renews and announces.
    pub fn into_parts(self) -> (TlsListener, JoinHandle<()>) {
        (self.listener, self.kept)
    }
}

/// Starts HTTPS: it takes connections when this returns, and renews its certificate
/// until `shutdown` is cancelled.
///
/// # Errors
/// If the settings, the disk or the address refuse.
pub async fn start(
    settings: &HttpsSettings,
    data_dir: &Path,
    branch: BranchId,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> anyhow::Result<Https> {
    let own = settings.own_name(branch)?;
    let dir = data_dir.join("https");
    let names = Names::of_this_box(&own);
    let authority = Authority::load_or_make(&dir, &own, clock.now())?;
    let certificates = Certificates::load(&dir, authority)?;
    certificates.keep_fresh(&names, clock.now())?;
    let tcp = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {} (https.listen)", settings.listen))?;
    let address = tcp.local_addr().context("the HTTPS listener has no address")?;
    let trust = Trust::new(certificates.authority(), address.port());
    let config = Arc::new(certificates.server_config()?);
    let listener = TlsListener::start(tcp, address, config, shutdown.clone());
    let announced = settings.announce.then(|| announce::Wanted {
        own: own.clone(),
        port: address.port(),
        mdns_port: announce::MDNS_PORT,
    });
    let kept = tokio::spawn(keep(certificates, own, announced, clock, shutdown));
    tracing::info!(%address, fingerprint = trust.fingerprint(), "serving HTTPS");
    Ok(Https { address, trust, listener, kept })
}

/// Renews the certificate when it is due, and keeps the name announced.
async fn keep(
    certificates: Arc<Certificates>,
    own: String,
    announced: Option<announce::Wanted>,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) {
    let announcing = async {
        let Some(wanted) = announced else { return };
        // Without it the address is still there to be typed in.
        if let Err(error) = announce::until(&wanted, &shutdown).await {
            tracing::warn!(%error, "the name of this edge is not announced on the LAN");
        }
    };
    let renewing = async {
        let mut look = tokio::time::interval(LOOK_EVERY);
        while shutdown.run_until_cancelled(look.tick()).await.is_some() {
            let names = Names::of_this_box(&own);
            if let Err(error) = certificates.keep_fresh(&names, clock.now()) {
                tracing::error!(error = format!("{error:#}"), "the certificate is not renewed");
            }
        }
    };
    tokio::join!(announcing, renewing);
}
