//! The certificate that devices are shown, and its renewal.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use anyhow::Context;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SanType};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use schemas::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Names,
    authority::{Authority, EARLIER_MICROS, moment, named},
    files,
};

const FILE: &str = "certificate.json";
const DAY: i64 = 86_400 * 1_000_000;
/// How long one lasts; Apple's devices take none that lasts longer than 825 days.
pub const LASTS_MICROS: i64 = 90 * DAY;
/// How long before its end it is renewed.
pub const RENEWED_BEFORE_MICROS: i64 = 30 * DAY;

/// What is on the disk.
#[derive(Serialize, Deserialize)]
struct Kept {
    names: Names,
    not_before: Timestamp,
    not_after: Timestamp,
    certificate_pem: String,
    key_pem: String,
}

impl Kept {
    /// Whether another one is to take its place: it is for other names, it ends soon, or
    /// the clock says that it did not begin yet.
    fn is_due(&self, names: &Names, now: Timestamp) -> bool {
        self.names != *names
            || now < self.not_before
            || now >= self.not_after.plus_micros(-RENEWED_BEFORE_MICROS)
    }
}

/// The certificate in use.
struct InUse {
    kept: Kept,
    key: Arc<CertifiedKey>,
}

/// The certificates of this box: one is in use at a time, and the next one takes its
/// place without a connection being lost.
pub struct Certificates {
    path: PathBuf,
    authority: Authority,
    used: RwLock<Option<InUse>>,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificates({:?})", self.authority)
    }
}

impl Certificates {
    /// Those in this directory.
    ///
    /// # Errors
    /// If the disk refuses or the file is damaged.
    pub fn load(dir: &Path, authority: Authority) -> anyhow::Result<Arc<Self>> {
        let path = dir.join(FILE);
        let used = files::read::<Kept>(&path)?
            .map(|kept| certified(&kept).map(|key| InUse { key, kept }))
            .transpose()?;
        Ok(Arc::new(Self { path, authority, used: RwLock::new(used) }))
    }

    /// The authority that signs them.
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Renews the certificate if that is due; whether it was.
    ///
    /// # Errors
    /// If the disk refuses: the one before is used on.
    pub fn keep_fresh(&self, names: &Names, now: Timestamp) -> anyhow::Result<bool> {
        let due = self.read(|used| used.is_none_or(|used| used.kept.is_due(names, now)));
        if !due {
            return Ok(false);
        }
        let kept = self.sign(names, now)?;
        let key = certified(&kept)?;
        files::write(&self.path, &kept)?;
        tracing::info!(until = %kept.not_after, names = ?kept.names.dns, "renewed the certificate");
        *self.used.write().unwrap_or_else(PoisonError::into_inner) = Some(InUse { kept, key });
        Ok(true)
    }

    /// Until when the certificate in use lasts.
    pub fn not_after(&self) -> Option<Timestamp> {
        self.read(|used| used.map(|used| used.kept.not_after))
    }

    /// How TLS is spoken with it: rustls with ring, TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// Never with what this program is built with.
    pub fn server_config(self: &Arc<Self>) -> anyhow::Result<ServerConfig> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .context("TLS cannot be spoken")?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn read<T>(&self, look: impl FnOnce(Option<&InUse>) -> T) -> T {
        look(self.used.read().unwrap_or_else(PoisonError::into_inner).as_ref())
    }

    fn sign(&self, names: &Names, now: Timestamp) -> anyhow::Result<Kept> {
        let key = KeyPair::generate().context("no key can be made")?;
        let not_before = now.plus_micros(-EARLIER_MICROS);
        let not_after = now.plus_micros(LASTS_MICROS).min(self.authority.not_after());
        let mut params = CertificateParams::default();
        params.distinguished_name = named("tillstream edge");
        params.not_before = moment(not_before)?;
        params.not_after = moment(not_after)?;
        for name in &names.dns {
            let name = name.as_str().try_into().context("a name is no DNS name")?;
            params.subject_alt_names.push(SanType::DnsName(name));
        }
        let addresses = names.addresses.iter().copied().map(SanType::IpAddress);
        params.subject_alt_names.extend(addresses);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = self.authority.sign(&params, &key)?;
        Ok(Kept {
            names: names.clone(),
            not_before,
            not_after,
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        })
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.read(|used| used.map(|used| Arc::clone(&used.key)))
    }
}

fn certified(kept: &Kept) -> anyhow::Result<Arc<CertifiedKey>> {
    let certificate = CertificateDer::from_pem_slice(kept.certificate_pem.as_bytes())
        .map_err(|error| anyhow::anyhow!("the certificate is damaged: {error}"))?;
    let key = PrivateKeyDer::from_pem_slice(kept.key_pem.as_bytes())
        .map_err(|error| anyhow::anyhow!("the certificate's key is damaged: {error}"))?;
    let key = ring::sign::any_supported_type(&key).context("the certificate's key is damaged")?;
    Ok(Arc::new(CertifiedKey::new(vec![certificate], key)))
}
