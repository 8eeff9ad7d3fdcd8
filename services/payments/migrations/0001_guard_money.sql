-- The books: what is written stays, and every journal adds up to zero in each of its currencies when its transaction commits.
CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger is append-only: correct it with another journal' USING errcode = 'ZC201';
END $$;
--> statement-breakpoint
CREATE TRIGGER keep_journals BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_journals
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
--> statement-breakpoint
CREATE TRIGGER keep_entries BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
--> statement-breakpoint
CREATE FUNCTION check_journal_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  journal text := CASE tg_table_name WHEN 'ledger_journals' THEN to_jsonb(new) ->> 'id' ELSE to_jsonb(new) ->> 'journal_id' END;
BEGIN
  -- No entry at all is out of balance too: nothing may hide from this check.
  IF (SELECT bool_and(total = 0)
      FROM (SELECT sum(amount_cents) AS total FROM ledger_entries
            WHERE tenant_id = new.tenant_id AND journal_id = journal GROUP BY currency) sums) IS NOT TRUE THEN
    RAISE EXCEPTION 'journal % does not add up to zero', journal USING errcode = 'ZC200';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER balanced_journal AFTER INSERT ON ledger_journals DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION check_journal_balance();
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER balanced_entries AFTER INSERT ON ledger_entries DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION check_journal_balance();
--> statement-breakpoint
-- The second guard of the state table (the first is in the code; rules/payment.ts has the same edges): what money did is not undone.
CREATE FUNCTION guard_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF old.status = 'canceled' OR (old.status, new.status) NOT IN (
    ('succeeded', 'partially_refunded'), ('succeeded', 'refunded'), ('partially_refunded', 'refunded')
  ) THEN
    RAISE EXCEPTION 'a payment that is % cannot become %', old.status, new.status USING errcode = 'ZC210';
  END IF;
  RETURN new;
END $$;
--> statement-breakpoint
CREATE TRIGGER guard_payment BEFORE UPDATE ON payments FOR EACH ROW
  WHEN (old.status IN ('succeeded', 'partially_refunded', 'refunded', 'canceled') AND new.status <> old.status)
  EXECUTE FUNCTION guard_payment();
--> statement-breakpoint
CREATE FUNCTION guard_payment_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what a payment is for and how much it is never changes' USING errcode = 'ZC211';
END $$;
--> statement-breakpoint
CREATE TRIGGER guard_payment_terms BEFORE UPDATE ON payments FOR EACH ROW
  WHEN ((new.order_id, new.amount_cents, new.tax_cents, new.currency, new.method)
        IS DISTINCT FROM (old.order_id, old.amount_cents, old.tax_cents, old.currency, old.method))
  EXECUTE FUNCTION guard_payment_terms();
