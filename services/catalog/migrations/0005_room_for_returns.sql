ALTER TABLE "stock" DROP CONSTRAINT "stock_on_hand";--> statement-breakpoint
-- What satisfied the narrower one satisfies this: nothing has to be read again.
ALTER TABLE "stock" ADD CONSTRAINT "stock_on_hand" CHECK (on_hand >= reserved and on_hand <= 2000000000) NOT VALID;