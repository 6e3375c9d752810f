/**
 * Seams: the named points before and after each commit and each outward call. A crash at any of them must change
 * nothing about the outcome. They do nothing, unless a test has told the process (by the environment) to die at one of
 * them, which it then does as by `kill -9`, or to name each one it passes.
 */
type SeamOptions = {
  /** `name` or `name#3`: die at this seam, the third time it is passed. */
  crashAt: string | null
  /** Called with the name of each seam as it is passed. */
  onPass: ((name: string) => void) | null
}

let options: SeamOptions = { crashAt: null, onPass: null }
let passes = 0

/** Arms the seams of this process. */
export function armSeams(armed: SeamOptions): void {
  options = armed
  passes = 0
}

/** Marks a seam. @param name `<who>.<what>.<when>`, e.g. `circle.post.after-call` */
export function seam(name: string): void {
  if (options.onPass) options.onPass(name)
  if (options.crashAt === null) return
  const [target, nth = '1'] = options.crashAt.split('#')
  if (target !== name) return
  passes += 1
  if (passes === Number(nth)) process.kill(process.pid, 'SIGKILL')
}
