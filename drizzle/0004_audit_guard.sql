-- The audit's chain and its guard. What is hashed, and why, is told in src/audit/chain.ts, which computes the same.

-- One field: its length in bytes, a colon, itself; a minus for null. No two lists of fields read the same.
CREATE FUNCTION audit_field(field text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN field IS NULL THEN '-' ELSE octet_length(field) || ':' || field END
$$;--> statement-breakpoint
CREATE FUNCTION audit_words(salt text, actor_name text, action text, reason text, detail jsonb)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT encode(sha256(convert_to(
    public.audit_field(salt) || public.audit_field(actor_name) || public.audit_field(action)
      || public.audit_field(reason) || public.audit_field(detail::text), 'UTF8')), 'hex')
$$;--> statement-breakpoint
CREATE FUNCTION audit_hash(
  previous text, seq bigint, id bigint, at timestamptz, actor_kind text, actor_id text,
  target_kind text, target_id text, run_id text, words text
) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT encode(sha256(convert_to(
    '1' || public.audit_field(previous) || public.audit_field(seq::text) || public.audit_field(id::text)
      || public.audit_field((extract(epoch from at) * 1000000)::bigint::text) || public.audit_field(actor_kind)
      || public.audit_field(actor_id) || public.audit_field(target_kind) || public.audit_field(target_id)
      || public.audit_field(run_id) || public.audit_field(words), 'UTF8')), 'hex')
$$;--> statement-breakpoint
-- Seals committed entries in the order of their ids: at most this many, by one process at a time. Gives how many, where
-- the chain stands, and whether that was anchored for the day; no row when another process is at it.
CREATE FUNCTION seal_audit_entries(most integer, wait boolean)
RETURNS TABLE (sealed integer, head_seq bigint, head_hash text, anchored boolean) LANGUAGE plpgsql AS $$
DECLARE
  entry record;
  fresh_salt text;
  digest text;
BEGIN
  IF wait THEN
    PERFORM pg_advisory_xact_lock(746573993);
  ELSIF NOT pg_try_advisory_xact_lock(746573993) THEN
    RETURN;
  END IF;
  sealed := 0;
  anchored := false;
  SELECT anchor.seq, anchor.hash INTO head_seq, head_hash FROM public.audit_anchors AS anchor WHERE anchor.name = 'head';
  IF NOT FOUND THEN
    SELECT last.seq, last.hash INTO head_seq, head_hash
      FROM public.audit_entries AS last WHERE last.seq IS NOT NULL ORDER BY last.seq DESC LIMIT 1;
  END IF;
  head_seq := coalesce(head_seq, 0);
  head_hash := coalesce(head_hash, repeat('0', 64));
  FOR entry IN SELECT * FROM public.audit_entries AS open WHERE open.seq IS NULL ORDER BY open.id LIMIT most LOOP
    fresh_salt := replace(gen_random_uuid()::text, '-', '');
    digest := public.audit_words(fresh_salt, entry.actor_name, entry.action, entry.reason, entry.detail);
    head_seq := head_seq + 1;
    head_hash := public.audit_hash(head_hash, head_seq, entry.id, entry.at, entry.actor_kind, entry.actor_id,
      entry.target_kind, entry.target_id, entry.run_id, digest);
    UPDATE public.audit_entries SET seq = head_seq, hash = head_hash, salt = fresh_salt, words = digest
      WHERE id = entry.id;
    sealed := sealed + 1;
  END LOOP;
  IF sealed > 0 THEN
    INSERT INTO public.audit_anchors AS anchor VALUES ('head', head_seq, head_hash, clock_timestamp())
      ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, at = excluded.at;
    INSERT INTO public.audit_anchors
      VALUES (to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD'), head_seq, head_hash, clock_timestamp())
      ON CONFLICT (name) DO NOTHING;
    anchored := FOUND;
  END IF;
  RETURN NEXT;
END $$;--> statement-breakpoint
-- What may become of an entry. Blanking and removing are only possible beside an entry of this very transaction that
-- tells of it.
CREATE FUNCTION guard_audit_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  sealing CONSTANT text[] := ARRAY['seq', 'hash', 'salt', 'words'];
  blanking CONSTANT text[] := ARRAY['actor_name', 'action', 'reason', 'detail', 'salt', 'blanked_by'];
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.seq IS NULL AND NEW.hash IS NULL AND NEW.salt IS NULL AND NEW.words IS NULL AND NEW.blanked_by IS NULL THEN
      RETURN NEW;
    END IF;
  ELSIF TG_OP = 'UPDATE' THEN
    IF OLD.seq IS NULL AND NEW.seq IS NOT NULL AND NEW.hash IS NOT NULL AND NEW.salt IS NOT NULL
      AND NEW.words IS NOT NULL AND to_jsonb(OLD) - sealing = to_jsonb(NEW) - sealing THEN
      RETURN NEW;
    END IF;
    IF OLD.seq IS NOT NULL AND NEW.blanked_by IS NOT NULL AND to_jsonb(OLD) - blanking = to_jsonb(NEW) - blanking
      AND NEW.blanked_by = coalesce(OLD.blanked_by, '{}') || NEW.blanked_by[array_length(NEW.blanked_by, 1)]
      AND EXISTS (
        SELECT FROM public.audit_entries AS told
        WHERE told.id = NEW.blanked_by[array_length(NEW.blanked_by, 1)]
          AND told.action = 'blanked entries' AND told.xmin = pg_current_xact_id()::xid
      ) THEN
      RETURN NEW;
    END IF;
  ELSIF TG_OP = 'DELETE' AND OLD.seq IS NOT NULL AND EXISTS (
    SELECT FROM public.audit_entries AS told
    WHERE told.action = 'removed old entries' AND told.xmin = pg_current_xact_id()::xid
      AND (told.detail ->> 'through')::bigint >= OLD.seq
  ) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'The audit is only ever added to: % of entries is refused', lower(TG_OP) USING ERRCODE = '23001';
END $$;--> statement-breakpoint
CREATE TRIGGER audit_entries_guard BEFORE INSERT OR UPDATE OR DELETE ON audit_entries
  FOR EACH ROW EXECUTE FUNCTION guard_audit_entries();--> statement-breakpoint
CREATE FUNCTION guard_audit_anchors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.name = 'head' AND NEW.name = 'head' AND NEW.seq > OLD.seq THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'Anchors of the audit stay: % is refused', lower(TG_OP) USING ERRCODE = '23001';
END $$;--> statement-breakpoint
CREATE TRIGGER audit_anchors_guard BEFORE UPDATE OR DELETE ON audit_anchors
  FOR EACH ROW EXECUTE FUNCTION guard_audit_anchors();--> statement-breakpoint
CREATE FUNCTION refuse_audit_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'The audit is only ever added to: truncate is refused' USING ERRCODE = '23001';
END $$;--> statement-breakpoint
CREATE TRIGGER audit_entries_kept BEFORE TRUNCATE ON audit_entries
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_truncate();--> statement-breakpoint
CREATE TRIGGER audit_anchors_kept BEFORE TRUNCATE ON audit_anchors
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_truncate();
