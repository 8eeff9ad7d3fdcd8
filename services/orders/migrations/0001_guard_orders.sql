-- The second guard of the state table (the first is the compare-and-set in the code; rules/order.ts has the same edges).
CREATE FUNCTION guard_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF tg_op = 'INSERT' THEN
    IF new.status <> 'pending' OR new.version <> 1 THEN
      RAISE EXCEPTION 'an order begins as pending, with version 1' USING errcode = 'ZC001';
    END IF;
    RETURN new;
  END IF;
  IF new.version = old.version THEN
    -- The sweeper's lease is no change of the order.
    IF to_jsonb(new) - 'due_at' IS DISTINCT FROM to_jsonb(old) - 'due_at' THEN
      RAISE EXCEPTION 'a change of an order raises its version' USING errcode = 'ZC002';
    END IF;
    RETURN new;
  END IF;
  IF new.version <> old.version + 1 THEN
    RAISE EXCEPTION 'version % does not follow version %', new.version, old.version USING errcode = 'ZC002';
  END IF;
  IF new.status <> old.status AND (old.status, new.status) NOT IN (
    ('pending', 'created'), ('pending', 'rejected'),
    ('created', 'confirmed'), ('created', 'canceled'), ('created', 'expired'),
    ('confirmed', 'shipped'), ('confirmed', 'cancel_pending'),
    ('cancel_pending', 'canceled'),
    ('shipped', 'delivered')
  ) THEN
    RAISE EXCEPTION 'an order that is % cannot become %', old.status, new.status USING errcode = 'ZC001';
  END IF;
  IF old.status <> 'pending' AND (
    new.currency, new.prices_include_tax, new.subtotal_cents, new.tax_cents, new.shipping_cents, new.total_cents,
    new.user_id, new.customer_id, new.payment_method, new.number
  ) IS DISTINCT FROM (
    old.currency, old.prices_include_tax, old.subtotal_cents, old.tax_cents, old.shipping_cents, old.total_cents,
    old.user_id, old.customer_id, old.payment_method, old.number
  ) THEN
    RAISE EXCEPTION 'what an order is and costs never changes' USING errcode = 'ZC003';
  END IF;
  RETURN new;
END $$;
--> statement-breakpoint
CREATE TRIGGER guard_order BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION guard_order();
--> statement-breakpoint
CREATE FUNCTION log_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO order_transitions (tenant_id, order_id, version, from_status, to_status, payment_status, reason, changed_by)
  VALUES (new.tenant_id, new.id, new.version, CASE WHEN tg_op = 'UPDATE' THEN old.status END, new.status,
          new.payment_status, new.change_reason, new.changed_by);
  IF tg_op = 'UPDATE' THEN
    -- Live streams of all replicas listen; delivered only if this commits.
    PERFORM pg_notify('orders', new.tenant_id || ' ' || new.id);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER log_inserted_order AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION log_order();
--> statement-breakpoint
CREATE TRIGGER log_updated_order AFTER UPDATE ON orders FOR EACH ROW
  WHEN (new.version <> old.version) EXECUTE FUNCTION log_order();
--> statement-breakpoint
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', tg_table_name USING errcode = 'ZC004';
END $$;
--> statement-breakpoint
CREATE TRIGGER order_lines_append_only BEFORE UPDATE OR DELETE ON order_lines
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER order_transitions_append_only BEFORE UPDATE OR DELETE ON order_transitions
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER orders_no_delete BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION refuse_change();
