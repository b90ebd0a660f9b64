-- What the store PostgreSQL needs in its database. Run once, by a role that may create: everything is made if it is not there.
-- The number at the end of a name is its version: processes of an older Buckler keep theirs while newer ones start.

CREATE SCHEMA IF NOT EXISTS "{schema}";

-- Values survive a crash of the server. Neither table has an index on its time, so that an update touches no index (HOT).
CREATE TABLE IF NOT EXISTS "{schema}".kept_1 (
    key bytea PRIMARY KEY,
    value bytea NOT NULL,
    until_s float8 NOT NULL
) WITH (fillfactor = 70);

-- Quotas do not: written to no log, they cost no wait for a disk. After a crash of the server every quota is whole again, once.
CREATE UNLOGGED TABLE IF NOT EXISTS "{schema}".quota_1 (
    key bytea PRIMARY KEY,
    due_s float8 NOT NULL
) WITH (fillfactor = 70);

-- core.store.gcra, step by step in the same order: both give the same floats.
CREATE OR REPLACE FUNCTION "{schema}".gcra_1(
    due_s float8, now_s float8, calls float8, period_s float8, cost float8, spent bool, follows bool, before bool,
    OUT next_s float8, OUT allowed bool, OUT remaining int8, OUT retry_s float8, OUT reset_s float8
) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    interval_s float8 := period_s / calls;
    grain_s float8 := 2 ^ float8 '-21';
    slack_s float8 := least(calls * grain_s, interval_s / 2);
    start_s float8 := greatest(due_s, now_s);
    step_s float8 := interval_s * cost;
    over_s float8;
    late bool;
BEGIN
    IF start_s - now_s - period_s > slack_s THEN
        start_s := now_s + period_s;
    END IF;
    next_s := start_s + step_s;
    IF next_s - start_s < step_s THEN
        next_s := next_s + grain_s;
    END IF;
    over_s := next_s - now_s - period_s;
    late := over_s > slack_s;
    retry_s := CASE WHEN late THEN over_s ELSE 0 END;
    allowed := NOT late;
    IF spent AND (before OR NOT follows) THEN
        next_s := least(next_s, now_s + period_s);
        reset_s := next_s - now_s;
    ELSIF late OR (follows AND NOT before) THEN
        allowed := false;
        reset_s := start_s - now_s;
        next_s := least(due_s, start_s);
    ELSE
        next_s := greatest(next_s, now_s);
        reset_s := next_s - now_s;
    END IF;
    remaining := greatest(0, trunc((period_s + slack_s - reset_s) / interval_s));
END $$;

-- One batch. Whoever writes takes a lock for each key, all in one order, so that nobody waits in a circle; a key without a row has one too.
-- Only then the clock is read, and what the one before has written is seen: every statement of a volatile function looks anew.
-- kinds: 0 Get, 1 Put, 2 Add, 3 Replace, 4 Drop, 5 Take; 8 more where it follows, 16 more where it is spent.
CREATE OR REPLACE FUNCTION "{schema}".batch_1(
    kinds int2[], keys bytea[], given bytea[], times_s float8[], calls float8[], costs float8[], locks int8[]
) RETURNS TABLE (answer bytea, yes bool, remaining int8, retry_s float8, reset_s float8) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    now_s float8;
    known_s float8;
    before bool := true;
    taken record;
BEGIN
    PERFORM pg_advisory_xact_lock(one) FROM unnest(locks) AS one;
    now_s := extract(epoch FROM clock_timestamp());
    FOR i IN 1 .. cardinality(keys) LOOP
        answer := NULL; yes := NULL;
        CASE kinds[i] & 7
        WHEN 0 THEN
            SELECT k.value INTO answer FROM "{schema}".kept_1 k WHERE k.key = keys[i] AND k.until_s > now_s;
        WHEN 1 THEN
            INSERT INTO "{schema}".kept_1 AS k VALUES (keys[i], given[i], now_s + times_s[i])
            ON CONFLICT (key) DO UPDATE SET value = excluded.value, until_s = excluded.until_s;
        WHEN 2 THEN
            INSERT INTO "{schema}".kept_1 AS k VALUES (keys[i], given[i], now_s + times_s[i])
            ON CONFLICT (key) DO UPDATE SET value = excluded.value, until_s = excluded.until_s WHERE k.until_s <= now_s;
            yes := FOUND;
        WHEN 3 THEN
            UPDATE "{schema}".kept_1 k SET value = given[i], until_s = now_s + times_s[i] WHERE k.key = keys[i] AND k.until_s > now_s;
            yes := FOUND;
        WHEN 4 THEN
            DELETE FROM "{schema}".kept_1 k WHERE k.key = keys[i] AND k.until_s > now_s;
            yes := FOUND;
        ELSE
            SELECT q.due_s INTO known_s FROM "{schema}".quota_1 q WHERE q.key = keys[i];
            known_s := coalesce(known_s, 0);
            taken := "{schema}".gcra_1(known_s, now_s, calls[i], times_s[i], costs[i], kinds[i] & 16 > 0, kinds[i] & 8 > 0, before);
            before := taken.allowed;
            IF taken.next_s <> known_s THEN
                INSERT INTO "{schema}".quota_1 AS q VALUES (keys[i], taken.next_s) ON CONFLICT (key) DO UPDATE SET due_s = excluded.due_s;
            END IF;
            yes := taken.allowed; remaining := taken.remaining; retry_s := taken.retry_s; reset_s := taken.reset_s;
        END CASE;
        RETURN NEXT;
    END LOOP;
END $$;

-- Drops what has expired on 64 pages somewhere in each table. Waits for nobody.
CREATE OR REPLACE FUNCTION "{schema}".sweep_1() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    now_s float8 := extract(epoch FROM clock_timestamp());
    page int8;
BEGIN
    page := trunc(random() * greatest(1, pg_relation_size('"{schema}".kept_1') / current_setting('block_size')::int8 - 63));
    DELETE FROM "{schema}".kept_1 WHERE ctid = ANY (ARRAY(
        SELECT k.ctid FROM "{schema}".kept_1 k
        WHERE k.ctid >= format('(%s,0)', page)::tid AND k.ctid < format('(%s,0)', page + 64)::tid AND k.until_s <= now_s
        FOR UPDATE SKIP LOCKED));
    page := trunc(random() * greatest(1, pg_relation_size('"{schema}".quota_1') / current_setting('block_size')::int8 - 63));
    DELETE FROM "{schema}".quota_1 WHERE ctid = ANY (ARRAY(
        SELECT q.ctid FROM "{schema}".quota_1 q
        WHERE q.ctid >= format('(%s,0)', page)::tid AND q.ctid < format('(%s,0)', page + 64)::tid AND q.due_s <= now_s
        FOR UPDATE SKIP LOCKED));
END $$;
