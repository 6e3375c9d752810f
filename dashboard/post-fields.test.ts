import { describe, expect, it } from 'vitest'
import type { JobPostFields, ParsedJobPost } from '../src/extraction/schema.ts'
import { changedFields, editableFields, viewFields } from './post-fields.ts'

const none = { value: null, confidence: 0, source: null }

function postWith(fields: Partial<JobPostFields>): ParsedJobPost {
  const empty = {
    title: none,
    company: none,
    location: none,
    workplace: none,
    employmentType: none,
    salary: none,
    description: none,
    apply: none,
    deadline: none,
    tags: none,
  }
  return { isJobPost: true, confidence: 1, missing: [], fields: { ...empty, ...fields } }
}

function salary(value: JobPostFields['salary']['value']): string | null | undefined {
  const post = postWith({ salary: { value, confidence: 1, source: null } })
  return viewFields(post, []).find(({ name }) => name === 'salary')?.value
}

describe('viewFields', () => {
  it('says a salary as people write it', () => {
    expect(salary({ min: 22, max: 26, currency: 'USD', period: 'hour' })).toBe('$22–$26 per hour')
    expect(salary({ min: 60_000, max: null, currency: 'EUR', period: 'year' })).toBe('from €60,000 per year')
    expect(salary({ min: null, max: 17.5, currency: 'GBP', period: null })).toBe('up to £17.50')
    expect(salary({ min: 500, max: 500, currency: null, period: 'week' })).toBe('500 per week')
    expect(salary({ min: null, max: null, currency: 'USD', period: null })).toBeNull()
  })

  it('says a deadline as a date, whatever the reader’s zone', () => {
    const post = postWith({ deadline: { value: '2026-12-30', confidence: 1, source: null } })
    expect(viewFields(post, []).find(({ name }) => name === 'deadline')?.value).toBe('December 30, 2026')
  })

  it('marks what the server calls uncertain', () => {
    const uncertain = viewFields(postWith({}), ['workplace']).filter((field) => field.uncertain)
    expect(uncertain.map(({ label }) => label)).toEqual(['Workplace'])
  })
})

describe('changedFields', () => {
  const before = editableFields(postWith({ title: { value: 'Cook', confidence: 1, source: null } }))

  it('sends nothing when nothing was changed, spaces at the ends included', () => {
    expect(changedFields(before, { ...before, title: ' Cook ' })).toEqual({})
  })

  it('sends what was changed, and empty text for what was cleared', () => {
    expect(changedFields(before, { ...before, title: '', company: 'Marlow’s' })).toEqual({
      title: '',
      company: 'Marlow’s',
    })
  })
})
