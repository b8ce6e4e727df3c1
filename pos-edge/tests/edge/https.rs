//! HTTPS by the store's own authority.

use std::{net::SocketAddr, os::unix::fs::PermissionsExt, sync::Arc};

use pos_edge::{
    Settings,
    https::{
        HttpsSettings, Names,
        announce::{self, SERVICE, Wanted},
        authority::Authority,
        certificate::{Certificates, LASTS_MICROS, RENEWED_BEFORE_MICROS},
    },
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use schemas::ManualClock;
use testkit::{BOUND, scratch_dir};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use crate::store::{OPENING, Store, identity, settings};

const DAY: i64 = 86_400 * 1_000_000;

fn secure(mut settings: Settings) -> Settings {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let name = Some("riverside".to_owned());
    settings.https = Some(HttpsSettings { listen, name, announce: false });
    settings
}

/// A store that serves HTTPS, by the real clock: so do those who connect.
async fn open() -> Store {
    let dir = scratch_dir();
    let identity = identity();
    let clock = ManualClock::at(schemas::Clock::now(&schemas::SystemClock));
    pos_edge::enrol(dir.path(), identity, &clock).await.unwrap();
    Store::start_with(secure(settings(dir.path(), identity)), dir, clock).await
}

/// What a device says that trusts these authorities and no other.
async fn get(
    address: SocketAddr,
    trusted: &[Vec<u8>],
    host: &str,
    path: &str,
) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    for der in trusted {
        roots.add(CertificateDer::from(der.clone())).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let line = TcpStream::connect(address).await?;
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut line = TlsConnector::from(Arc::new(config)).connect(name, line).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    line.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    line.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn who_trusts_the_authority_connects_and_nobody_else() {
    let store = open().await;
    let (address, trust) = store.https.clone().unwrap();
    let authority = store.till.get("/trust/ca.crt").await;
    assert_eq!(authority.headers["content-type"], "application/x-x509-ca-cert");
    let trusted = vec![authority.body];
    for host in ["tillstream.local", "riverside.local", "localhost", "127.0.0.1"] {
        let answer = get(address, &trusted, host, "/healthz").await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("ok\n"), "{answer}");
    }
    let page = get(address, &trusted, "tillstream.local", "/").await.unwrap();
    assert!(page.contains("<div id=\"app\">"), "{page}");
    let trust_page = get(address, &trusted, "tillstream.local", "/trust").await.unwrap();
    assert!(trust_page.contains(trust.fingerprint()), "{trust_page}");

    let other = open().await;
    let theirs = other.till.get("/trust/ca.crt").await.body;
    for stranger in [Vec::new(), vec![theirs]] {
        let refused = get(address, &stranger, "tillstream.local", "/").await.unwrap_err();
        assert!(refused.to_string().contains("UnknownIssuer"), "{refused}");
    }
    let refused = get(address, &trusted, "example.com", "/").await.unwrap_err();
    assert!(refused.to_string().contains("not valid for name"), "{refused}");
    // A restart is the same authority and certificate.
    let closed = store.stop().await;
    let store = Store::start_with(
        secure(settings(closed.dir.path(), closed.identity)),
        closed.dir,
        closed.clock,
    )
    .await;
    let (address, again) = store.https.clone().unwrap();
    assert_eq!(again.fingerprint(), trust.fingerprint());
    get(address, &trusted, "tillstream.local", "/healthz").await.unwrap();
}

#[tokio::test]
async fn the_trust_page_has_every_step_in_both_languages_and_no_script() {
    let store = open().await;
    let page = store.till.without_token().get("/trust").await;
    let text = String::from_utf8(page.body.clone()).unwrap();
    for said in ["Android", "iPhone", "Windows", "macOS", "lang=\"km\"", "វិញ្ញាបនបត្រ", "riverside"]
    {
        assert!(text.contains(said), "{said}");
    }
    assert!(!text.contains("<script") && !text.contains("{{"), "{text}");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
    for part in text.split('"').filter(|part| part.starts_with("/trust/")) {
        assert_eq!(store.till.get(part).await.status, 200, "{part}");
    }
    let profile = store.till.get("/trust/ca.mobileconfig").await;
    assert_eq!(profile.headers["content-type"], "application/x-apple-aspen-config");
    let profile = String::from_utf8(profile.body).unwrap();
    assert!(profile.contains("com.apple.security.root") && !profile.contains("{{"), "{profile}");
    assert_eq!(store.till.get("/trust/nothing").await.problem(404), "not_found");
}

#[tokio::test]
async fn other_devices_get_only_the_trust_page_over_plain_http() {
    let store = open().await;
    let (address, trust) = store.https.clone().unwrap();
    let asked = |method: &str, path: &str, host: &str| {
        let headers = [(axum::http::header::HOST, host.parse().unwrap())].into_iter().collect();
        trust.serve_plain(&method.parse().unwrap(), &path.parse().unwrap(), &headers)
    };
    assert_eq!(asked("GET", "/trust", "192.168.1.9:8410").unwrap().status(), 200);
    for (path, host, there) in [
        ("/", "tillstream.local:8410", "tillstream.local"),
        ("/v1/sales?x=1", "192.168.1.9", "192.168.1.9"),
        ("/orders", "not a host", "tillstream.local"),
    ] {
        let sent_on = asked("POST", path, host).unwrap();
        assert_eq!(sent_on.status(), 308, "{path}");
        let location = sent_on.headers()["location"].to_str().unwrap();
        assert_eq!(location, format!("https://{there}:{}{path}", address.port()));
    }
    // This box itself is served as ever: the tools on it, and development.
    assert_eq!(store.till.get("/healthz").await.status, 200);
    // Without HTTPS there is nothing to trust.
    let plain = Store::with_menu().await;
    assert!(plain.https.is_none());
}

#[test]
fn a_certificate_is_renewed_before_it_ends_and_when_the_box_moves() {
    let dir = scratch_dir();
    let dir = dir.path().join("https");
    let load = |now| {
        let authority = Authority::load_or_make(&dir, "riverside", now).unwrap();
        Certificates::load(&dir, authority).unwrap()
    };
    let certificates = load(OPENING);
    let names = Names::of_this_box("riverside");
    let at = |micros: i64| OPENING.plus_micros(micros);
    assert!(certificates.keep_fresh(&names, OPENING).unwrap());
    assert_eq!(certificates.not_after(), Some(at(LASTS_MICROS)));
    let nearly = LASTS_MICROS - RENEWED_BEFORE_MICROS - 1;
    assert!(!certificates.keep_fresh(&names, at(nearly)).unwrap(), "not due yet");
    assert!(!load(at(nearly)).keep_fresh(&names, at(nearly)).unwrap(), "nor after a restart");
    assert!(certificates.keep_fresh(&names, at(nearly + 1)).unwrap());
    assert_eq!(certificates.not_after(), Some(at(nearly + 1 + LASTS_MICROS)));
    // Another address by DHCP.
    let mut moved = names.clone();
    moved.addresses.insert("192.168.77.5".parse().unwrap());
    assert!(certificates.keep_fresh(&moved, at(nearly + 2)).unwrap());
    assert!(!certificates.keep_fresh(&moved, at(nearly + 3)).unwrap());
    // A clock that went back by years.
    assert!(certificates.keep_fresh(&moved, at(-400 * DAY)).unwrap());

    for file in ["authority.json", "certificate.json"] {
        let mode = std::fs::metadata(dir.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let path = dir.join("authority.json");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let refused = Authority::load_or_make(&dir, "riverside", OPENING).unwrap_err();
    assert!(refused.to_string().contains("others may read it"), "{refused}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, "{}").unwrap();
    let refused = Authority::load_or_make(&dir, "riverside", OPENING).unwrap_err();
    assert!(refused.to_string().contains("damaged"), "{refused}");
}

#[test]
fn a_name_that_cannot_be_one_is_named() {
    let branch = identity().branch_id;
    let named = |name: Option<&str>| {
        let listen = SocketAddr::from(([0, 0, 0, 0], 8443));
        let name = name.map(str::to_owned);
        HttpsSettings { listen, name, announce: true }.own_name(branch)
    };
    assert_eq!(named(Some("BKK1")).unwrap(), "bkk1");
    assert!(named(None).unwrap().starts_with("tillstream-"));
    let long = "x".repeat(64);
    for wrong in ["", "-a", "a-", "a.b", "កាហ្វេ", &long] {
        let refused = named(Some(wrong)).unwrap_err().to_string();
        assert!(refused.starts_with("https.name is"), "{refused}");
    }
}

/// An edge and a browser on this machine's own multicast, on a port of their own.
#[tokio::test]
async fn an_edge_is_found_by_its_name() {
    let mdns_port = 5_453;
    let browser = mdns_sd::ServiceDaemon::new_with_port(mdns_port).unwrap();
    let found = browser.browse(SERVICE).unwrap();
    let shutdown = CancellationToken::new();
    let announced = |own: &str, port: u16| {
        let wanted = Wanted { own: own.to_owned(), port, mdns_port };
        let shutdown = shutdown.clone();
        tokio::spawn(async move { announce::until(&wanted, &shutdown).await })
    };
    let first = announced("riverside", 8_443);
    let resolved = async {
        loop {
            if let Ok(mdns_sd::ServiceEvent::ServiceResolved(service)) = found.recv_async().await {
                return service;
            }
        }
    };
    let outcome = tokio::time::timeout(BOUND, resolved).await;
    shutdown.cancel();
    first.await.unwrap().unwrap();
    let Ok(service) = outcome else {
        // No multicast here: a container's loopback may carry none.
        eprintln!("SKIPPED: this machine carries no multicast, so nothing is found by mDNS");
        return;
    };
    assert_eq!(service.host, "tillstream.local.");
    assert_eq!(service.port, 8_443);
    assert!(!service.addresses.is_empty());
}
