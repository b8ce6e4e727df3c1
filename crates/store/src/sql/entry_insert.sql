INSERT INTO edge_entry (
    edge_id, seq, kind, schema_version, recorded_at, prev_hash, hash, payload
)
SELECT e.edge_id, e.seq, e.kind, e.schema_version::smallint, e.recorded_at, e.prev_hash, e.hash,
    e.payload
FROM unnest(
    $1::uuid[], $2::bigint[], $3::text[], $4::integer[], $5::timestamptz[],
    $6::bytea[], $7::bytea[], $8::bytea[]
) AS e (edge_id, seq, kind, schema_version, recorded_at, prev_hash, hash, payload)
