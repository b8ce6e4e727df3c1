//! The services at headquarters, each a process of its own.

use testkit::{
    BAKONG_EMAIL, BOUND, BakongStandIn, Books, Nats, Service, ServicePlan, free_port, wait_until,
};

/// `workers`, `numbering` and `ingest` of one company. A test may stop, kill or
/// replace any of them.
pub struct Centre {
    /// Finalize and relay.
    pub workers: Service,
    /// The allocator.
    pub numbering: Service,
    /// The door.
    pub ingest: Service,
    /// The stand-in for Bakong that `ingest` asks.
    pub bakong: BakongStandIn,
    books_url: String,
    nats_url: String,
    /// Where the door listens.
    pub listen: String,
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
        let bakong = BakongStandIn::start().await.expect("a stand-in for Bakong starts");
        let plan = |name| plan(name, &books_url, &nats_url);
        let centre = Self {
            workers: plan("workers").start(),
            numbering: plan("numbering").start(),
            ingest: with_bakong(plan("ingest"), &bakong).setting("listen", &listen).start(),
            bakong,
            books_url,
            nats_url,
            listen,
        };
        healthy(&centre.listen).await;
        centre
    }

    /// Plans `ingest` anew, as it was started.
    pub fn plan_ingest(&self) -> ServicePlan {
        with_bakong(self.plan("ingest"), &self.bakong).setting("listen", &self.listen)
    }

    /// Kills `ingest` and starts it again as planned.
    pub async fn restart_ingest(&mut self, plan: ServicePlan) {
        self.ingest.kill();
        self.ingest = plan.start();
        healthy(&self.listen).await;
    }

    /// Plans one more process of a service, or a replacement.
    pub fn plan(&self, name: &str) -> ServicePlan {
        plan(name, &self.books_url, &self.nats_url)
    }
}

/// The settings by which `ingest` asks the stand-in, and tells of unclaimed payments
/// soon.
fn with_bakong(plan: ServicePlan, bakong: &BakongStandIn) -> ServicePlan {
    plan.setting("khqr.bakong.base_url", bakong.url())
        .setting("khqr.bakong.token", bakong.token())
        .setting("khqr.bakong.email", BAKONG_EMAIL)
        .setting("khqr.sweep_every_ms", 200)
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
