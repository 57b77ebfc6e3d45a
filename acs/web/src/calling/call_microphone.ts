import type { CallMedia } from '../media/call_media';
import type { EdgeDeviceManager } from '../devices/device_manager';
import type { LocalAudioStream } from '../media/local_audio_stream';
import type { UserFacingDiagnosticsFeature } from '../features/user_facing_diagnostics';
import type { Log } from '../log';
import { MutedSpeech } from '../media/muted_speech';
import { troubleOf } from '../media/microphone';
import { atMost } from '../timing';

/**
 * The sending side of one call: the selected microphone or an app's own stream, put into the media's
 * sender. A call goes on without one; the diagnostics say why nobody hears us. Owned by the call.
 */
export class CallMicrophone {
  private track_?: MediaStreamTrack;
  private custom_?: LocalAudioStream;
  private media_?: CallMedia;
  private sending_ = true;
  private muted_ = false;
  private readonly mutedSpeech_: MutedSpeech;
  private closed_ = false;
  private opening_ = 0; // Counts attempts: only the newest may set the track.

  constructor(
    private readonly devices_: EdgeDeviceManager,
    private readonly diagnostics_: UserFacingDiagnosticsFeature,
    private readonly log_: Log,
  ) {
    devices_.on('selectedMicrophoneChanged', this.onSelected_);
    this.mutedSpeech_ = new MutedSpeech((speaking) => {
      diagnostics_.media.set('speakingWhileMicrophoneIsMuted', speaking);
    });
  }

  get track(): MediaStreamTrack | undefined {
    return this.track_;
  }

  get custom(): LocalAudioStream | undefined {
    return this.custom_;
  }

  /** Opens it and waits at most `waitMs`, which is how long a permission prompt may hold us up. */
  async open(waitMs: number): Promise<void> {
    await atMost(waitMs, this.reopen());
  }

  async attach(media: CallMedia): Promise<void> {
    this.media_ = media;
    if (this.track_) await media.setTrack(this.track_);
  }

  async useCustom(stream: LocalAudioStream | undefined): Promise<void> {
    this.custom_?.off('audioSourceChanged', this.onSourceChanged_);
    this.custom_ = stream;
    stream?.on('audioSourceChanged', this.onSourceChanged_);
  }

  async reopen(): Promise<void> {
    const attempt = ++this.opening_;
    let track: MediaStreamTrack;
    try {
      track = await this.openTrack();
    } catch (error) {
      if (attempt === this.opening_) this.tellTrouble(error);
      return;
    }
    if (this.closed_ || attempt !== this.opening_) return track.stop();
    this.release();
    this.take(track);
    await this.media_?.setTrack(track);
  }

  /** Silence at the source: what is muted or held never reaches the encoder. */
  setSending(sending: boolean): void {
    this.sending_ = sending;
    if (this.track_) this.track_.enabled = sending;
  }

  /** Muted by the user, who may forget it; on hold nobody expects to be heard. */
  setMuted(muted: boolean): void {
    if (this.muted_ === muted) return;
    this.muted_ = muted;
    this.watchMuted();
  }

  private watchMuted(): void {
    if (this.muted_) this.mutedSpeech_.watch(this.track_);
    else this.mutedSpeech_.stop();
  }

  close(): void {
    this.closed_ = true;
    this.devices_.off('selectedMicrophoneChanged', this.onSelected_);
    const custom = this.custom_;
    void this.useCustom(undefined);
    this.release();
    if (custom?.autoDispose) custom.dispose();
  }

  private async openTrack(): Promise<MediaStreamTrack> {
    if (!this.custom_) return this.devices_.openMicrophone();
    const [track] = (await this.custom_.getMediaStream()).getAudioTracks();
    if (!track) throw new DOMException('the stream has no audio', 'NotFoundError');
    return track.clone(); // Ours to disable and stop; the app's stays as it is.
  }

  private take(track: MediaStreamTrack): void {
    const { media } = this.diagnostics_;
    this.track_ = track;
    track.enabled = this.sending_;
    track.onended = () => media.set('microphoneNotFunctioning', true);
    track.onmute = () => media.set('microphoneMuteUnexpectedly', true);
    track.onunmute = () => media.set('microphoneMuteUnexpectedly', false);
    media.set('microphonePermissionDenied', false);
    media.set('noMicrophoneDevicesEnumerated', false);
    media.set('microphoneNotFunctioning', false);
    this.watchMuted();
  }

  private release(): void {
    this.mutedSpeech_.stop();
    const track = this.track_;
    if (!track) return;
    this.track_ = undefined;
    track.onended = track.onmute = track.onunmute = null;
    track.stop();
  }

  private tellTrouble(error: unknown): void {
    const trouble = troubleOf(error);
    this.log_.warning(`microphone ${trouble}: ${String(error)}`);
    const { media } = this.diagnostics_;
    if (trouble === 'denied') media.set('microphonePermissionDenied', true);
    if (trouble === 'missing') media.set('noMicrophoneDevicesEnumerated', true);
    if (trouble === 'broken') media.set('microphoneNotFunctioning', true);
  }

  private readonly onSelected_ = (): void => {
    if (!this.custom_ && (this.track_ || this.opening_ > 0)) void this.reopenIfOther();
  };

  private readonly onSourceChanged_ = (): void => void this.reopen();

  /** The default device is "selected" as soon as it is known: no reason to open it twice. */
  private async reopenIfOther(): Promise<void> {
    const id = this.devices_.selectedMicrophone?.id.replace(/^microphone:/, '');
    if (!id || this.track_?.getSettings?.().deviceId === id || (!this.track_ && id === 'default')) {
      return;
    }
    if (this.track_) await this.reopen();
  }
}
