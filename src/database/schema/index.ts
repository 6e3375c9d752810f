export * from './community.ts'
export * from './decisions.ts'
export * from './engine.ts'
export * from './people.ts'
