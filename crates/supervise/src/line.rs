//! A wire between two programs that can be cut: a TCP proxy on the loopback.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
    task::JoinHandle,
};

/// Bytes that are carried at a time, in each direction.
const BUFFER_BYTES: usize = 64 * 1024;

/// What the line does with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// It carries them.
    Open,
    /// It is cut: connections are closed, new ones are closed at once.
    Cut,
    /// It is half-open: connections stay, nothing gets through, and what is
    /// sent waits. Only a timeout can notice.
    Stalled,
}

/// A TCP proxy from a free loopback port to one address. Dropping it closes
/// every connection. What was read before a cut and not yet written is lost,
/// as on a real wire.
#[derive(Debug)]
pub struct Line {
    addr: SocketAddr,
    flow: watch::Sender<Flow>,
    accepting: JoinHandle<()>,
}

impl Line {
    /// Lays a line to `target`, open. It runs in the current tokio runtime.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn to(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let (flow, state) = watch::channel(Flow::Open);
        let accepting = tokio::spawn(accept(listener, target, state));
        Ok(Self { addr, flow, accepting })
    }

    /// The near end, to connect to.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What it does now.
    pub fn flow(&self) -> Flow {
        *self.flow.borrow()
    }

    /// Closes every connection and lets none through.
    pub fn cut(&self) {
        self.flow.send_replace(Flow::Cut);
    }

    /// Keeps every connection and carries nothing.
    pub fn stall(&self) {
        self.flow.send_replace(Flow::Stalled);
    }

    /// Carries again; what waited in a stall goes on.
    pub fn restore(&self) {
        self.flow.send_replace(Flow::Open);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.flow.send_replace(Flow::Cut);
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, state: watch::Receiver<Flow>) {
    loop {
        let near = match listener.accept().await {
            Ok((near, _)) => near,
            Err(error) => {
                // Out of file descriptors, most likely: others must end first.
                tracing::warn!(%error, "a line cannot accept");
                tokio::task::yield_now().await;
                continue;
            }
        };
        if *state.borrow() != Flow::Cut {
            tokio::spawn(carry(near, target, state.clone()));
        }
    }
}

/// Carries one connection until an end closes or the line is cut.
async fn carry(near: TcpStream, target: SocketAddr, mut state: watch::Receiver<Flow>) {
    let opened = state.wait_for(|flow| *flow != Flow::Stalled).await.map(|flow| *flow);
    if !matches!(opened, Ok(Flow::Open)) {
        return;
    }
    let Ok(far) = TcpStream::connect(target).await else { return };
    // A proxy adds no delay of its own.
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let both = async {
        tokio::join!(pump(near_in, far_out, state.clone()), pump(far_in, near_out, state.clone()))
    };
    let mut cut = state.clone();
    tokio::select! {
        _ = both => {}
        _ = cut.wait_for(|flow| *flow == Flow::Cut) => {}
    }
}

/// One direction. Ends at the end of its input, passing that on.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<Flow>) {
    let mut buffer = vec![0_u8; BUFFER_BYTES];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        // Held back while stalled; a line that is gone is a cut one.
        if state.wait_for(|flow| *flow != Flow::Stalled).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const BOUND: Duration = Duration::from_secs(10);

    /// A server that answers every byte with itself.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.into_split();
                    tokio::io::copy(&mut read, &mut write).await
                });
            }
        });
        addr
    }

    async fn exchange(stream: &mut TcpStream, byte: u8) -> io::Result<u8> {
        stream.write_all(&[byte]).await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn carries_until_cut_and_again_once_restored() {
        let line = Line::to(echo().await).await.unwrap();
        let mut before = TcpStream::connect(line.addr()).await.unwrap();
        assert_eq!(exchange(&mut before, 1).await.unwrap(), 1);

        line.cut();
        let closed = timeout(BOUND, before.read_u8()).await.unwrap();
        assert!(closed.is_err(), "a cut closes what was open");
        let mut during = TcpStream::connect(line.addr()).await.unwrap();
        let refused = timeout(BOUND, exchange(&mut during, 2)).await.unwrap();
        assert!(refused.is_err(), "nothing gets through a cut line");

        line.restore();
        let mut after = TcpStream::connect(line.addr()).await.unwrap();
        assert_eq!(timeout(BOUND, exchange(&mut after, 3)).await.unwrap().unwrap(), 3);
    }

    #[tokio::test]
    async fn a_stall_keeps_connections_and_loses_nothing() {
        let line = Line::to(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(line.addr()).await.unwrap();
        assert_eq!(exchange(&mut stream, 1).await.unwrap(), 1);

        line.stall();
        stream.write_all(&[2]).await.unwrap();
        let silence = timeout(Duration::from_millis(200), stream.read_u8()).await;
        assert!(silence.is_err(), "a stalled line answers nothing");

        line.restore();
        assert_eq!(stream.read_u8().await.unwrap(), 2);
    }
}
