/** The fault matrix, members: see `fault-matrix.test.ts`. */
import { testMatrix } from './fault-matrix/matrix.ts'
import { MEMBER_STORIES } from './fault-matrix/stories.ts'

testMatrix(MEMBER_STORIES)
