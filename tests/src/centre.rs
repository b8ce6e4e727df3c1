//! The services at headquarters, each a process of its own.

use testkit::{BOUND, Books, Nats, Service, ServicePlan, free_port, wait_until};

/// `workers`, `numbering` and `ingest` of one company. A test may stop, kill or
/// replace any of them.
pub struct Centre {
    /// Finalize and relay.
    pub workers: Service,
    /// The allocator.
    pub numbering: Service,
    /// The door.
    pub ingest: Service,
    /// Where the door listens.
    pub listen: String,
    books_url: String,
    nats_url: String,
}

impl Centre {
    /// Starts all three and waits until the door answers.
    pub async fn start(books: &Books, nats: &Nats) -> Self {
        let (books_url, nats_url) = (books.url.clone(), nats.url());
        let bus = bus::Bus::connect(&bus::Settings::plain(&nats_url), "test").await;
        let bus = bus.expect("the broker answers");
        bus::topology::ensure(&bus, &bus::topology::TopologySettings::default())
            .await
            .expect("the streams can be made");
        let listen = format!("127.0.0.1:{}", free_port().expect("a port is free"));
        let plan = |name| plan(name, &books_url, &nats_url);
        let centre = Self {
            workers: plan("workers").start(),
            numbering: plan("numbering").start(),
            ingest: plan("ingest").setting("listen", &listen).start(),
            listen: listen.clone(),
            books_url,
            nats_url,
        };
        healthy(&listen).await;
        centre
    }

    /// Plans one more process of a service, or a replacement.
    pub fn plan(&self, name: &str) -> ServicePlan {
        plan(name, &self.books_url, &self.nats_url)
    }
}

fn plan(name: &str, books_url: &str, nats_url: &str) -> ServicePlan {
    Service::plan(name).setting("books.url", books_url).setting("nats.url", nats_url)
}

/// Waits until the service at `listen` says that it is well.
pub(crate) async fn healthy(listen: &str) {
    let url = format!("http://{listen}/healthz");
    wait_until(&format!("{url} is well"), BOUND, async || {
        let answer = reqwest::get(&url).await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
}
