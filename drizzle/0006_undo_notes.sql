CREATE TABLE "undo_notes" (
	"run_id" text NOT NULL,
	"step" text NOT NULL,
	"note" jsonb NOT NULL,
	CONSTRAINT "undo_notes_run_id_step_pk" PRIMARY KEY("run_id","step")
);
--> statement-breakpoint
ALTER TABLE "dead_letters" ADD COLUMN "undo_round" integer DEFAULT 0 NOT NULL;