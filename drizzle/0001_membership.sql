CREATE TABLE "events" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"key" text NOT NULL,
	"data" jsonb NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"run_id" text,
	"outcome" text NOT NULL,
	"problem" text
);
--> statement-breakpoint
CREATE TABLE "questions" (
	"id" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"title" text NOT NULL,
	"explanation" jsonb NOT NULL,
	"items" jsonb NOT NULL,
	"item_count" integer NOT NULL,
	"approve_label" text NOT NULL,
	"deny_label" text NOT NULL,
	"data" jsonb NOT NULL,
	"run_id" text NOT NULL,
	"key" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "schedule_firings" (
	"schedule" text NOT NULL,
	"slot_at" timestamp with time zone NOT NULL,
	"fired_at" timestamp with time zone NOT NULL,
	"cause" text NOT NULL,
	"run_id" text,
	CONSTRAINT "schedule_firings_schedule_slot_at_pk" PRIMARY KEY("schedule","slot_at")
);
--> statement-breakpoint
CREATE TABLE "schedule_states" (
	"schedule" text PRIMARY KEY NOT NULL,
	"since" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "delivery_payloads" (
	"delivery_id" bigint PRIMARY KEY NOT NULL,
	"payload" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "parked_runs" (
	"run_id" text PRIMARY KEY NOT NULL,
	"provider" text NOT NULL,
	"reason" text NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"times" integer DEFAULT 1 NOT NULL,
	"until" timestamp with time zone,
	"woken_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "rate_buckets" (
	"key" text PRIMARY KEY NOT NULL,
	"due_us" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "run_turns" (
	"seq" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "run_turns_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"queue" text NOT NULL,
	"key" text NOT NULL,
	"run_id" text NOT NULL,
	"not_before" timestamp with time zone,
	CONSTRAINT "run_turns_run_id_unique" UNIQUE("run_id")
);
--> statement-breakpoint
CREATE TABLE "provider_places" (
	"provider" text NOT NULL,
	"holder" text NOT NULL,
	"held" integer NOT NULL,
	"wanting" boolean NOT NULL,
	"renewed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "provider_places_provider_holder_pk" PRIMARY KEY("provider","holder")
);
--> statement-breakpoint
CREATE TABLE "provider_states" (
	"provider" text PRIMARY KEY NOT NULL,
	"breaker" text NOT NULL,
	"reason" text,
	"opened_at" timestamp with time zone,
	"probe_at" timestamp with time zone,
	"failed_probes" integer DEFAULT 0 NOT NULL,
	"last_answer_at" timestamp with time zone,
	"last_answer" text
);
--> statement-breakpoint
CREATE TABLE "provider_usage" (
	"provider" text NOT NULL,
	"span" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"requests" integer NOT NULL,
	"failures" integer NOT NULL,
	"refusals" integer NOT NULL,
	CONSTRAINT "provider_usage_provider_span_at_pk" PRIMARY KEY("provider","span","at")
);
--> statement-breakpoint
CREATE TABLE "deactivations" (
	"id" text PRIMARY KEY NOT NULL,
	"member_id" text NOT NULL,
	"status" text NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	"run_id" text NOT NULL,
	"question_id" text,
	"reason" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"settled_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "erasures" (
	"id" text PRIMARY KEY NOT NULL,
	"email_hash" text NOT NULL,
	"about" jsonb,
	"member_id" text,
	"requested_by" text NOT NULL,
	"requested_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone,
	"counts" jsonb
);
--> statement-breakpoint
CREATE TABLE "luma_guests" (
	"run_id" text NOT NULL,
	"event_id" text NOT NULL,
	"guest_id" text NOT NULL,
	"member_id" text,
	"outcome" text NOT NULL,
	"error" text,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "luma_guests_run_id_event_id_guest_id_pk" PRIMARY KEY("run_id","event_id","guest_id")
);
--> statement-breakpoint
CREATE TABLE "members" (
	"id" text PRIMARY KEY NOT NULL,
	"clerk_id" text,
	"stripe_customer_id" text,
	"email" text,
	"email_verified" boolean DEFAULT false NOT NULL,
	"first_name" text,
	"last_name" text,
	"membership" text DEFAULT 'none' NOT NULL,
	"member_since" timestamp with time zone,
	"membership_ended_at" timestamp with time zone,
	"by_hand" text,
	"profile_hidden" boolean DEFAULT false NOT NULL,
	"mailchimp_email" text,
	"mailchimp_former" jsonb,
	"mailchimp_synced_at" timestamp with time zone,
	"mailchimp_wanted" text,
	"mailchimp_problem" text,
	"welcomed_at" timestamp with time zone,
	"slack_user_id" text,
	"slack_state" text DEFAULT 'unknown' NOT NULL,
	"clerk_seen_ms" bigint DEFAULT 0 NOT NULL,
	"deleted_at" timestamp with time zone,
	"erased_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "processed_events" (
	"job" text NOT NULL,
	"source_event_id" text NOT NULL,
	"member_id" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "processed_events_job_source_event_id_member_id_pk" PRIMARY KEY("job","source_event_id","member_id")
);
--> statement-breakpoint
CREATE TABLE "requested_work" (
	"name" text PRIMARY KEY NOT NULL,
	"number" integer NOT NULL,
	"pending" boolean NOT NULL
);
--> statement-breakpoint
CREATE TABLE "slack_people" (
	"id" text PRIMARY KEY NOT NULL,
	"email" text,
	"name" text NOT NULL,
	"state" text NOT NULL,
	"seen_at" timestamp with time zone NOT NULL,
	"seen_in" text NOT NULL,
	"changed_in" text
);
--> statement-breakpoint
CREATE TABLE "subscriptions" (
	"id" text PRIMARY KEY NOT NULL,
	"customer_id" text NOT NULL,
	"member_id" text,
	"status" text NOT NULL,
	"period_start_at" timestamp with time zone,
	"period_end_at" timestamp with time zone,
	"cancel_at_period_end" boolean NOT NULL,
	"cancel_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"ended_for_non_payment" boolean DEFAULT false NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"seen_ms" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "deliveries" ADD COLUMN "run_id" text;--> statement-breakpoint
ALTER TABLE "deliveries" ADD COLUMN "problem" text;--> statement-breakpoint
ALTER TABLE "delivery_payloads" ADD CONSTRAINT "delivery_payloads_delivery_id_deliveries_id_fk" FOREIGN KEY ("delivery_id") REFERENCES "public"."deliveries"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deactivations" ADD CONSTRAINT "deactivations_member_id_members_id_fk" FOREIGN KEY ("member_id") REFERENCES "public"."members"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_member_id_members_id_fk" FOREIGN KEY ("member_id") REFERENCES "public"."members"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "events_key" ON "events" USING btree ("name","key");--> statement-breakpoint
CREATE INDEX "events_recent" ON "events" USING btree ("received_at");--> statement-breakpoint
CREATE UNIQUE INDEX "questions_key" ON "questions" USING btree ("kind","key");--> statement-breakpoint
CREATE INDEX "parked_runs_of_provider" ON "parked_runs" USING btree ("provider","woken_at","since");--> statement-breakpoint
CREATE INDEX "run_turns_of_key" ON "run_turns" USING btree ("queue","key","seq");--> statement-breakpoint
CREATE INDEX "deactivations_of_member" ON "deactivations" USING btree ("member_id","created_at");--> statement-breakpoint
CREATE INDEX "deactivations_due" ON "deactivations" USING btree ("status","due_at");--> statement-breakpoint
CREATE INDEX "luma_guests_of_member" ON "luma_guests" USING btree ("member_id");--> statement-breakpoint
CREATE UNIQUE INDEX "members_clerk" ON "members" USING btree ("clerk_id");--> statement-breakpoint
CREATE UNIQUE INDEX "members_stripe" ON "members" USING btree ("stripe_customer_id");--> statement-breakpoint
CREATE INDEX "members_email" ON "members" USING btree ("email");--> statement-breakpoint
CREATE INDEX "members_slack" ON "members" USING btree ("slack_user_id");--> statement-breakpoint
CREATE INDEX "members_by_state" ON "members" USING btree ("membership","created_at","id");--> statement-breakpoint
CREATE INDEX "members_recent" ON "members" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "slack_people_email" ON "slack_people" USING btree ("email");--> statement-breakpoint
CREATE INDEX "slack_people_changed" ON "slack_people" USING btree ("changed_in");--> statement-breakpoint
CREATE INDEX "subscriptions_of_member" ON "subscriptions" USING btree ("member_id");--> statement-breakpoint
CREATE INDEX "subscriptions_of_customer" ON "subscriptions" USING btree ("customer_id");--> statement-breakpoint
CREATE INDEX "deliveries_by_age" ON "deliveries" USING btree ("status","received_at");