-- People read the audit trail newest first. One index only: every command writes an entry, and every further index would cost it
-- more than the entry itself.
CREATE INDEX audit_by_time ON audit (at, lane, seq);
