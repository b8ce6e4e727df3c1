#![allow(warnings)]
mod stage;
use schemas::subjects::WAKE_RELAY;
use stage::*;
use std::time::{Duration, Instant};
use testkit::sqlx;
#[tokio::test(flavor = "multi_thread")]
async fn bench() {
    let stage = Stage::new().await;
    let n = 40_000i64;
    for s in &stage.company.stores {
        sqlx::query("INSERT INTO edge_entry SELECT $1, i, 'sale.finalized', 1, now(), sha256(i::text::bytea), sha256(i::text::bytea), convert_to('{\"x\":\"' || (select string_agg(md5((i*j)::text),'') from generate_series(1,50) j) || '\"}','utf8') from generate_series(1,$2) i")
          .bind(s.edge_id.as_uuid()).bind(n/2).execute(&stage.books.pool).await.unwrap();
        sqlx::query("INSERT INTO outbox (tenant_id,branch_id,fact_id,kind,schema_version,edge_id,entry_seq,occurred_at) SELECT $1,$2, $3::uuid::text || ':' || i || ':sale.finalized','sale.finalized',1,$3,i,now() from generate_series(1,$4) i")
          .bind(s.tenant_id.as_uuid()).bind(s.branch_id.as_uuid()).bind(s.edge_id.as_uuid()).bind(n/2).execute(&stage.books.pool).await.unwrap();
        sqlx::query("INSERT INTO invoice SELECT $5, $6*($4::bigint) + i, gen_random_uuid(), $1, $2, i, gen_random_uuid(), 't-' || i || $2::text, $3, i, sha256('a'), 3.5, 0.3, 14350, now(), sha256('b'), sha256('c') from generate_series(1,$4) i")
          .bind(s.tenant_id.as_uuid()).bind(s.branch_id.as_uuid()).bind(s.edge_id.as_uuid()).bind(n/2).bind(stage.company.series_id.as_uuid()).bind(if s.branch_id == stage.company.stores[0].branch_id {0i64} else {1}).execute(&stage.books.pool).await.unwrap();
        sqlx::query("INSERT INTO outbox (tenant_id,branch_id,fact_id,kind,schema_version,series_id,invoice_no,occurred_at) SELECT tenant_id, branch_id, series_id || ':' || no, 'invoice.assigned',1,series_id,no,now() from invoice where branch_id = $1")
          .bind(s.branch_id.as_uuid()).execute(&stage.books.pool).await.unwrap();
    }
    sqlx::query("analyze").execute(&stage.books.pool).await.unwrap();
    for round in 0..2 {
        let t = Instant::now();
        let run = stage.run();
        let mut placed_at = None;
        loop {
            let (l, p): (i64, i64) = sqlx::query_as(
                "select sum(last_seq)::bigint, sum(published_seq)::bigint from fact_head",
            )
            .fetch_one(&stage.books.pool)
            .await
            .unwrap();
            if l == 2 * n && placed_at.is_none() {
                placed_at = Some(t.elapsed());
            }
            if p == 2 * n {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        eprintln!(
            "{} facts: placed in {:?}, published in {:?} = {}/s",
            2 * n,
            placed_at,
            t.elapsed(),
            2.0 * n as f64 / t.elapsed().as_secs_f64()
        );
        run.stop().await;
        sqlx::query("update fact_head set published_seq=0")
            .execute(&stage.books.pool)
            .await
            .unwrap();
        stage.nats.jetstream().await.get_stream("BOOKS").await.unwrap().purge().await.unwrap();
    }
    let run = stage.run();
    loop {
        let (l, p): (i64, i64) = sqlx::query_as(
            "select sum(last_seq)::bigint, sum(published_seq)::bigint from fact_head",
        )
        .fetch_one(&stage.books.pool)
        .await
        .unwrap();
        if p == 2 * n {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // latency
    let s = &stage.company.stores[0];
    let mut f = bus::facts::follow(
        &stage.bus,
        schemas::subjects::branch_facts(s.tenant_id, s.branch_id),
        bus::facts::Start::New,
    );
    f.connect().await.unwrap();
    let mut lat = vec![];
    for i in 0..200 {
        enqueue(&stage.books.pool, s, &format!("lat{i}"), 1).await;
        let t = Instant::now();
        bus::notices::notify(&stage.bus, WAKE_RELAY, &()).await.unwrap();
        f.next().await;
        lat.push(t.elapsed());
    }
    lat.sort();
    eprintln!("enqueue->follower p50 {:?} p99 {:?}", lat[100], lat[198]);
    run.stop().await;
}
