// acs-gateway-calling: the API of the ACS Calling SDK over the gateway's edge.
export * from './types';
export * from './video';
export * from './features/feature';
export * from './features/user_facing_diagnostics';
export * from './features/media_stats';
export * from './features/recording';
export * from './features/transfer';
export * from './features/dominant_speakers';
export * from './features/debug_info';
export { Features } from './features/index';
export { CallClient } from './calling/call_client';
export { LocalAudioStream } from './media/local_audio_stream';
export type { AudioSourceChangedEvent, LocalAudioStreamOptions } from './media/local_audio_stream';
export { CallingCommunicationError } from './errors';
export { estimateMos } from './media/quality';
export { version } from './version';

// So that a page can work with this one file.
export {
  AzureCommunicationTokenCredential,
  createIdentifierFromRawId,
  getIdentifierKind,
  getIdentifierRawId,
  isCommunicationUserIdentifier,
  isMicrosoftTeamsUserIdentifier,
  isPhoneNumberIdentifier,
  isUnknownIdentifier,
} from '@azure/communication-common';
export type {
  CommunicationIdentifier,
  CommunicationIdentifierKind,
  CommunicationTokenCredential,
  CommunicationUserIdentifier,
  PhoneNumberIdentifier,
  UnknownIdentifier,
} from '@azure/communication-common';
export { AzureLogger, setLogLevel } from '@azure/logger';
