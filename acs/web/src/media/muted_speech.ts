const kPollMs = 200;
const kLoud = 0.03; // RMS of speech near the microphone, after gain control.
const kPolls = 4; // In a row of a second: a cough or a keystroke is not speech.

/**
 * Tells when somebody speaks into a microphone that the call has muted. Listens to a copy of the
 * track that goes nowhere else.
 */
export class MutedSpeech {
  private copy_?: MediaStreamTrack;
  private context_?: AudioContext;
  private timer_?: ReturnType<typeof setInterval>;

  constructor(private readonly tell_: (speaking: boolean) => void) {}

  watch(track: MediaStreamTrack | undefined): void {
    this.stop();
    if (!track || track.readyState !== 'live' || typeof AudioContext === 'undefined') return;
    this.copy_ = track.clone();
    this.copy_.enabled = true;
    this.context_ = new AudioContext();
    const analyser = this.context_.createAnalyser();
    analyser.fftSize = 1024;
    this.context_.createMediaStreamSource(new MediaStream([this.copy_])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let loud = 0;
    this.timer_ = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const energy = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      loud = Math.sqrt(energy) > kLoud ? Math.min(loud + 1, kPolls) : Math.max(loud - 1, 0);
      if (loud === kPolls) this.tell_(true);
      if (loud === 0) this.tell_(false);
    }, kPollMs);
  }

  stop(): void {
    clearInterval(this.timer_);
    if (!this.copy_) return;
    this.copy_.stop();
    void this.context_?.close();
    this.copy_ = this.context_ = undefined;
    this.tell_(false);
  }
}
