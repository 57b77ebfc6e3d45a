// Tones: making them, writing them as WAV, and measuring one frequency in samples (Goertzel).

/** 16-bit samples of a sine; `level` is its amplitude, 1 = full scale. */
export function sine(hertz, seconds, rate, level = 0.25) {
  const samples = new Int16Array(Math.round(seconds * rate));
  for (let i = 0; i < samples.length; i++) {
    samples[i] = Math.round(32767 * level * Math.sin((2 * Math.PI * hertz * i) / rate));
  }
  return samples;
}

/** A mono 16-bit WAV file. */
export function wav(samples, rate) {
  const bytes = samples.length * 2;
  const out = Buffer.alloc(44 + bytes);
  out.write('RIFF', 0);
  out.writeUInt32LE(36 + bytes, 4);
  out.write('WAVEfmt ', 8);
  out.writeUInt32LE(16, 16);
  out.writeUInt16LE(1, 20);
  out.writeUInt16LE(1, 22);
  out.writeUInt32LE(rate, 24);
  out.writeUInt32LE(rate * 2, 28);
  out.writeUInt16LE(2, 32);
  out.writeUInt16LE(16, 34);
  out.write('data', 36);
  out.writeUInt32LE(bytes, 40);
  Buffer.from(samples.buffer, samples.byteOffset, bytes).copy(out, 44);
  return out;
}

/** Amplitude of `hertz` in samples scaled to 1 = full scale. */
export function amplitude(samples, hertz, rate, scale = 32768) {
  let re = 0, im = 0;
  const step = (2 * Math.PI * hertz) / rate;
  for (let i = 0; i < samples.length; i++) {
    re += samples[i] * Math.cos(step * i);
    im += samples[i] * Math.sin(step * i);
  }
  return (2 * Math.hypot(re, im)) / (samples.length * scale);
}

export function rms(samples, scale = 32768) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length ? Math.sqrt(sum / samples.length) / scale : 0;
}

export const decibel = (ratio) => 20 * Math.log10(Math.max(ratio, 1e-9));

/**
 * The tone in samples: `level` in dB of its amplitude against full scale, `purity` = the part of all energy that the
 * tone is (1 = nothing else), `silent` when there is nothing to hear.
 */
export function measure(samples, hertz, rate, scale = 32768) {
  const level = amplitude(samples, hertz, rate, scale);
  const all = rms(samples, scale);
  return {
    level: decibel(level),
    purity: all > 0 ? level ** 2 / 2 / all ** 2 : 0,
    silent: decibel(all) < -55,
    seconds: samples.length / rate,
  };
}

const kRows = [697, 770, 852, 941];
const kColumns = [1209, 1336, 1477, 1633];
const kPad = '123A456B789C*0#D';

// The key that sounds in a block, if one does.
function keyIn(block, rate) {
  if (decibel(rms(block)) < -40) return undefined;
  const loudest = (tones) => {
    const levels = tones.map((hertz) => amplitude(block, hertz, rate));
    const best = levels.indexOf(Math.max(...levels));
    return { best, level: levels[best] };
  };
  const row = loudest(kRows), column = loudest(kColumns);
  const energy = (row.level ** 2 + column.level ** 2) / 2;
  const twist = Math.abs(decibel(row.level / column.level));
  if (energy / rms(block) ** 2 < 0.8 || twist > 8) return undefined;
  return kPad[row.best * 4 + column.best];
}

/** The DTMF keys in samples at 8 kHz: each that sounds for at least 30 ms. */
export function keysIn(samples, rate = 8000) {
  const step = rate / 100, size = 2 * step;
  let keys = '', last, run = 0, told = false;
  for (let at = 0; at + size <= samples.length; at += step) {
    const key = keyIn(samples.subarray(at, at + size), rate);
    run = key !== undefined && key === last ? run + 1 : 0;
    if (run === 0) told = false;
    if (run >= 1 && !told) {
      keys += key;
      told = true;
    }
    last = key;
  }
  return keys;
}

// G.711 (ITU-T), table driven as every endpoint does it.
const kBias = 0x84;
const ulaw = new Int16Array(256);
const alaw = new Int16Array(256);
for (let code = 0; code < 256; code++) {
  const u = ~code & 0xff;
  const magnitude = (((u & 0x0f) << 3) + kBias) << ((u & 0x70) >> 4);
  ulaw[code] = u & 0x80 ? kBias - magnitude : magnitude - kBias;
  const a = code ^ 0x55;
  const segment = (a & 0x70) >> 4;
  let value = ((a & 0x0f) << 4) + 8;
  if (segment >= 1) value += 0x100;
  if (segment > 1) value <<= segment - 1;
  alaw[code] = a & 0x80 ? value : -value;
}

function encoder(table) {
  // The nearest code for each of the 65,536 samples.
  const codes = Array.from(table, (value, code) => ({ value, code })).sort((x, y) => x.value - y.value);
  const out = new Uint8Array(65_536);
  let at = 0;
  for (let sample = -32768; sample < 32768; sample++) {
    while (at + 1 < 256 && Math.abs(codes[at + 1].value - sample) <= Math.abs(codes[at].value - sample)) at++;
    out[sample + 32768] = codes[at].code;
  }
  return out;
}
const ulawCodes = encoder(ulaw);
const alawCodes = encoder(alaw);

export const g711 = {
  0: { name: 'PCMU', encode: (sample) => ulawCodes[sample + 32768], decode: (code) => ulaw[code] },
  8: { name: 'PCMA', encode: (sample) => alawCodes[sample + 32768], decode: (code) => alaw[code] },
};
