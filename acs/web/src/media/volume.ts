import type { Volume, VolumeEvents } from '../types';
import { Emitter } from '../events';

const kPollMs = 200;

/** Measures a stream's loudness (0 to 100) while somebody listens or asks. */
export class StreamVolume extends Emitter<VolumeEvents> implements Volume {
  private level_ = 0;
  private context_?: AudioContext;
  private timer_?: ReturnType<typeof setInterval>;

  constructor(stream: MediaStream) {
    super('Volume', ['levelChanged']);
    if (typeof AudioContext === 'undefined') return;
    this.context_ = new AudioContext();
    const analyser = this.context_.createAnalyser();
    analyser.fftSize = 1024;
    this.context_.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.timer_ = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      let energy = 0;
      for (const sample of samples) energy += sample * sample;
      this.set(Math.min(100, Math.round(Math.sqrt(energy / samples.length) * 300)));
    }, kPollMs);
  }

  get level(): number {
    return this.level_;
  }

  /** @internal */
  stop(): void {
    clearInterval(this.timer_);
    void this.context_?.close();
    this.context_ = undefined;
  }

  private set(level: number): void {
    if (level === this.level_) return;
    this.level_ = level;
    this.emit('levelChanged');
  }
}
