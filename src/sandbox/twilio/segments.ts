const GSM_7 = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\[~\]|€]*$/

/** How many SMS segments a body takes: 160 characters in GSM-7 (153 each when more), else 70 UTF-16 units (67). */
export function segmentCount(body: string): number {
  const [single, multiple] = GSM_7.test(body) ? [160, 153] : [70, 67]
  return body.length <= single ? 1 : Math.ceil(body.length / multiple)
}
