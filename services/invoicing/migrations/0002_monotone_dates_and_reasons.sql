ALTER TABLE "early_corrections" ADD COLUMN "reason" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "number_series" ADD COLUMN "last_issued_at" timestamp (3) with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
CREATE INDEX "documents_customer" ON "documents" USING btree ("tenant_id","customer_id","id");--> statement-breakpoint
create function refuse_document_removal() returns trigger language plpgsql as $$
begin
  raise exception 'the documents cannot be changed, not all at once either' using errcode = 'ZC300';
end $$;
--> statement-breakpoint
create trigger documents_kept before truncate on documents
  for each statement execute function refuse_document_removal();
