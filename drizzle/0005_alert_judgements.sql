ALTER TABLE "alert_rule_states" ADD COLUMN "judged_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "alert_rule_states" ADD COLUMN "judgement" text;--> statement-breakpoint
ALTER TABLE "alert_rule_states" ADD COLUMN "seen" text;--> statement-breakpoint
ALTER TABLE "alerts" ADD COLUMN "resolution" text;