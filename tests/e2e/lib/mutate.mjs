// Mutations of a message, repeatable from a seed.

/** A small generator of numbers (mulberry32): the same seed, the same run. */
export function generator(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (limit) => Math.floor(next() * limit);
  return { next, below, chance: (p) => next() < p, pick: (list) => list[below(list.length)] };
}

const kNasty = [
  '', ' ', '\r\n', '\r\n\r\n', '\0', '%00', '<', '>', '"', ';', ',', ':', '@', '*', '=', '\\', '(', ')', '[::1]', '[', ']:0',
  '-1', '0', '65536', '4294967295', '4294967296', '99999999999999999999', '00000000000000001', 'sip:', 'sips:', 'tel:+1', 'foo:bar',
  'sip:a@b@c', 'sip:%s%n@x', 'z9hG4bK', ';lr;maddr=255.255.255.255', ';received=999.1.1.1', ';tag=', 'SIP/2.0', 'SIP/3.0',
  '\xff\xfe\x80', '\u00c0\u00af', 'A'.repeat(300), ','.repeat(200), '<sip:x>,'.repeat(60), '\r\n ', '\t', '256.256.256.256',
  'multipart/mixed;boundary=x', 'application/sdp', 'm=audio 0 RTP/AVP', 'm=audio 70000 RTP/SAVP 999', 'a=crypto:1 X inline:', 'c=IN IP6 ::',
];

const kSteps = [
  // A byte, a bit, a cut, a piece twice, a line dropped, doubled or swapped, something nasty put in or in place of a word.
  (random, text) => {
    const copy = Buffer.from(text);
    if (copy.length) copy[random.below(copy.length)] = random.below(256);
    return copy;
  },
  (random, text) => {
    const copy = Buffer.from(text);
    if (copy.length) copy[random.below(copy.length)] ^= 1 << random.below(8);
    return copy;
  },
  (random, text) => text.subarray(0, random.below(text.length + 1)),
  (random, text) => {
    const from = random.below(text.length + 1);
    const piece = text.subarray(from, from + random.below(80));
    const to = random.below(text.length + 1);
    return Buffer.concat([text.subarray(0, to), piece, text.subarray(to)]);
  },
  (random, text) => {
    const at = random.below(text.length + 1);
    return Buffer.concat([text.subarray(0, at), Buffer.from(random.pick(kNasty), 'latin1'), text.subarray(at)]);
  },
  (random, text) => {
    const from = random.below(text.length + 1);
    return Buffer.concat([text.subarray(0, from), text.subarray(from + random.below(20))]);
  },
  (random, text) => lines(text, (all) => all.splice(random.below(all.length), 1)),
  (random, text) => lines(text, (all) => {
    const at = random.below(all.length);
    all.splice(at, 0, ...Array(1 + random.below(random.chance(0.1) ? 100 : 3)).fill(all[at]));
  }),
  (random, text) => lines(text, (all) => {
    const [a, b] = [random.below(all.length), random.below(all.length)];
    [all[a], all[b]] = [all[b], all[a]];
  }),
  (random, text) => lines(text, (all) => {
    const at = random.below(all.length);
    const colon = all[at].indexOf(':');
    all[at] = colon < 0 ? random.pick(kNasty) : `${all[at].slice(0, colon)}: ${random.pick(kNasty)}`;
  }),
  (random, text) => lines(text, (all) => {
    const at = random.below(all.length);
    const words = all[at].split(/(?<=[ ;,:=@<>"])/);
    words[random.below(words.length)] = random.pick(kNasty);
    all[at] = words.join('');
  }),
];

function lines(text, change) {
  const all = text.toString('latin1').split('\r\n');
  change(all);
  return Buffer.from(all.join('\r\n'), 'latin1');
}

/** One to four steps away from `message`; at most what a datagram holds. */
export function mutate(random, message) {
  let text = message;
  for (let steps = 1 + random.below(4); steps > 0; steps--) text = random.pick(kSteps)(random, text);
  return text.subarray(0, 60_000);
}
