CREATE INDEX "ledger_journals_unusual" ON "ledger_journals" USING btree ("tenant_id","kind","id") WHERE kind not in ('capture', 'fee');--> statement-breakpoint
CREATE INDEX "payments_open" ON "payments" USING btree ("tenant_id","status","id") WHERE status in ('pending', 'requires_payment_method', 'requires_action', 'processing');--> statement-breakpoint
CREATE INDEX "ledger_journals_of_order" ON "ledger_journals" USING btree ("tenant_id","order_id","id");--> statement-breakpoint
-- Last, as whoever reads or writes waits from here to the end.
DROP INDEX "ledger_journals_order";