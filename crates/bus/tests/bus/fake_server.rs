//! What no real server of ours does: being too old, lacking JetStream,
//! forbidding a subject.

use bus::{Bus, BusError, Settings, entries};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::server::{entry, pos_subject};

/// Speaks just enough of the protocol: greets, answers pings, and complains of
/// every publish.
async fn fake(version: &str, jetstream: bool) -> Settings {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://me:secret@{}", listener.local_addr().unwrap());
    let greeting = format!(
        "INFO {{\"server_id\":\"x\",\"version\":\"{version}\",\"jetstream\":{jetstream},\
         \"headers\":true,\"max_payload\":1048576,\"proto\":1}}\r\n"
    );
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(converse(socket, greeting.clone()));
        }
    });
    Settings::plain(url)
}

async fn converse(mut socket: TcpStream, greeting: String) {
    let (read, mut write) = socket.split();
    write.write_all(greeting.as_bytes()).await.unwrap();
    let mut lines = BufReader::new(read).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let answer = if line.starts_with(b"PING") {
            "PONG\r\n"
        } else if line.starts_with(b"HPUB") {
            "-ERR 'Permissions Violation for Publish to \"pos.0\"'\r\n"
        } else {
            continue;
        };
        if write.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_server_that_is_too_old_is_refused_by_name_and_without_the_password() {
    let settings = fake("2.9.10", true).await;
    let error = Bus::connect(&settings, "test").await.err().unwrap().to_string();
    assert!(error.contains("2.9.10") && error.contains("2.12 or newer"), "{error}");
    assert!(!error.contains("secret"), "{error}");
}

#[tokio::test]
async fn a_server_without_jetstream_is_refused() {
    let settings = fake("2.12.0", false).await;
    let outcome = Bus::connect(&settings, "test").await.err();
    assert!(matches!(outcome, Some(BusError::NoJetStream(_))), "{outcome:?}");
}

#[tokio::test]
async fn nobody_there_is_one_clear_line() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Bus::connect(&Settings::plain(&url), "test").await.err().unwrap().to_string();
    assert!(error.starts_with(&format!("cannot connect to NATS at {url}")), "{error}");
}

#[tokio::test]
async fn a_forbidden_publish_is_a_timeout_that_says_why() {
    let bus = Bus::connect(&fake("2.15.1", true).await, "test").await.unwrap();
    let ack = entries::publish(&bus, &pos_subject(0), &entry(1), 0).await.unwrap();
    let error = ack.wait().await.unwrap_err();
    assert!(matches!(error, BusError::Timeout { .. }), "{error:?}");
    assert!(error.to_string().contains("Permissions Violation"), "{error}");
}
