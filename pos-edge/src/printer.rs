//! A receipt printer on the store's network: raw bytes over TCP, as printers
//! have taken them at port 9100 since HP's JetDirect.
//!
//! A printer says nothing about paper. What is promised is that it took every
//! byte; whether they came out, the cashier sees.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    str::FromStr,
    time::Duration,
};

use serde::{Deserialize, Deserializer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Where printers listen.
const PORT: u16 = 9_100;
/// How long a printer may take to close the line after the last byte. Closing
/// it first, with its answers unread, could take the last bytes back.
const FAREWELL: Duration = Duration::from_millis(300);

/// Where a printer is: an address, with a port unless it is 9100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PrinterAddress(SocketAddr);

/// Text that is no printer's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no printer's address; it is like 192.168.1.50 or 192.168.1.50:9100")]
pub struct InvalidAddress(String);

impl PrinterAddress {
    /// Whether it is in a private network or this machine, where the store's
    /// printers are. Whoever may ask for a print may not have it sent elsewhere.
    pub fn is_local(&self) -> bool {
        match self.0.ip().to_canonical() {
            IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
            IpAddr::V6(ip) => {
                ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local()
            }
        }
    }
}

impl From<SocketAddr> for PrinterAddress {
    fn from(address: SocketAddr) -> Self {
        Self(address)
    }
}

impl FromStr for PrinterAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address = text.parse().or_else(|_| text.parse().map(|ip| SocketAddr::new(ip, PORT)));
        match address {
            Ok(address) if address.port() != 0 => Ok(Self(address)),
            _ => Err(InvalidAddress(text.chars().take(64).collect())),
        }
    }
}

impl fmt::Display for PrinterAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for PrinterAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A receipt that was not printed, or perhaps not all of it.
#[derive(Debug, thiserror::Error)]
pub enum PrinterError {
    /// Nobody listens there. Nothing was sent.
    #[error("the printer at {printer} cannot be reached: {source}")]
    Unreachable {
        /// Where.
        printer: PrinterAddress,
        /// Why.
        source: io::Error,
    },
    /// Nobody answers there. Nothing was sent.
    #[error("the printer at {printer} does not answer within {} ms", .after.as_millis())]
    Silent {
        /// Where.
        printer: PrinterAddress,
        /// After which time.
        after: Duration,
    },
    /// The line broke. A part may have been printed.
    #[error("the printer at {printer} broke off: {source}")]
    BrokeOff {
        /// Where.
        printer: PrinterAddress,
        /// Why.
        source: io::Error,
    },
    /// It takes no more: out of paper, or open. A part may have been printed.
    #[error("the printer at {printer} took not all of it within {} ms", .after.as_millis())]
    Stuck {
        /// Where.
        printer: PrinterAddress,
        /// After which time.
        after: Duration,
    },
}

/// Sends bytes to a printer; each of connecting and sending may take `patience`.
///
/// # Errors
/// [`PrinterError`] tells whether anything may have been printed.
pub async fn print(
    printer: PrinterAddress,
    bytes: &[u8],
    patience: Duration,
) -> Result<(), PrinterError> {
    Connected::to(printer, patience).await?.send(bytes).await
}

/// A printer that answered.
pub struct Connected {
    printer: PrinterAddress,
    patience: Duration,
    line: TcpStream,
}

impl Connected {
    /// Connects, and sends nothing yet.
    ///
    /// # Errors
    /// [`PrinterError::Unreachable`] or [`PrinterError::Silent`].
    pub async fn to(printer: PrinterAddress, patience: Duration) -> Result<Self, PrinterError> {
        match timeout(patience, TcpStream::connect(printer.0)).await {
            Ok(Ok(line)) => Ok(Self { printer, patience, line }),
            Ok(Err(source)) => Err(PrinterError::Unreachable { printer, source }),
            Err(_) => Err(PrinterError::Silent { printer, after: patience }),
        }
    }

