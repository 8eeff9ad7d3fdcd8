CREATE TABLE "cart_items" (
	"tenant_id" text collate "C" NOT NULL,
	"cart_id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"quantity" integer NOT NULL,
	"added_price_cents" bigint NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "cart_items_tenant_id_cart_id_product_id_pk" PRIMARY KEY("tenant_id","cart_id","product_id"),
	CONSTRAINT "cart_items_quantity" CHECK (quantity > 0)
);
--> statement-breakpoint
CREATE TABLE "carts" (
	"tenant_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"user_id" text collate "C",
	"status" text DEFAULT 'open' NOT NULL,
	"order_id" text collate "C",
	"checkout_key" text,
	"checkout_until" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "carts_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "carts_status" CHECK (status in ('open', 'checked_out', 'merged')),
	CONSTRAINT "carts_order" CHECK ((status = 'checked_out') = (order_id is not null))
);
--> statement-breakpoint
CREATE TABLE "checkouts" (
	"tenant_id" text collate "C" NOT NULL,
	"user_id" text collate "C" NOT NULL,
	"key" text NOT NULL,
	"cart_id" text collate "C" NOT NULL,
	"fingerprint" text NOT NULL,
	"items" jsonb NOT NULL,
	"order_id" text collate "C",
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"completed_at" timestamp (3) with time zone,
	CONSTRAINT "checkouts_tenant_id_user_id_key_pk" PRIMARY KEY("tenant_id","user_id","key"),
	CONSTRAINT "checkouts_completed" CHECK ((order_id is null) = (completed_at is null))
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
CREATE TABLE "inbox" (
	"tenant_id" text collate "C" NOT NULL,
	"consumer" text NOT NULL,
	"event_id" text collate "C" NOT NULL,
	"processed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "inbox_tenant_id_consumer_event_id_pk" PRIMARY KEY("tenant_id","consumer","event_id")
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
CREATE TABLE "product_copies" (
	"tenant_id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"sku" text NOT NULL,
	"name" text NOT NULL,
	"image_url" text,
	"price_cents" bigint NOT NULL,
	"currency" char(3) NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	CONSTRAINT "product_copies_tenant_id_product_id_pk" PRIMARY KEY("tenant_id","product_id")
);
--> statement-breakpoint
ALTER TABLE "cart_items" ADD CONSTRAINT "cart_items_cart" FOREIGN KEY ("tenant_id","cart_id") REFERENCES "public"."carts"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "carts_open_of_user" ON "carts" USING btree ("tenant_id","user_id") WHERE status = 'open';--> statement-breakpoint
CREATE INDEX "carts_purgeable" ON "carts" USING btree ("created_at") WHERE user_id is null or status <> 'open';--> statement-breakpoint
CREATE INDEX "inbox_processed" ON "inbox" USING btree ("processed_at");--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_id" ON "outbox" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_aggregate" ON "outbox" USING btree ("tenant_id","aggregate_id","aggregate_version","type");--> statement-breakpoint
CREATE INDEX "outbox_todo" ON "outbox" USING btree ("shard","seq") WHERE published_at is null;--> statement-breakpoint
CREATE INDEX "outbox_published" ON "outbox" USING btree ("published_at");