import type { DtmfTone } from '../src/index';
import { make } from './dom';

const keys: Array<[string, string, string]> = [
  ['1', '', '1'],
  ['2', 'ABC', '2'],
  ['3', 'DEF', '3'],
  ['4', 'GHI', '4'],
  ['5', 'JKL', '5'],
  ['6', 'MNO', '6'],
  ['7', 'PQRS', '7'],
  ['8', 'TUV', '8'],
  ['9', 'WXYZ', '9'],
  ['*', '', 'star'],
  ['0', '+', '0'],
  ['#', '', 'pound'],
];
const spoken: Record<string, string> = { '*': 'star', '#': 'pound' };

/** Twelve keys; `prefix` begins their test ids. */
export function fillPad(pad: HTMLElement, prefix: string, press: (key: string) => void): void {
  for (const [key, letters, name] of keys) {
    const button = make(
      'button',
      { type: 'button', 'data-testid': `${prefix}-${name}`, 'aria-label': spoken[key] ?? key },
      make('b', {}, key),
      ...(letters ? [make('small', { 'aria-hidden': 'true' }, letters)] : []),
    );
    button.addEventListener('click', () => press(key));
    pad.append(button);
  }
}

export function toneOf(key: string): DtmfTone | undefined {
  if (/^[0-9]$/.test(key)) return `Num${key}` as DtmfTone;
  if (key === '*') return 'Star';
  return key === '#' ? 'Pound' : undefined;
}
