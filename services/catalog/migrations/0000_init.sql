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
CREATE TABLE "products" (
	"tenant_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"sku" text NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"category" text,
	"price_cents" bigint NOT NULL,
	"currency" char(3) NOT NULL,
	"tax_rate_bps" integer,
	"image_url" text,
	"attributes" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	"name_key" text collate "C" DEFAULT '' NOT NULL,
	"author_key" text DEFAULT '' NOT NULL,
	"category_key" text collate "C",
	"authors" text[] DEFAULT '{}' NOT NULL,
	"rating" real DEFAULT 0 NOT NULL,
	"popularity" real DEFAULT 0 NOT NULL,
	"search" "tsvector" DEFAULT '' NOT NULL,
	CONSTRAINT "products_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "products_price_range" CHECK (price_cents between 0 and 1000000000000),
	CONSTRAINT "products_tax_range" CHECK (tax_rate_bps between 0 and 10000)
);
--> statement-breakpoint
CREATE TABLE "reservations" (
	"tenant_id" text collate "C" NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"state" text NOT NULL,
	"product_ids" text[] DEFAULT '{}' NOT NULL,
	"quantities" integer[] DEFAULT '{}' NOT NULL,
	"lines" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"checked_at" timestamp (3) with time zone,
	CONSTRAINT "reservations_tenant_id_order_id_pk" PRIMARY KEY("tenant_id","order_id")
);
--> statement-breakpoint
CREATE TABLE "search_words" (
	"tenant_id" text collate "C" NOT NULL,
	"word" text collate "C" NOT NULL,
	CONSTRAINT "search_words_tenant_id_word_pk" PRIMARY KEY("tenant_id","word")
);
--> statement-breakpoint
CREATE TABLE "stock" (
	"tenant_id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"on_hand" integer NOT NULL,
	"reserved" integer DEFAULT 0 NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "stock_tenant_id_product_id_pk" PRIMARY KEY("tenant_id","product_id"),
	CONSTRAINT "stock_reserved" CHECK (reserved >= 0),
	CONSTRAINT "stock_on_hand" CHECK (on_hand >= reserved and on_hand <= 1000000000)
);
--> statement-breakpoint
CREATE TABLE "stock_moves" (
	"tenant_id" text collate "C" NOT NULL,
	"product_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"kind" text NOT NULL,
	"on_hand_delta" integer NOT NULL,
	"reserved_delta" integer NOT NULL,
	"on_hand_after" integer NOT NULL,
	"reserved_after" integer NOT NULL,
	"reason" text NOT NULL,
	"order_id" text collate "C",
	"actor_id" text,
	"idempotency_key" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "stock_moves_tenant_id_product_id_id_pk" PRIMARY KEY("tenant_id","product_id","id"),
	CONSTRAINT "stock_moves_kind" CHECK (kind in ('adjust', 'reserve', 'commit', 'release', 'return')),
	CONSTRAINT "stock_moves_order_kind" CHECK ((kind = 'adjust') = (order_id is null))
);
--> statement-breakpoint
ALTER TABLE "stock" ADD CONSTRAINT "stock_product" FOREIGN KEY ("tenant_id","product_id") REFERENCES "public"."products"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "inbox_processed" ON "inbox" USING btree ("processed_at");--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_id" ON "outbox" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_aggregate" ON "outbox" USING btree ("tenant_id","aggregate_id","aggregate_version","type");--> statement-breakpoint
CREATE INDEX "outbox_todo" ON "outbox" USING btree ("shard","seq") WHERE published_at is null;--> statement-breakpoint
CREATE INDEX "outbox_published" ON "outbox" USING btree ("published_at");--> statement-breakpoint
CREATE UNIQUE INDEX "products_sku" ON "products" USING btree ("tenant_id","sku") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "products_created" ON "products" USING btree ("tenant_id","created_at","id") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "products_price" ON "products" USING btree ("tenant_id","price_cents","id") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "products_name" ON "products" USING btree ("tenant_id","name_key","id") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "products_rating" ON "products" USING btree ("tenant_id","rating","id") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "products_popularity" ON "products" USING btree ("tenant_id","popularity","id") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "products_category" ON "products" USING btree ("tenant_id","category_key","created_at","id") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "products_search" ON "products" USING gin ("tenant_id","search") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "reservations_held" ON "reservations" USING btree ("created_at") WHERE state = 'held';--> statement-breakpoint
CREATE UNIQUE INDEX "stock_moves_order" ON "stock_moves" USING btree ("tenant_id","order_id","product_id","kind") WHERE order_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "stock_moves_idempotency" ON "stock_moves" USING btree ("tenant_id","idempotency_key") WHERE idempotency_key is not null;