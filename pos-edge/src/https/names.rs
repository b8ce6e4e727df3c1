//! The names and addresses that this box is reached by.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use nix::{ifaddrs::getifaddrs, net::if_::InterfaceFlags};
use serde::{Deserialize, Serialize};

use super::STORE_NAME;

/// What a certificate is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// Names, all of a local network.
    pub dns: BTreeSet<String>,
    /// Addresses, all of a local network.
    pub addresses: BTreeSet<IpAddr>,
}

impl Names {
    /// Those of this box now. Of a box whose interfaces cannot be read: its names, and
    /// itself.
    pub fn of_this_box(own: &str) -> Self {
        let mut addresses: BTreeSet<IpAddr> =
            [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)].into();
        match getifaddrs() {
            Ok(interfaces) => addresses.extend(
                interfaces
                    .filter(|interface| interface.flags.contains(InterfaceFlags::IFF_UP))
                    .filter_map(|interface| interface.address)
                    .filter_map(|address| {
                        let v4 = address.as_sockaddr_in().map(|it| IpAddr::V4(it.ip()));
                        v4.or_else(|| address.as_sockaddr_in6().map(|it| IpAddr::V6(it.ip())))
                    })
                    .filter(|address| is_local(*address)),
            ),
            Err(error) => tracing::warn!(%error, "the addresses of this box cannot be read"),
        }
        let mut dns: BTreeSet<String> =
            [STORE_NAME, own].map(|name| format!("{name}.local")).into();
        dns.insert("localhost".to_owned());
        if let Some(host) = host_name() {
            dns.insert(format!("{host}.local"));
        }
        Self { dns, addresses }
    }
}

/// The first label of this box's name, if it can be one on a LAN.
fn host_name() -> Option<String> {
    let name = nix::unistd::gethostname().ok()?.into_string().ok()?.to_ascii_lowercase();
    let label = name.split('.').next()?.to_owned();
    let is_label = (1..=63).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-');
    is_label.then_some(label)
}

/// The address ranges of local networks: those that the authority may sign.
pub(super) const LOCAL_RANGES: [(IpAddr, u8); 7] = [
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    (IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
];

fn is_local(address: IpAddr) -> bool {
    LOCAL_RANGES.iter().any(|(range, bits)| match (address, range) {
        (IpAddr::V4(address), IpAddr::V4(range)) => {
            let shift = 32 - u32::from(*bits);
            u32::from(address).checked_shr(shift) == u32::from(*range).checked_shr(shift)
        }
        (IpAddr::V6(address), IpAddr::V6(range)) => {
            let shift = 128 - u32::from(*bits);
            u128::from(address).checked_shr(shift) == u128::from(*range).checked_shr(shift)
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_a_lan_are_signed() {
        for (address, local) in [
            ([10, 1, 2, 3], true),
            ([172, 16, 0, 1], true),
            ([172, 32, 0, 1], false),
            ([192, 168, 1, 50], true),
            ([127, 0, 0, 1], true),
            ([8, 8, 8, 8], false),
        ] {
            assert_eq!(is_local(IpAddr::from(address)), local, "{address:?}");
        }
        assert!(is_local(IpAddr::V6(Ipv6Addr::new(0xfd12, 0, 0, 0, 0, 0, 0, 1))));
        assert!(is_local(IpAddr::V6(Ipv6Addr::LOCALHOST)));
        assert!(!is_local(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))));
    }

    #[test]
    fn a_box_is_reached_by_the_shared_name_its_own_and_its_loopback() {
        let names = Names::of_this_box("riverside");
        for name in ["tillstream.local", "riverside.local", "localhost"] {
            assert!(names.dns.contains(name), "{names:?}");
        }
        assert!(names.addresses.contains(&IpAddr::V4(Ipv4Addr::LOCALHOST)));
        assert!(names.addresses.iter().all(|address| is_local(*address)), "{names:?}");
    }
}
