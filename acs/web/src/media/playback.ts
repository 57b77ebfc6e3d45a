import type { Log } from '../log';

/**
 * Plays what the gateway sends for one call, through an <audio> element of the library's own. A
 * browser that refuses to start sound before a gesture gets its start at the next gesture.
 */
export class Playback {
  private element_?: HTMLAudioElement;
  private muted_ = false;
  private held_ = false;
  private sink_?: string;

  constructor(
    private readonly callId_: string,
    private readonly log_: Log,
  ) {}

  play(stream: MediaStream): void {
    if (typeof document === 'undefined') return;
    if (!this.element_) {
      this.element_ = document.createElement('audio');
      this.element_.autoplay = true;
      this.element_.hidden = true;
      this.element_.dataset.acsCall = this.callId_;
      document.body?.appendChild(this.element_);
      this.applySink();
    }
    this.element_.muted = this.muted_ || this.held_;
    this.element_.srcObject = stream;
    this.start();
  }

  setMuted(muted: boolean): void {
    this.muted_ = muted;
    this.apply();
  }

  setHeld(held: boolean): void {
    this.held_ = held;
    this.apply();
  }

  setSink(deviceId: string | undefined): void {
    this.sink_ = deviceId;
    this.applySink();
  }

  stop(): void {
    if (typeof document !== 'undefined') {
      document.removeEventListener('pointerdown', this.start);
      document.removeEventListener('keydown', this.start);
    }
    if (!this.element_) return;
    this.element_.srcObject = null;
    this.element_.remove();
    this.element_ = undefined;
  }

  private apply(): void {
    if (this.element_) this.element_.muted = this.muted_ || this.held_;
  }

  private applySink(): void {
    const element = this.element_ as (HTMLAudioElement & SinkSelectable) | undefined;
    if (this.sink_ === undefined || !element?.setSinkId) return;
    element.setSinkId(this.sink_).catch((error: unknown) => {
      this.log_.warning(`call=${this.callId_} speaker refused: ${String(error)}`);
    });
  }

  private readonly start = (): void => {
    document.removeEventListener('pointerdown', this.start);
    document.removeEventListener('keydown', this.start);
    this.element_?.play()?.catch((error: unknown) => {
      if ((error as Error).name !== 'NotAllowedError' || !this.element_) return;
      this.log_.warning(`call=${this.callId_} playback waits for a gesture`);
      document.addEventListener('pointerdown', this.start);
      document.addEventListener('keydown', this.start);
    });
  };
}

interface SinkSelectable {
  setSinkId?(deviceId: string): Promise<void>;
}
