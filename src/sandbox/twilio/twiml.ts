/**
 * Reading of TwiML, as far as messaging needs it: `<Response>` with `<Message>`s, whose text is inside or in
 * `<Body>`. Anything that is not well-formed, or is not a `<Response>`, is refused as Twilio refuses it.
 */

export type TwimlMessage = { body: string; media: string[]; to: string | null; statusCallback: string | null }

type Element = { name: string; attributes: Record<string, string>; children: (Element | string)[] }

/** The messages of a TwiML document, in order; null when it is not TwiML (Twilio's error 12100 or 12200). */
export function parseTwiml(xml: string): TwimlMessage[] | null {
  const root = parseXml(xml.trim())
  if (root?.name !== 'Response') return null
  return elements(root)
    .filter((element) => element.name === 'Message' || element.name === 'Sms')
    .map((element) => {
      const bodies = elements(element).filter((child) => child.name === 'Body')
      return {
        body: bodies.length > 0 ? bodies.map(textOf).join('') : ownText(element).trim(),
        media: elements(element)
          .filter((child) => child.name === 'Media')
          .map((child) => textOf(child).trim()),
        to: element.attributes.to ?? null,
        statusCallback: element.attributes.statusCallback ?? null,
      }
    })
}

const TOKEN =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<(\/?)([A-Za-z][\w.-]*)([^<>]*?)(\/?)>|([^<]+)/gy

function parseXml(xml: string): Element | null {
  const document: Element = { name: '', attributes: {}, children: [] }
  const open: Element[] = [document]
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < xml.length) {
    const match = TOKEN.exec(xml)
    const parent = open.at(-1)
    if (!match || !parent) return null
    const [, cdata, closing, name, attributes = '', empty, text] = match
    if (cdata !== undefined) parent.children.push(cdata)
    else if (text !== undefined) {
      const decoded = decodeEntities(text)
      if (decoded === null) return null
      parent.children.push(decoded)
    } else if (name !== undefined && closing) {
      if (parent.name !== name || open.length < 2) return null
      open.pop()
    } else if (name !== undefined) {
      const element: Element = { name, attributes: parseAttributes(attributes), children: [] }
      parent.children.push(element)
      if (!empty) open.push(element)
    }
  }
  const roots = elements(document)
  return open.length === 1 && roots.length === 1 && ownText(document).trim() === ''
    ? (roots[0] ?? null)
    : null
}

function parseAttributes(source: string): Record<string, string> {
  const pairs = source.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)
  return Object.fromEntries([...pairs].map(([, name, a, b]) => [name, decodeEntities(a ?? b ?? '') ?? '']))
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Null when there is an `&` that begins no entity: that is not XML. */
function decodeEntities(text: string): string | null {
  if (/&(?!(?:#\d+|#x[\da-f]+|amp|lt|gt|quot|apos);)/i.test(text)) return null
  return text.replace(/&(#x[\da-f]+|#\d+|\w+);/gi, (_whole, entity: string) => {
    if (entity.startsWith('#x')) return String.fromCodePoint(Number.parseInt(entity.slice(2), 16))
    if (entity.startsWith('#')) return String.fromCodePoint(Number(entity.slice(1)))
    return NAMED[entity] ?? ''
  })
}

function elements(element: Element): Element[] {
  return element.children.filter((child) => typeof child !== 'string')
}

function ownText(element: Element): string {
  return element.children.filter((child) => typeof child === 'string').join('')
}

function textOf(element: Element): string {
  return element.children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('')
}
