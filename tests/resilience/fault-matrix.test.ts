/**
 * The fault matrix, posts and notices: every call that a job's story makes × every way in which its provider fails. What
 * ends is got over by itself; what lasts ends in a dead letter that says what happened; and then one replay (or, where
 * nobody knows, a person's answer) makes the world as if nothing had been.
 */
import { testMatrix } from './fault-matrix/matrix.ts'
import { POST_STORIES } from './fault-matrix/stories.ts'

testMatrix(POST_STORIES)
