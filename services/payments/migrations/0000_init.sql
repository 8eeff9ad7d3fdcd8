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
	"resource" text NOT NULL,
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
CREATE TABLE "ledger_entries" (
	"tenant_id" text collate "C" NOT NULL,
	"journal_id" text collate "C" NOT NULL,
	"line" smallint NOT NULL,
	"account" text NOT NULL,
	"currency" char(3) NOT NULL,
	"amount_cents" bigint NOT NULL,
	CONSTRAINT "ledger_entries_tenant_id_journal_id_line_pk" PRIMARY KEY("tenant_id","journal_id","line"),
	CONSTRAINT "ledger_entries_amount" CHECK (amount_cents <> 0),
	CONSTRAINT "ledger_entries_account" CHECK (account in ('stripe_clearing', 'bank', 'revenue', 'tax_payable', 'customer_suspense', 'stripe_fees'))
);
--> statement-breakpoint
CREATE TABLE "ledger_journals" (
	"tenant_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"kind" text NOT NULL,
	"ref" text NOT NULL,
	"payment_id" text collate "C" NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "ledger_journals_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "ledger_journals_kind" CHECK (kind in ('capture', 'settlement', 'refund', 'refund_return', 'late_capture', 'late_refund', 'fee', 'payout'))
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
CREATE TABLE "payments" (
	"tenant_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"order_id" text collate "C" NOT NULL,
	"user_id" text collate "C",
	"method" text NOT NULL,
	"amount_cents" bigint NOT NULL,
	"tax_cents" bigint NOT NULL,
	"currency" char(3) NOT NULL,
	"status" text NOT NULL,
	"is_tombstone" boolean DEFAULT false NOT NULL,
	"captured_cents" bigint DEFAULT 0 NOT NULL,
	"refund_requested_cents" bigint DEFAULT 0 NOT NULL,
	"refunded_cents" bigint DEFAULT 0 NOT NULL,
	"intent_id" text,
	"key_version" integer DEFAULT 1 NOT NULL,
	"intent_called_at" timestamp (3) with time zone,
	"confirm_on_create" boolean DEFAULT false NOT NULL,
	"payment_token" text,
	"attempt" integer DEFAULT 0 NOT NULL,
	"settled_attempt" integer DEFAULT 0 NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"last_failure" text,
	"error_code" text,
	"error_detail" text,
	"next_action_url" text,
	"reference" text,
	"cancel_reason" text,
	"order_ended" boolean DEFAULT false NOT NULL,
	"due_at" timestamp (3) with time zone,
	"tries" integer DEFAULT 0 NOT NULL,
	"look_again" boolean DEFAULT false NOT NULL,
	"order_expires_at" timestamp (3) with time zone,
	"succeeded_at" timestamp (3) with time zone,
	"canceled_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "payments_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "payments_status" CHECK (status in ('pending', 'requires_payment_method', 'requires_action', 'processing', 'succeeded',
                     'partially_refunded', 'refunded', 'canceled')),
	CONSTRAINT "payments_tax" CHECK (tax_cents between 0 and amount_cents),
	CONSTRAINT "payments_captured" CHECK (captured_cents in (0, amount_cents)),
	CONSTRAINT "payments_refunds" CHECK (0 <= refunded_cents and refunded_cents <= refund_requested_cents
                                  and refund_requested_cents <= captured_cents),
	CONSTRAINT "payments_succeeded" CHECK ((succeeded_at is not null) = (status in ('succeeded', 'partially_refunded', 'refunded')))
);
--> statement-breakpoint
CREATE TABLE "refunds" (
	"tenant_id" text collate "C" NOT NULL,
	"id" text collate "C" NOT NULL,
	"payment_id" text collate "C" NOT NULL,
	"reason_key" text NOT NULL,
	"amount_cents" bigint NOT NULL,
	"reason" text NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"is_late" boolean DEFAULT false NOT NULL,
	"intent_id" text,
	"provider_id" text,
	"key_version" integer DEFAULT 1 NOT NULL,
	"failure_code" text,
	"requested_by" text NOT NULL,
	"due_at" timestamp (3) with time zone,
	"tries" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"refunded_at" timestamp (3) with time zone,
	CONSTRAINT "refunds_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "refunds_amount" CHECK (amount_cents > 0),
	CONSTRAINT "refunds_status" CHECK (status in ('pending', 'succeeded', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "stripe_events" (
	"tenant_id" text collate "C" NOT NULL,
	"id" text NOT NULL,
	"type" text NOT NULL,
	"payment_id" text collate "C" NOT NULL,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "stripe_events_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_tenant_id_journal_id_ledger_journals_tenant_id_id_fk" FOREIGN KEY ("tenant_id","journal_id") REFERENCES "public"."ledger_journals"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_tenant_id_payment_id_payments_tenant_id_id_fk" FOREIGN KEY ("tenant_id","payment_id") REFERENCES "public"."payments"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idempotency_keys_expired" ON "idempotency_keys" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "inbox_processed" ON "inbox" USING btree ("processed_at");--> statement-breakpoint
CREATE UNIQUE INDEX "ledger_journals_ref" ON "ledger_journals" USING btree ("tenant_id","kind","ref");--> statement-breakpoint
CREATE INDEX "ledger_journals_order" ON "ledger_journals" USING btree ("tenant_id","order_id");--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_id" ON "outbox" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_aggregate" ON "outbox" USING btree ("tenant_id","aggregate_id","aggregate_version","type");--> statement-breakpoint
CREATE INDEX "outbox_todo" ON "outbox" USING btree ("shard","seq") WHERE published_at is null;--> statement-breakpoint
CREATE INDEX "outbox_published" ON "outbox" USING btree ("published_at");--> statement-breakpoint
CREATE UNIQUE INDEX "payments_order" ON "payments" USING btree ("tenant_id","order_id");--> statement-breakpoint
CREATE UNIQUE INDEX "payments_intent" ON "payments" USING btree ("tenant_id","intent_id");--> statement-breakpoint
CREATE INDEX "payments_user" ON "payments" USING btree ("tenant_id","user_id","id");--> statement-breakpoint
CREATE INDEX "payments_due" ON "payments" USING btree ("due_at") WHERE due_at is not null;--> statement-breakpoint
CREATE INDEX "payments_by_intent" ON "payments" USING btree ("intent_id") WHERE intent_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_reason" ON "refunds" USING btree ("tenant_id","payment_id","reason_key");--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_provider" ON "refunds" USING btree ("tenant_id","provider_id");--> statement-breakpoint
CREATE INDEX "refunds_due" ON "refunds" USING btree ("due_at") WHERE due_at is not null;--> statement-breakpoint
CREATE INDEX "stripe_events_received" ON "stripe_events" USING btree ("received_at");