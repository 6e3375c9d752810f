/** A post as Circle keeps it. */
export type CirclePost = {
  id: number
  spaceId: number
  name: string
  slug: string
  status: 'draft' | 'published' | 'scheduled'
  /** The Tiptap document as it was given; null when the body came as HTML. */
  tiptap: TiptapNode | null
  html: string
  /** The body's paragraphs as plain text. */
  paragraphs: string[]
  authorEmail: string
  isCommentsEnabled: boolean
  isLikingEnabled: boolean
  topics: number[]
  createdMs: number
  updatedMs: number
  publishedMs: number
}

export type TiptapNode = {
  type: string
  text?: string | null | undefined
  marks?: { type: string; attrs?: Record<string, unknown> | undefined }[] | undefined
  attrs?: Record<string, unknown> | undefined
  content?: TiptapNode[] | undefined
}
