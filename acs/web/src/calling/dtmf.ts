import type { DtmfTone } from '../types';

const named = new Map<DtmfTone, string>([
  ['Pound', '#'],
  ['Star', '*'],
  ['Flash', '!'],
]);

/** The tone as the wire spells it; nothing for what is no tone. */
export function digitOf(tone: DtmfTone): string | undefined {
  if (typeof tone !== 'string') return undefined;
  return named.get(tone) ?? /^(?:Num([0-9])|([A-D]))$/.exec(tone)?.slice(1).find(Boolean);
}
