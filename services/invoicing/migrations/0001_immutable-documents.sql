-- A document is what a customer holds in hand: corrections are new documents.
create function refuse_document_change() returns trigger language plpgsql as $$
begin
  raise exception 'document % of tenant % cannot be changed', old.number, old.tenant_id using errcode = 'ZC300';
end $$;
--> statement-breakpoint
create trigger documents_immutable before update or delete on documents
  for each row execute function refuse_document_change();
--> statement-breakpoint
alter table documents add constraint documents_kind check (kind in ('invoice', 'credit_note')),
  add constraint documents_total check (total_cents >= 0),
  add constraint documents_corrects check ((kind = 'credit_note') = (corrects_id is not null)),
  add foreign key (tenant_id, corrects_id) references documents (tenant_id, id);
