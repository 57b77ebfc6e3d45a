import type { EdgeCall } from '../calling/call';
import type { CallClientFeatureFactory, CallFeatureFactory } from './feature';
import { DebugInfoCallClientFeature } from './debug_info';
import { DominantSpeakersCallFeature } from './dominant_speakers';
import { inertFeatures } from './inert';
import { MediaStatsCallFeature } from './media_stats';
import { RecordingCallFeature } from './recording';
import { TransferCallFeature } from './transfer';
import { UserFacingDiagnosticsFeature } from './user_facing_diagnostics';

/** The call keeps its diagnostics itself, from its first moment: asking for them hands them out. */
class DiagnosticsOfCall extends UserFacingDiagnosticsFeature {
  constructor(call: EdgeCall) {
    super();
    return call.diagnostics;
  }
}

const ofCall = <T extends { readonly name: string; dispose(): void }>(
  callApiCtor: new (context: EdgeCall) => T,
): CallFeatureFactory<T> => ({ callApiCtor });

const debugInfo: CallClientFeatureFactory<DebugInfoCallClientFeature> = {
  callClientApiCtor: DebugInfoCallClientFeature,
};

/** What to pass to call.feature() and callClient.feature(). */
export const Features = {
  Transfer: ofCall<TransferCallFeature>(TransferCallFeature),
  Recording: ofCall<RecordingCallFeature>(RecordingCallFeature),
  UserFacingDiagnostics: ofCall<UserFacingDiagnosticsFeature>(DiagnosticsOfCall),
  MediaStats: ofCall<MediaStatsCallFeature>(MediaStatsCallFeature),
  DebugInfo: debugInfo,
  DominantSpeakers: ofCall<DominantSpeakersCallFeature>(DominantSpeakersCallFeature),
  ...inertFeatures,
  VideoEffects: {},
  AudioEffects: {},
};
