/**
 * `npm run story -- signup`: plays a scene of a community's life in the sandbox, step by step, and says what to look
 * at. `--seed 7` chooses who; `--people 200` is the size of a community that does not exist yet.
 */
import { parseArgs } from 'node:util'
import { fail, readSettings } from './command.ts'
import { isStory, STORIES, type Story, stories } from './stories.ts'
import { createStage, NoSandboxError } from './story-stage.ts'

type Wanted = { story: Story; seed: string; people: number }

const USAGE = `Stories: ${STORIES.join(', ')}. For example: npm run story -- signup --seed 7 --people 200`

process.exitCode = await play(process.argv.slice(2))

async function play(given: string[]): Promise<number> {
  const wanted = readWanted(given)
  if (typeof wanted === 'string') return fail(wanted)
  const config = readSettings()
  if (typeof config === 'string') return fail(config)
  if (!config.sandbox.enabled) {
    return fail(
      'Stories are played in the sandbox, and KINKEEPER_SANDBOX is off. Set it to on, and start Kinkeeper.',
    )
  }
  const url = config.sandbox.url ?? `http://127.0.0.1:${config.sandbox.port}`
  try {
    const stage = await createStage(url, (line) => console.log(line))
    await stage.gather(wanted.people, wanted.seed)
    await stories[wanted.story](stage, wanted.seed)
    console.log(`\n  The dashboard: ${config.publicUrl}\n`)
    return 0
  } catch (error) {
    if (error instanceof NoSandboxError) return fail('Start Kinkeeper first: npm start')
    return fail(error instanceof Error ? error.message : String(error))
  }
}

function readWanted(given: string[]): Wanted | string {
  try {
    const { values, positionals } = parseArgs({
      args: given,
      allowPositionals: true,
      options: { seed: { type: 'string', default: '7' }, people: { type: 'string', default: '200' } },
    })
    const [name] = positionals
    if (name === undefined) return `Which story? ${USAGE}`
    if (!isStory(name)) return `There is no story "${name}". ${USAGE}`
    const people = Number(values.people)
    if (!Number.isInteger(people) || people < 1 || people > 20_000) {
      return 'Set --people to a whole number from 1 to 20000.'
    }
    return { story: name, seed: values.seed, people }
  } catch {
    return `Only --seed and --people are understood. ${USAGE}`
  }
}
