CREATE TABLE "alert_notices" (
	"id" text PRIMARY KEY NOT NULL,
	"alert_id" text NOT NULL,
	"channel" text NOT NULL,
	"about" text NOT NULL,
	"status" text NOT NULL,
	"problem" text,
	"detail" jsonb,
	"created_at" timestamp with time zone NOT NULL,
	"settled_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "alert_rule_states" (
	"rule" text PRIMARY KEY NOT NULL,
	"muted_until" timestamp with time zone,
	"muted_by_name" text
);
--> statement-breakpoint
CREATE TABLE "alerts" (
	"id" text PRIMARY KEY NOT NULL,
	"rule" text NOT NULL,
	"cause" text NOT NULL,
	"severity" text NOT NULL,
	"status" text NOT NULL,
	"summary" text NOT NULL,
	"fired_at" timestamp with time zone NOT NULL,
	"quiet_since" timestamp with time zone,
	"acknowledged_at" timestamp with time zone,
	"acknowledged_by_name" text,
	"resolved_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "dead_letters" (
	"id" text PRIMARY KEY NOT NULL,
	"run_id" text NOT NULL,
	"job" text NOT NULL,
	"status" text NOT NULL,
	"failed_at" timestamp with time zone NOT NULL,
	"step" text,
	"error" jsonb NOT NULL,
	"cause" text NOT NULL,
	"provider" text,
	"error_class" text NOT NULL,
	"attempts" integer NOT NULL,
	"replay_of" text,
	"automatic_replays" integer DEFAULT 0 NOT NULL,
	"follow_up_run_id" text,
	"resolved_at" timestamp with time zone,
	"resolved_by_kind" text,
	"resolved_by_id" text,
	"resolved_by_name" text,
	"reason" text,
	"problem" text
);
--> statement-breakpoint
CREATE TABLE "gauge_samples" (
	"at" timestamp with time zone NOT NULL,
	"gauge" text NOT NULL,
	"of" text NOT NULL,
	"value" bigint NOT NULL,
	CONSTRAINT "gauge_samples_gauge_of_at_pk" PRIMARY KEY("gauge","of","at")
);
--> statement-breakpoint
CREATE TABLE "letter_action_items" (
	"action_id" text NOT NULL,
	"dead_letter_id" text NOT NULL,
	"outcome" text,
	"problem" text,
	CONSTRAINT "letter_action_items_action_id_dead_letter_id_pk" PRIMARY KEY("action_id","dead_letter_id")
);
--> statement-breakpoint
CREATE TABLE "letter_actions" (
	"id" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"from" text,
	"reason" text,
	"status" text NOT NULL,
	"chosen" text NOT NULL,
	"total" integer NOT NULL,
	"done" integer DEFAULT 0 NOT NULL,
	"failed" integer DEFAULT 0 NOT NULL,
	"requested_by_id" text NOT NULL,
	"requested_by_name" text NOT NULL,
	"requested_at" timestamp with time zone NOT NULL,
	"answered_by_id" text,
	"answered_by_name" text,
	"answered_at" timestamp with time zone,
	"finished_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "paused_jobs" (
	"job" text PRIMARY KEY NOT NULL,
	"paused_at" timestamp with time zone NOT NULL,
	"paused_by_id" text NOT NULL,
	"paused_by_name" text NOT NULL,
	"reason" text
);
--> statement-breakpoint
CREATE TABLE "run_durations" (
	"minute" timestamp with time zone NOT NULL,
	"job" text NOT NULL,
	"bucket" integer NOT NULL,
	"count" integer NOT NULL,
	CONSTRAINT "run_durations_minute_job_bucket_pk" PRIMARY KEY("minute","job","bucket")
);
--> statement-breakpoint
CREATE TABLE "run_recoveries" (
	"run_id" text PRIMARY KEY NOT NULL,
	"fruitless" integer NOT NULL,
	"total" integer NOT NULL,
	"steps" integer NOT NULL,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "run_stats" (
	"minute" timestamp with time zone NOT NULL,
	"job" text NOT NULL,
	"succeeded" integer NOT NULL,
	"failed" integer NOT NULL,
	"cancelled" integer NOT NULL,
	"duration_sum_ms" bigint NOT NULL,
	CONSTRAINT "run_stats_minute_job_pk" PRIMARY KEY("minute","job")
);
--> statement-breakpoint
ALTER TABLE "letter_action_items" ADD CONSTRAINT "letter_action_items_action_id_letter_actions_id_fk" FOREIGN KEY ("action_id") REFERENCES "public"."letter_actions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "alert_notices_of_alert" ON "alert_notices" USING btree ("alert_id","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "alerts_unresolved" ON "alerts" USING btree ("rule","cause") WHERE "alerts"."status" <> 'resolved';--> statement-breakpoint
CREATE INDEX "alerts_recent" ON "alerts" USING btree ("fired_at");--> statement-breakpoint
CREATE UNIQUE INDEX "dead_letters_run" ON "dead_letters" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "dead_letters_newest" ON "dead_letters" USING btree ("status","failed_at","id");--> statement-breakpoint
CREATE INDEX "dead_letters_of_cause" ON "dead_letters" USING btree ("status","cause","failed_at","id");--> statement-breakpoint
CREATE INDEX "dead_letters_of_job" ON "dead_letters" USING btree ("status","job","failed_at","id");--> statement-breakpoint
CREATE INDEX "dead_letters_resolved" ON "dead_letters" USING btree ("resolved_at");--> statement-breakpoint
CREATE INDEX "gauge_samples_age" ON "gauge_samples" USING btree ("at");--> statement-breakpoint
CREATE INDEX "letter_actions_recent" ON "letter_actions" USING btree ("requested_at");