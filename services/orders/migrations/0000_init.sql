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
CREATE TABLE "idempotency_keys" (
	"tenant_id" text collate "C" NOT NULL,
	"principal" text NOT NULL,
	"operation" text NOT NULL,
	"key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"state" text DEFAULT 'in_progress' NOT NULL,
	"resource_id" text collate "C" NOT NULL,
	"attempt" integer DEFAULT 1 NOT NULL,
	"locked_until" timestamp (3) with time zone NOT NULL,
	"status" integer,
	"body" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone DEFAULT now() + interval '24 hours' NOT NULL,
	CONSTRAINT "idempotency_keys_tenant_id_principal_operation_key_pk" PRIMARY KEY("tenant_id","principal","operation","key"),
	CONSTRAINT "idempotency_keys_length" CHECK (length(key) between 16 and 255),
	CONSTRAINT "idempotency_keys_state" CHECK ((state = 'completed') = (status is not null))
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
CREATE TABLE "order_lines" (
	"tenant_id" text collate "C" NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"position" integer NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"sku" text NOT NULL,
	"name" text NOT NULL,
	"category" text,
	"quantity" integer NOT NULL,
	"unit_price_cents" bigint NOT NULL,
	"tax_rate_bps" integer NOT NULL,
	"subtotal_cents" bigint NOT NULL,
	"tax_cents" bigint NOT NULL,
	CONSTRAINT "order_lines_tenant_id_order_id_position_pk" PRIMARY KEY("tenant_id","order_id","position"),
	CONSTRAINT "order_lines_money" CHECK (quantity > 0 and subtotal_cents = unit_price_cents * quantity)
);
--> statement-breakpoint
CREATE TABLE "order_numbers" (
	"tenant_id" text collate "C" NOT NULL,
	"year" integer NOT NULL,
	"last" integer NOT NULL,
	CONSTRAINT "order_numbers_tenant_id_year_pk" PRIMARY KEY("tenant_id","year")
);
--> statement-breakpoint
CREATE TABLE "order_transitions" (
	"tenant_id" text collate "C" NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"version" integer NOT NULL,
	"from_status" text,
	"to_status" text NOT NULL,
	"payment_status" text NOT NULL,
	"reason" text,
	"changed_by" text NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "order_transitions_tenant_id_order_id_version_pk" PRIMARY KEY("tenant_id","order_id","version")
);
--> statement-breakpoint
CREATE TABLE "orders" (
	"tenant_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"number" text NOT NULL,
	"user_id" text collate "C",
	"customer_id" text collate "C",
	"customer" jsonb,
	"buyer_email" text DEFAULT '' NOT NULL,
	"buyer_name" text DEFAULT '' NOT NULL,
	"placed_by" text NOT NULL,
	"cart_id" text collate "C",
	"status" text NOT NULL,
	"payment_method" text NOT NULL,
	"payment_status" text DEFAULT 'unpaid' NOT NULL,
	"payment_version" integer DEFAULT 0 NOT NULL,
	"payment_attempts" integer DEFAULT 0 NOT NULL,
	"payment_failure" jsonb,
	"currency" char(3) NOT NULL,
	"locale" text NOT NULL,
	"prices_include_tax" boolean NOT NULL,
	"subtotal_cents" bigint DEFAULT 0 NOT NULL,
	"tax_cents" bigint DEFAULT 0 NOT NULL,
	"shipping_cents" bigint DEFAULT 0 NOT NULL,
	"shipping_tax_cents" bigint DEFAULT 0 NOT NULL,
	"shipping_tax_rate_bps" integer DEFAULT 0 NOT NULL,
	"total_cents" bigint DEFAULT 0 NOT NULL,
	"refunded_cents" bigint DEFAULT 0 NOT NULL,
	"cancel_window_minutes" integer DEFAULT 0 NOT NULL,
	"payment_terms_days" integer,
	"shipping_address" jsonb,
	"request" jsonb,
	"reason" text,
	"changed_by" text NOT NULL,
	"change_reason" text,
	"carrier" text,
	"tracking" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"confirmed_at" timestamp (3) with time zone,
	"cancel_until" timestamp (3) with time zone,
	"shipped_at" timestamp (3) with time zone,
	"delivered_at" timestamp (3) with time zone,
	"canceled_at" timestamp (3) with time zone,
	"due_at" timestamp (3) with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "orders_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "orders_money" CHECK (least(subtotal_cents, tax_cents, shipping_cents, shipping_tax_cents) >= 0
      and total_cents = subtotal_cents + shipping_cents + case when prices_include_tax then 0 else tax_cents end
      and refunded_cents between 0 and total_cents)
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
ALTER TABLE "order_lines" ADD CONSTRAINT "order_lines_tenant_id_order_id_orders_tenant_id_id_fk" FOREIGN KEY ("tenant_id","order_id") REFERENCES "public"."orders"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idempotency_keys_open" ON "idempotency_keys" USING btree ("tenant_id","resource_id") WHERE state = 'in_progress';--> statement-breakpoint
CREATE INDEX "idempotency_keys_expired" ON "idempotency_keys" USING btree ("expires_at") WHERE body is not null;--> statement-breakpoint
CREATE INDEX "inbox_processed" ON "inbox" USING btree ("processed_at");--> statement-breakpoint
CREATE UNIQUE INDEX "orders_number" ON "orders" USING btree ("tenant_id","number");--> statement-breakpoint
CREATE INDEX "orders_by_time" ON "orders" USING btree ("tenant_id","created_at","id");--> statement-breakpoint
CREATE INDEX "orders_by_status" ON "orders" USING btree ("tenant_id","status","created_at","id");--> statement-breakpoint
CREATE INDEX "orders_by_user" ON "orders" USING btree ("tenant_id","user_id","created_at","id") WHERE user_id is not null;--> statement-breakpoint
CREATE INDEX "orders_by_customer" ON "orders" USING btree ("tenant_id","customer_id","created_at","id") WHERE customer_id is not null;--> statement-breakpoint
CREATE INDEX "orders_waiting" ON "orders" USING btree ("due_at") WHERE status in ('pending', 'created', 'cancel_pending');--> statement-breakpoint
CREATE INDEX "orders_open" ON "orders" USING btree ("tenant_id","user_id") WHERE status in ('pending', 'created') and user_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_id" ON "outbox" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_aggregate" ON "outbox" USING btree ("tenant_id","aggregate_id","aggregate_version","type");--> statement-breakpoint
CREATE INDEX "outbox_todo" ON "outbox" USING btree ("shard","seq") WHERE published_at is null;--> statement-breakpoint
CREATE INDEX "outbox_published" ON "outbox" USING btree ("published_at");