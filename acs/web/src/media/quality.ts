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

// The E-model (ITU-T G.107) as the gateway has it in media/path/quality: what a user is shown and what the call's record
// says are the same figure. Both are held to tests/reference/e_model.csv.
const kBestRating = 93.2; // Ro - Is with the defaults of G.107 table 2.
const kPacketsMs = 40; // Collected at one end, played at the other.

/** Packet-loss robustness Bpl: G.113 appendix I for G.711 with concealment; it has none for Opus, whose FEC hides more. */
const robustness = (codec: string): number => (/opus/i.test(codec) ? 30 : 25.1);

/** G.107 7.4, Idd: nothing under 100 ms, 24 points at 400 ms. */
function delayImpairment(ms: number): number {
  if (ms <= 100) return 0;
  const x = Math.log2(ms / 100);
  return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
}

/** A mean opinion score, 1 to 4.5, of a stream whose loss (0 to 1) is at random. */
export function estimateMos(heard: {
  codec: string;
  rttMs: number;
  jitterMs: number;
  loss: number;
}): number {
  const percent = 100 * Math.min(1, Math.max(0, heard.loss));
  const lossImpairment = (95 * percent) / (percent + robustness(heard.codec));
  const delay = heard.rttMs / 2 + 2 * heard.jitterMs + kPacketsMs;
  const rating = Math.max(
    0,
    Math.min(100, kBestRating - delayImpairment(delay) - lossImpairment),
  );
  const mos = 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6;
  return Math.round(Math.max(1, Math.min(4.5, mos)) * 100) / 100;
}
