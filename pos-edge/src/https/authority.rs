//! The store's own certificate authority: what devices trust once.
//!
//! Its certificate is limited to names under `.local` and `localhost` and to addresses
//! of local networks, so that whoever took the box could not pretend to be anyone else
//! on the Internet.

use std::{fmt, path::Path};

use anyhow::Context;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use schemas::Timestamp;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{files, names::LOCAL_RANGES};

const FILE: &str = "authority.json";
const DAY: i64 = 86_400 * 1_000_000;
/// How long it lasts.
const LASTS_MICROS: i64 = 3_650 * DAY;
/// How much before it was made it begins: devices' clocks may be behind.
pub(super) const EARLIER_MICROS: i64 = 2 * DAY;

/// What is on the disk.
#[derive(Serialize, Deserialize)]
struct Kept {
    common_name: String,
    not_before: Timestamp,
    not_after: Timestamp,
    certificate_pem: String,
    key_pem: String,
}

/// The authority with its key.
pub struct Authority {
    kept: Kept,
    issuer: Issuer<'static, KeyPair>,
    der: Vec<u8>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({}, key hidden)", self.kept.common_name)
    }
}

impl Authority {
    /// The authority of this box, which is made if there is none.
    ///
    /// # Errors
    /// If the disk refuses or the file is damaged: it is never replaced by itself.
    pub fn load_or_make(dir: &Path, store: &str, now: Timestamp) -> anyhow::Result<Self> {
        let path = dir.join(FILE);
        if let Some(kept) = files::read::<Kept>(&path)? {
            return Self::of(kept);
        }
        let key = KeyPair::generate().context("no key can be made")?;
        let mut kept = Kept {
            // Devices tell authorities apart by their names.
            common_name: format!("tillstream {store} {}", hex::encode(rand::random::<[u8; 4]>())),
            not_before: now.plus_micros(-EARLIER_MICROS),
            not_after: now.plus_micros(LASTS_MICROS),
            certificate_pem: String::new(),
            key_pem: key.serialize_pem(),
        };
        let certificate = params(&kept)?.self_signed(&key).context("no authority can be made")?;
        kept.certificate_pem = certificate.pem();
        files::write(&path, &kept)?;
        tracing::info!(authority = kept.common_name, "made this store's own authority");
        Self::of(kept)
    }

    fn of(kept: Kept) -> anyhow::Result<Self> {
        let key = KeyPair::from_pem(&kept.key_pem).context("the authority's key is damaged")?;
        let der =
            rustls::pki_types::pem::PemObject::from_pem_slice(kept.certificate_pem.as_bytes())
                .map(|der: rustls::pki_types::CertificateDer<'static>| der.to_vec())
                .map_err(|error| {
                    anyhow::anyhow!("the authority's certificate is damaged: {error}")
                })?;
        let issuer = Issuer::new(params(&kept)?, key);
        Ok(Self { kept, issuer, der })
    }

    /// Signs a certificate for a key.
    pub(super) fn sign(
        &self,
        params: &CertificateParams,
        key: &KeyPair,
    ) -> anyhow::Result<Certificate> {
        params.signed_by(key, &self.issuer).context("the certificate cannot be signed")
    }

    /// What it is called, on devices too.
    pub fn name(&self) -> &str {
        &self.kept.common_name
    }

    /// Its certificate, DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its certificate, PEM.
    pub fn pem(&self) -> &str {
        &self.kept.certificate_pem
    }

    /// Until when it may be trusted.
    pub const fn not_after(&self) -> Timestamp {
        self.kept.not_after
    }
}

fn params(kept: &Kept) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(&kept.common_name);
    params.not_before = moment(kept.not_before)?;
    params.not_after = moment(kept.not_after)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let names = ["local", "localhost"].map(|name| GeneralSubtree::DnsName(name.to_owned()));
    let ranges = LOCAL_RANGES.map(|(address, bits)| {
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, bits))
    });
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: names.into_iter().chain(ranges).collect(),
        excluded_subtrees: Vec::new(),
    });
    Ok(params)
}

pub(super) fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name.push(DnType::OrganizationName, "tillstream");
    name
}

pub(super) fn moment(at: Timestamp) -> anyhow::Result<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(at.unix_micros() / 1_000_000)
        .context("the clock is beyond what a certificate can tell")
}
