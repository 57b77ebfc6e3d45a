import type { CallFeature, CallFeatureFactory } from './feature';
import { fail, failures } from '../errors';

type Listener = (args?: unknown) => void;

/**
 * Features that the gateway does not have. Consumers subscribe to them and read them without asking
 * whether they exist, so they answer: nothing is there, nothing happens, actions are refused.
 */
export interface InertFeature extends CallFeature {
  on(event: string, listener: Listener): void;
  off(event: string, listener: Listener): void;
  readonly [member: string]: unknown;
}

function inert(
  name: string,
  values: Record<string, unknown> = {},
  actions: string[] = [],
): CallFeatureFactory<InertFeature> {
  class Inert {
    readonly name = name;
    constructor(_call: unknown) {
      Object.assign(this, structuredCloneOf(values));
    }
    on(_event: string, _listener: Listener): void {}
    off(_event: string, _listener: Listener): void {}
    dispose(): void {}
  }
  for (const action of actions) {
    Object.defineProperty(Inert.prototype, action, {
      value: async () => {
        throw fail(failures.badArgument, `${name} is not supported by this gateway.`);
      },
    });
  }
  return { callApiCtor: Inert as unknown as new (context: unknown) => InertFeature };
}

/** Fresh values for each call: consumers freeze what they are given. */
function structuredCloneOf(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      Array.isArray(value)
        ? [...value]
        : typeof value === 'object' && value !== null
          ? structuredCloneOf(value as Record<string, unknown>)
          : value,
    ]),
  );
}

const absent = { isPresent: false, reason: 'FeatureNotSupported' };
const present = { isPresent: true, reason: 'None' };

const emptyCaptions = {
  kind: 'Captions',
  isCaptionsFeatureActive: false,
  supportedSpokenLanguages: [],
  supportedCaptionLanguages: [],
  activeSpokenLanguage: '',
  activeCaptionLanguage: '',
  startCaptions: async () => {
    throw fail(failures.badArgument, 'Captions are not supported by this gateway.');
  },
  stopCaptions: async () => undefined,
  setSpokenLanguage: async () => undefined,
  setCaptionLanguage: async () => undefined,
  on: () => undefined,
  off: () => undefined,
};

export const inertFeatures = {
  Transcription: inert('Transcription', { isTranscriptionActive: false }),
  Captions: inert('Captions', { captions: emptyCaptions }),
  RaiseHand: inert('RaiseHand', {}, ['raiseHand', 'lowerHand', 'lowerHands', 'lowerAllHands']),
  Reaction: inert('Reaction', {}, ['sendReaction']),
  Spotlight: inert('Spotlight', { spotlightedParticipants: [], maxParticipantsToSpotlight: 0 }, [
    'startSpotlight',
    'stopSpotlight',
    'stopAllSpotlight',
  ]),
  PPTLive: inert('PPTLive', { isActive: false, target: undefined, activePresenterId: undefined }),
  BreakoutRooms: inert('BreakoutRooms', {
    assignedBreakoutRoom: undefined,
    breakoutRoomsSettings: undefined,
    invitedBreakoutRooms: [],
  }),
  Capabilities: inert('Capabilities', {
    capabilities: {
      unmuteMic: present,
      addCommunicationUser: present,
      addPhoneNumber: present,
      removeParticipant: present,
      hangUpForEveryOne: present,
      muteOthers: present,
      addTeamsUser: absent,
      turnVideoOn: absent,
      blurBackground: absent,
      shareScreen: absent,
      shareApplication: absent,
      shareBrowserTab: absent,
      manageLobby: absent,
      pstnDialOut: present,
      raiseHand: absent,
      reaction: absent,
      spotlightParticipant: absent,
      removeParticipantsSpotlight: absent,
      startLiveCaptions: absent,
      stopLiveCaptions: absent,
      viewAttendeeNames: present,
      startTogetherMode: absent,
      joinBreakoutRooms: absent,
      forbidOthersAudio: absent,
      forbidOthersVideo: absent,
      useTeamsPremiumFeatures: absent,
    },
  }),
  CallSurvey: inert('CallSurvey', {}, ['submitSurvey']),
  DataChannel: inert('DataChannel', {}, ['createDataChannelSender']),
  OptimalVideoCount: inert('OptimalVideoCount', { optimalVideoCount: 0 }),
  TeamsMeetingAudioConferencing: inert('TeamsMeetingAudioConferencing', {}, [
    'getTeamsMeetingAudioConferencingDetails',
  ]),
  TogetherMode: inert('TogetherMode', {
    togetherModeStream: [],
    togetherModeSeatingMap: {},
    togetherModeSceneSize: { width: 0, height: 0 },
  }),
  MediaAccess: inert('MediaAccess', { getAllOthersMediaAccess: () => [] }, [
    'permitAudio',
    'forbidAudio',
    'permitVideo',
    'forbidVideo',
  ]),
  RealTimeText: inert('RealTimeText', { isRealTimeTextActive: false }, ['sendRealTimeText']),
} as const;
