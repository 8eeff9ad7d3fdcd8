ALTER TABLE "reservations" ADD COLUMN "due_at" timestamp (3) with time zone DEFAULT now() + interval '20 minutes' NOT NULL;--> statement-breakpoint
CREATE INDEX "reservations_due" ON "reservations" USING btree ("due_at") WHERE state = 'held';--> statement-breakpoint
DROP INDEX "reservations_held";