    /// Sends all of it, and closes the line.
    ///
    /// # Errors
    /// [`PrinterError::BrokeOff`] or [`PrinterError::Stuck`].
    pub async fn send(self, bytes: &[u8]) -> Result<(), PrinterError> {
        let Self { printer, patience, mut line } = self;
        let sent = async {
            line.write_all(bytes).await?;
            line.shutdown().await
        };
        match timeout(patience, sent).await {
            Ok(Ok(())) => {}
            Ok(Err(source)) => return Err(PrinterError::BrokeOff { printer, source }),
            Err(_) => return Err(PrinterError::Stuck { printer, after: patience }),
        }
        let mut said = [0; 64];
        let farewell = async { while matches!(line.read(&mut said).await, Ok(1..)) {} };
        // A printer that stays silent or hangs up has all the same taken everything.
        let _in_time = timeout(FAREWELL, farewell).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use tokio::net::TcpListener;

    use super::*;

    const BOUND: Duration = Duration::from_secs(10);

    async fn listener() -> (TcpListener, PrinterAddress) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().into();
        (listener, address)
    }

    #[test]
    fn addresses_are_parsed_and_known_as_local() {
        for (text, shown, local) in [
            ("192.168.1.50", "192.168.1.50:9100", true),
            ("10.0.0.7:9101", "10.0.0.7:9101", true),
            ("fd00::1", "[fd00::1]:9100", true),
            ("[fe80::1]:515", "[fe80::1]:515", true),
            ("127.0.0.1", "127.0.0.1:9100", true),
            ("8.8.8.8", "8.8.8.8:9100", false),
            ("0.0.0.0", "0.0.0.0:9100", false),
            ("2001:db8::1", "[2001:db8::1]:9100", false),
            ("::ffff:8.8.8.8", "[::ffff:8.8.8.8]:9100", false),
            ("::ffff:10.0.0.1", "[::ffff:10.0.0.1]:9100", true),
        ] {
            let address: PrinterAddress = text.parse().unwrap();
            assert_eq!((address.to_string().as_str(), address.is_local()), (shown, local));
        }
        for text in
            ["", "printer", "printer:9100", "10.0.0.7:0", "10.0.0.7:99999", "http://10.0.0.7"]
        {
            assert!(text.parse::<PrinterAddress>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn every_byte_arrives_even_if_the_printer_talks_back() {
        let (listener, address) = listener().await;
        let bytes: Vec<u8> = (0..300_000_u32).map(|no| no.to_le_bytes()[0]).collect();
        let printer = tokio::spawn(async move {
            let (mut line, _) = listener.accept().await.unwrap();
            line.write_all(b"\x14\x00\x00\x0f").await.unwrap();
            let mut taken = Vec::new();
            line.read_to_end(&mut taken).await.unwrap();
            taken
        });
        print(address, &bytes, BOUND).await.unwrap();
        assert_eq!(printer.await.unwrap(), bytes);
    }

    #[tokio::test]
    async fn a_printer_that_is_off_is_unreachable() {
        let (listener, address) = listener().await;
        drop(listener);
        let error = print(address, b"x", BOUND).await.unwrap_err();
        assert!(matches!(error, PrinterError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains(&address.to_string()), "{error}");
    }

    #[tokio::test]
    async fn a_printer_that_never_reads_is_given_up_on() {
        let (listener, address) = listener().await;
        let printer = tokio::spawn(async move { listener.accept().await.unwrap() });
        let much = vec![0; 64 << 20];
        let error = print(address, &much, Duration::from_millis(300)).await.unwrap_err();
        assert!(matches!(error, PrinterError::Stuck { .. }), "{error}");
        drop(printer);
    }

    #[tokio::test]
    async fn a_printer_that_hangs_up_midway_is_told() {
        let (listener, address) = listener().await;
        let printer = tokio::spawn(async move {
            let (mut line, _) = listener.accept().await.unwrap();
            line.read_exact(&mut [0; 1_000]).await.unwrap();
        });
        let much = vec![0; 64 << 20];
        let error = print(address, &much, BOUND).await.unwrap_err();
        assert!(matches!(error, PrinterError::BrokeOff { .. }), "{error}");
        printer.await.unwrap();
    }
}
