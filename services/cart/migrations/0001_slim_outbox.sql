DROP INDEX "outbox_id";--> statement-breakpoint
DROP INDEX "outbox_published";