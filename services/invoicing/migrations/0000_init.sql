CREATE TABLE "customers" (
	"tenant_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"version" integer NOT NULL,
	"snapshot" jsonb NOT NULL,
	CONSTRAINT "customers_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "dead_letters" (
	"tenant_id" text collate "C" NOT NULL,
	"consumer" text NOT NULL,
	"event_id" text NOT NULL,
	"subject" text NOT NULL,
	"payload" text NOT NULL,
	"error" text NOT NULL,
	"attempts" integer NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"redriven_at" timestamp (3) with time zone,
	CONSTRAINT "dead_letters_tenant_id_consumer_event_id_pk" PRIMARY KEY("tenant_id","consumer","event_id")
);
--> statement-breakpoint
CREATE TABLE "documents" (
	"tenant_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"kind" text NOT NULL,
	"series" text NOT NULL,
	"year" integer NOT NULL,
	"sequence" integer NOT NULL,
	"number" text NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"user_id" text collate "C",
	"customer_id" text collate "C",
	"source_key" text NOT NULL,
	"corrects_id" text collate "C",
	"currency" char(3) NOT NULL,
	"total_cents" bigint NOT NULL,
	"issued_at" timestamp (3) with time zone NOT NULL,
	"due_at" timestamp (3) with time zone,
	"snapshot" jsonb NOT NULL,
	"sha256" text NOT NULL,
	CONSTRAINT "documents_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "early_corrections" (
	"tenant_id" text collate "C" NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"source_key" text NOT NULL,
	"refund_id" text collate "C",
	"amount_cents" bigint,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "early_corrections_tenant_id_order_id_source_key_pk" PRIMARY KEY("tenant_id","order_id","source_key")
);
--> statement-breakpoint
CREATE TABLE "inbox" (
	"tenant_id" text collate "C" NOT NULL,
	"consumer" text NOT NULL,
	"event_id" text collate "C" NOT NULL,
	"processed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "inbox_tenant_id_consumer_event_id_pk" PRIMARY KEY("tenant_id","consumer","event_id")
);
--> statement-breakpoint
CREATE TABLE "number_series" (
	"tenant_id" text collate "C" NOT NULL,
	"series" text NOT NULL,
	"year" integer NOT NULL,
	"last" integer NOT NULL,
	CONSTRAINT "number_series_tenant_id_series_year_pk" PRIMARY KEY("tenant_id","series","year")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"tenant_id" text collate "C" NOT NULL,
	"seq" bigserial PRIMARY KEY NOT NULL,
	"id" text collate "C" NOT NULL,
	"type" text NOT NULL,
	"aggregate_id" text NOT NULL,
	"aggregate_version" integer NOT NULL,
	"data" jsonb NOT NULL,
	"traceparent" text,
	"shard" smallint GENERATED ALWAYS AS (((hashtext(aggregate_id) & 3)::smallint)) STORED NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"published_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE UNIQUE INDEX "documents_number" ON "documents" USING btree ("tenant_id","series","year","sequence");--> statement-breakpoint
CREATE UNIQUE INDEX "documents_source" ON "documents" USING btree ("tenant_id","source_key");--> statement-breakpoint
CREATE INDEX "documents_order" ON "documents" USING btree ("tenant_id","order_id");--> statement-breakpoint
CREATE INDEX "documents_user" ON "documents" USING btree ("tenant_id","user_id","id");--> statement-breakpoint
CREATE INDEX "inbox_processed" ON "inbox" USING btree ("processed_at");--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_id" ON "outbox" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_aggregate" ON "outbox" USING btree ("tenant_id","aggregate_id","aggregate_version","type");--> statement-breakpoint
CREATE INDEX "outbox_todo" ON "outbox" USING btree ("shard","seq") WHERE published_at is null;--> statement-breakpoint
CREATE INDEX "outbox_published" ON "outbox" USING btree ("published_at");