import type { AudioStats } from './audio_stats';

/** How one call sounded since the last report; loss is a fraction, 0 to 1. */
export interface Quality {
  codec: string;
  rttMs: number;
  jitterMs: number;
  lossIn: number;
  lossOut: number;
  mos: number;
  micSilent: boolean;
}

const kSilentReports = 2; // A pause in speech is not a dead microphone: twice in a row.

/** Turns running totals into what happened between two readings. Owned by a call. */
export class QualityMeter {
  private last_?: AudioStats;
  private silences_ = 0;

  update(now: AudioStats, sending: boolean): Quality {
    const before = this.last_;
    this.last_ = now;
    const got = now.inbound;
    const had = before?.inbound;
    const received = Math.max(0, (got?.packets ?? 0) - (had?.packets ?? 0));
    const lost = Math.max(0, (got?.lost ?? 0) - (had?.lost ?? 0));
    const lossIn = received + lost > 0 ? lost / (received + lost) : 0;
    const rttMs = now.rttMs ?? 0;
    const jitterMs = got?.jitterMs ?? 0;
    return {
      codec: now.codec,
      rttMs,
      jitterMs,
      lossIn,
      lossOut: now.outbound?.lossFraction ?? 0,
      mos: estimateMos({ codec: now.codec, rttMs, jitterMs, loss: lossIn }),
      micSilent: this.isSilent(now, before, sending),
    };
  }

  /** Digital silence: even a quiet room has some energy. */
  private isSilent(now: AudioStats, before: AudioStats | undefined, sending: boolean): boolean {
    const energy = now.outbound?.energy;
    const earlier = before?.outbound?.energy;
    const silent =
      sending && energy !== undefined && earlier !== undefined && energy - earlier < 1e-9;
    this.silences_ = silent ? this.silences_ + 1 : 0;
    return this.silences_ >= kSilentReports;
  }
}

/** The E-model (ITU-T G.107) with delay and loss only; Ie and Bpl per G.113 and for Opus with FEC. */
export function estimateMos(heard: {
  codec: string;
  rttMs: number;
  jitterMs: number;
  loss: number;
}): number {
  const opus = /opus/i.test(heard.codec);
  const bpl = opus ? 20 : 10;
  const delay = heard.rttMs / 2 + 2 * heard.jitterMs + 40; // 40 ms: packetisation and playout.
  const delayImpairment = 0.024 * delay + (delay > 177.3 ? 0.11 * (delay - 177.3) : 0);
  const percent = heard.loss * 100;
  const lossImpairment = (95 * percent) / (percent + bpl);
  const r = Math.max(0, Math.min(100, 93.2 - delayImpairment - lossImpairment));
  const mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
  return Math.round(Math.max(1, Math.min(4.5, mos)) * 100) / 100;
}
