// What the user hears of a call that is not yet one: ring-back, and the ringing of an incoming call.

type Cadence = { tones: number[]; pattern: number[] }; // Seconds on, off, on, off...

const cadences = {
  ringback: { tones: [440, 480], pattern: [2, 4] },
  ringing: { tones: [587, 784], pattern: [0.4, 0.2, 0.4, 2] },
} satisfies Record<string, Cadence>;

export type ToneName = keyof typeof cadences;

const kLevel = 0.06;

let context: AudioContext | undefined;
let playing: { name: ToneName; stop(): void } | undefined;

/** Browsers start sound only after a gesture: called from one. */
export function unlockTones(): void {
  if (typeof AudioContext === 'undefined') return;
  context ??= new AudioContext();
  if (context.state === 'suspended') void context.resume();
}

export function playTone(name: ToneName | undefined): void {
  if (playing?.name === name) return;
  playing?.stop();
  playing = undefined;
  if (name && context) playing = { name, stop: start(context, cadences[name]) };
}

function start(audio: AudioContext, cadence: Cadence): () => void {
  const gain = audio.createGain();
  gain.gain.value = 0;
  gain.connect(audio.destination);
  const oscillators = cadence.tones.map((frequency) => {
    const oscillator = audio.createOscillator();
    oscillator.frequency.value = frequency;
    oscillator.connect(gain);
    oscillator.start();
    return oscillator;
  });
  let step = 0;
  let timer: ReturnType<typeof setTimeout>;
  const advance = (): void => {
    const on = step % 2 === 0;
    gain.gain.setTargetAtTime(on ? kLevel : 0, audio.currentTime, 0.01);
    const seconds = cadence.pattern[step % cadence.pattern.length] ?? 1;
    step = (step + 1) % cadence.pattern.length;
    timer = setTimeout(advance, seconds * 1000);
  };
  advance();
  return () => {
    clearTimeout(timer);
    gain.gain.setTargetAtTime(0, audio.currentTime, 0.01);
    for (const oscillator of oscillators) oscillator.stop(audio.currentTime + 0.1);
  };
}
