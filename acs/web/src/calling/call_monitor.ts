import type { CallMedia } from '../media/call_media';
import type { EdgeCall } from './call';
import type { AudioStats } from '../media/audio_stats';
import type { Quality } from '../media/quality';
import { DiagnosticQuality } from '../features/user_facing_diagnostics';
import { QualityMeter } from '../media/quality';
import { readAudioStats } from '../media/audio_stats';
import { timing } from '../timing';

const kPoorLoss = 0.03;
const kBadLoss = 0.1;
const kPoorRttMs = 400;
const kBadRttMs = 800;

/** Watches a call's media: reports its quality to the gateway and sets the diagnostics. */
export class CallMonitor {
  private media_?: CallMedia;
  private timer_?: ReturnType<typeof setInterval>;
  private readonly meter_ = new QualityMeter();

  constructor(
    private readonly call_: EdgeCall,
    private readonly isSending_: () => boolean,
  ) {}

  start(media: CallMedia): void {
    if (this.timer_ || this.call_.state === 'Disconnected') return;
    this.media_ = media;
    this.timer_ = setInterval(() => void this.report(), timing.qualityMs);
  }

  stop(): void {
    clearInterval(this.timer_);
    this.timer_ = undefined;
    this.media_ = undefined;
  }

  /** What getStats says now; nothing once the call is over. */
  async read(): Promise<AudioStats | undefined> {
    return this.media_ && readAudioStats(this.media_.peerConnection);
  }

  onConnection(state: RTCPeerConnectionState): void {
    const { network } = this.call_.diagnostics;
    if (state === 'connected') {
      network.set('networkReconnect', DiagnosticQuality.Good);
      network.set('noNetwork', false);
    }
    if (state === 'disconnected') network.set('networkReconnect', DiagnosticQuality.Poor);
    if (state === 'failed') network.set('networkReconnect', DiagnosticQuality.Bad);
  }

  private async report(): Promise<void> {
    let stats: AudioStats | undefined;
    try {
      stats = await this.read();
    } catch {
      return; // The connection was closed under us.
    }
    if (!stats || !this.timer_) return;
    const quality = this.meter_.update(stats, this.isSending_());
    this.diagnose(quality);
    this.call_.host.send({
      quality: {
        callId: this.call_.id,
        rttMs: Math.round(quality.rttMs),
        jitterMs: Math.round(quality.jitterMs),
        lossIn: quality.lossIn,
        lossOut: quality.lossOut,
        mos: quality.mos,
        codec: quality.codec,
        micSilent: quality.micSilent,
      },
    });
  }

  private diagnose(quality: Quality): void {
    const { network, media } = this.call_.diagnostics;
    network.set('networkReceiveQuality', gradeOf(quality.lossIn, quality.rttMs));
    network.set('networkSendQuality', gradeOf(quality.lossOut, quality.rttMs));
    media.set('microphoneNotMuteButSilent', quality.micSilent);
    media.set('noSpeakerDevicesEnumerated', this.call_.host.devices.lacksSpeakers);
  }
}

function gradeOf(loss: number, rttMs: number): DiagnosticQuality {
  if (loss >= kBadLoss || rttMs >= kBadRttMs) return DiagnosticQuality.Bad;
  if (loss >= kPoorLoss || rttMs >= kPoorRttMs) return DiagnosticQuality.Poor;
  return DiagnosticQuality.Good;
}
