-- What erasing a person may change in an entry: words become [erased], and who acted stays.
CREATE OR REPLACE FUNCTION guard_audit_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  sealing CONSTANT text[] := ARRAY['seq', 'hash', 'salt', 'words'];
  blanking CONSTANT text[] := ARRAY['action', 'reason', 'detail', 'salt', 'blanked_by'];
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
      AND (NEW.action = OLD.action OR NEW.action LIKE '%[erased]%')
      AND (NEW.reason IS NOT DISTINCT FROM OLD.reason OR NEW.reason LIKE '%[erased]%')
      AND (NEW.detail IS NOT DISTINCT FROM OLD.detail OR NEW.detail::text LIKE '%[erased]%')
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
END $$;
