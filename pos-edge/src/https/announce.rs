//! The edge's name on the LAN, by mDNS (RFC 6762) and DNS-SD (RFC 6763):
//! `tillstream.local`, or the store's own name if another edge has that one, and
//! `_https._tcp` with the port.

use std::{collections::BTreeSet, net::IpAddr};

use mdns_sd::{HostnameResolutionEvent, ServiceDaemon, ServiceInfo};
use tokio_util::sync::CancellationToken;

use super::{Names, STORE_NAME};

/// Where mDNS is spoken.
pub const MDNS_PORT: u16 = 5353;
/// What is offered.
pub const SERVICE: &str = "_https._tcp.local.";
/// How long it is waited for another edge that has the name, in milliseconds.
const ASKED_FOR_MS: u64 = 2_000;

/// What is to be announced.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The store's own name, without `.local`.
    pub own: String,
    /// Where HTTPS is served.
    pub port: u16,
    /// [`MDNS_PORT`], or another one in tests.
    pub mdns_port: u16,
}

/// Announces until `shutdown` is cancelled, and takes the name back then.
///
/// # Errors
/// If mDNS cannot be spoken here.
pub async fn until(wanted: &Wanted, shutdown: &CancellationToken) -> Result<(), mdns_sd::Error> {
    let daemon = ServiceDaemon::new_with_port(wanted.mdns_port)?;
    let Some(host) = shutdown.run_until_cancelled(free_name(&daemon, &wanted.own)).await else {
        return stop(&daemon).await;
    };
    let host = host?;
    let instance = format!("tillstream {}", wanted.own);
    let properties = [("path", "/")];
    let info = ServiceInfo::new(SERVICE, &instance, &host, "", wanted.port, &properties[..])?
        .enable_addr_auto();
    daemon.register(info)?;
    tracing::info!(host = host.trim_end_matches('.'), port = wanted.port, "announced on the LAN");
    shutdown.cancelled().await;
    stop(&daemon).await
}

/// `tillstream.local.`, unless another box answers to it.
async fn free_name(daemon: &ServiceDaemon, own: &str) -> Result<String, mdns_sd::Error> {
    let shared = format!("{STORE_NAME}.local.");
    let ours: BTreeSet<IpAddr> = Names::of_this_box(own).addresses;
    let answers = daemon.resolve_hostname(&shared, Some(ASKED_FOR_MS))?;
    while let Ok(event) = answers.recv_async().await {
        match event {
            HostnameResolutionEvent::AddressesFound(_, found)
                if found.iter().any(|address| is_anothers(address.to_ip_addr(), &ours)) =>
            {
                tracing::warn!("another edge on this LAN has the name tillstream.local");
                return Ok(format!("{own}.local."));
            }
            HostnameResolutionEvent::SearchTimeout(_)
            | HostnameResolutionEvent::SearchStopped(_) => break,
            _ => {}
        }
    }
    Ok(shared)
}

/// Whether an address that answers to a name is another box's. One of a single link alone
/// tells no box from another.
fn is_anothers(address: IpAddr, ours: &BTreeSet<IpAddr>) -> bool {
    match address {
        IpAddr::V6(v6) if v6.is_unicast_link_local() => false,
        address => !ours.contains(&address),
    }
}

async fn stop(daemon: &ServiceDaemon) -> Result<(), mdns_sd::Error> {
    let stopped = daemon.shutdown()?;
    // An error means that it has stopped already.
    let _status = stopped.recv_async().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_anothers_if_another_box_answers_to_it() {
        let ours: BTreeSet<IpAddr> =
            [IpAddr::from([192, 168, 1, 9]), IpAddr::from([127, 0, 0, 1])].into();
        for (address, anothers) in [
            (IpAddr::from([192, 168, 1, 9]), false),
            (IpAddr::from([127, 0, 0, 1]), false),
            (IpAddr::from([192, 168, 1, 10]), true),
            (IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, 1]), false),
            (IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 1]), true),
        ] {
            assert_eq!(is_anothers(address, &ours), anothers, "{address}");
        }
    }
}
