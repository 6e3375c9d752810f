import type { LetterActionRequest } from '../../../src/server/dead-letters-contract.ts'

export type ActionKind = LetterActionRequest['kind']

/** What can be done about dead letters: its name, what it would do to one and to many, and how it is told once asked for. */
export const ACTION_WORDS: Record<ActionKind, { verb: string; one: string; many: string; begun: string }> = {
  replay: {
    verb: 'Replay',
    one: 'It becomes a new run. What has already been done in the world is not repeated.',
    many: 'Each becomes a new run. What has already been done in the world is not repeated; one of which nobody knows whether it happened is left alone and listed, for a person to say.',
    begun: 'Being replayed',
  },
  compensate: {
    verb: 'Undo',
    one: 'Its finished steps are taken back, the last one first. What cannot be taken back (a text, an e-mail) stays, and is listed.',
    many: 'The finished steps of each are taken back, the last one first. What cannot be taken back (a text, an e-mail) stays, and is listed.',
    begun: 'Being undone',
  },
  abandon: {
    verb: 'Abandon',
    one: 'Nothing more is done about it. It stays under “Abandoned” with your name and the reason.',
    many: 'Nothing more is done about them. They stay under “Abandoned” with your name and the reason.',
    begun: 'Abandoned',
  },
}
