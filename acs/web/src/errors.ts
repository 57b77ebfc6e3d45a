// What the library throws and how a call's end is told: codes of the ACS Calling SDK.
import type { CallEndReason, CommunicationServicesError, ResultCategories } from './types';
import { acsedge } from './edge/protocol';

/** A real Error, because consumers test `instanceof Error` and read code and subCode from it. */
export class CallingCommunicationError extends Error implements CommunicationServicesError {
  readonly code: number;
  readonly subCode: number;
  readonly resultCategories: ResultCategories[];

  constructor(failure: Failure, detail?: string) {
    super(detail ? `${failure.message} ${detail}` : failure.message);
    this.name = 'CallingCommunicationError';
    this.code = failure.code;
    this.subCode = failure.subCode;
    this.resultCategories = [categoryOf(failure.code, failure.subCode)];
  }
}

export interface Failure {
  code: number;
  subCode: number;
  message: string;
}

const failure = (code: number, subCode: number, message: string): Failure => ({
  code,
  subCode,
  message,
});

/** @internal */
export const failures = {
  agentExists: failure(409, 40228, 'This CallClient has a live CallAgent; dispose of it first.'),
  tokenExpired: failure(401, 40235, 'The access token has expired.'),
  noToken: failure(401, 44110, 'The credential gave no access token.'),
  scopeMissing: failure(401, 44114, "The access token lacks the scope 'voip'."),
  notAcsToken: failure(403, 40229, 'The access token is not one of an ACS user.'),
  teamsUnsupported: failure(403, 40231, 'Teams is not supported by this gateway.'),
  edgeUnreachable: failure(408, 40114, 'The gateway could not be reached.'),
  edgeUnknown: failure(412, 40115, "The gateway's address is not known."),
  edgeRefused: failure(403, 40229, 'The gateway refused this user or this origin.'),
  disposed: failure(400, 40216, 'The CallAgent has been disposed of.'),
  requestTimeout: failure(408, 40104, 'The gateway did not answer in time.'),
  sessionLost: failure(496, 7, 'The connection to the gateway was lost.'),
  acceptTooLate: failure(400, 41006, 'The call no longer rings and cannot be accepted.'),
  rejectTooLate: failure(400, 41007, 'The call no longer rings and cannot be rejected.'),
  muteFailed: failure(500, 41015, 'The microphone could not be muted.'),
  unmuteFailed: failure(400, 41016, 'The microphone could not be unmuted.'),
  muteOthersFailed: failure(400, 41017, 'Others can be muted in group calls only.'),
  holdFailed: failure(500, 41033, 'The call could not be put on hold.'),
  resumeFailed: failure(500, 41034, 'The call could not be resumed.'),
  dtmfFailed: failure(400, 41029, 'The tone could not be sent.'),
  notInCall: failure(400, 41018, 'The call is not connected.'),
  badArgument: failure(400, 41000, 'An argument is not valid.'),
  permissionDenied: failure(400, 40613, 'Access to the device was denied.'),
  permissionFailed: failure(500, 40614, 'Access to the device could not be asked for.'),
  noSpeakerSelection: failure(405, 40606, 'This browser cannot enumerate or select speakers.'),
  noVideo: failure(412, 43013, 'No video device: this gateway carries audio only.'),
  videoNotStarted: failure(400, 41030, 'Video is not started.'),
  sharingNotStarted: failure(400, 41041, 'Screen sharing is not started.'),
  sharingUnsupported: failure(412, 41071, 'Screen sharing is not supported by this gateway.'),
  transferFailed: failure(500, 41040, 'The call could not be transferred.'),
  iceNeverConnected: failure(410, 301004, 'Media never reached the gateway.'),
  mediaLost: failure(410, 301005, 'Media was lost.'),
  tokenExpiredInCall: failure(495, 4507, 'The access token expired during the call.'),
  replaced: failure(409, 40228, 'Another session of this device took over.'),
  cancelled: failure(487, 0, 'The call was cancelled.'),
  declined: failure(603, 0, 'The call was declined.'),
  localHangUp: failure(0, 0, 'The call was ended.'),
  unknownEvent: (owner: string): Failure =>
    failure(400, 41000, `Not able to subscribe to ${owner} event, unknown event name.`),
};

/** @internal */
export const fail = (what: Failure, detail?: string): CallingCommunicationError =>
  new CallingCommunicationError(what, detail);

/** @internal `error` as one of ours; what we did not expect keeps its text under the given code. */
export function asCallingError(error: unknown, otherwise: Failure): CallingCommunicationError {
  if (error instanceof CallingCommunicationError) return error;
  return fail(otherwise, error instanceof Error ? error.message : undefined);
}

/** @internal */
export function errorOfStatus(status: acsedge.v1.IStatus): CallingCommunicationError {
  const code = status.code ?? 0;
  const subCode = status.subCode ?? 0;
  return fail({ code, subCode, message: status.message || defaultMessage(code, subCode) });
}

const categoryNames: Record<number, ResultCategories | undefined> = {
  [acsedge.v1.Category.SUCCESS]: 'Success',
  [acsedge.v1.Category.EXPECTED_ERROR]: 'ExpectedError',
  [acsedge.v1.Category.UNEXPECTED_CLIENT_ERROR]: 'UnexpectedClientError',
  [acsedge.v1.Category.UNEXPECTED_SERVER_ERROR]: 'UnexpectedServerError',
};

const successes = new Set(['487/0', '487/10003', '487/10024', '486/560486']);
const expectedSubCodes = new Set([10004, 10037, 10057, 3112, 7, 4521, 510403]);

function categoryOf(code: number, subCode: number): ResultCategories {
  if (code === 0 || code === 603 || successes.has(`${code}/${subCode}`)) return 'Success';
  if (expectedSubCodes.has(subCode)) return 'ExpectedError';
  return code >= 500 ? 'UnexpectedServerError' : 'UnexpectedClientError';
}

const messages: Record<string, string> = {
  '0/0': 'The call was ended.',
  '0/560000': 'The phone hung up.',
  '0/540000': 'The caller hung up.',
  '0/5003': 'The call has ended.',
  '0/5300': 'You were removed from the call.',
  '0/5000': 'You were removed from the call.',
  '0/4097': 'The call was ended for everyone.',
  '0/4521': 'The other side vanished.',
  '0/7000': 'The call was ended by the service.',
  '0/7015': 'The call was transferred.',
  '486/560486': 'The phone is busy.',
  '603/560603': 'The phone declined the call.',
  '603/0': 'The call was declined.',
  '487/10024': 'The call was declined by every device.',
  '487/10003': 'The call was answered elsewhere.',
  '487/10004': 'The call was not answered.',
  '487/0': 'The call was cancelled.',
  '480/10037': 'The user is not online.',
  '403/510403': 'The caller ID may not be presented.',
  '403/511532': 'No trunk may carry this call.',
  '496/7': 'The connection to the gateway was lost.',
};
const sipMessages: Record<number, string> = {
  403: 'The call is not allowed.',
  404: 'The number does not exist.',
  408: 'The call was not answered.',
  480: 'The phone is not available.',
  484: 'The number is not complete.',
  486: 'The line is busy.',
  487: 'The call was cancelled.',
  500: 'The carrier or gateway failed.',
  503: 'The carrier or gateway is not available.',
  603: 'The call was declined.',
};

function defaultMessage(code: number, subCode: number): string {
  return (
    messages[`${code}/${subCode}`] ??
    sipMessages[code] ??
    (code === 0 ? 'The call has ended.' : `The call failed with ${code}/${subCode}.`)
  );
}

/** @internal */
export function endReasonOf(reason: acsedge.v1.IEndReason | null | undefined): CallEndReason {
  const status = reason?.status;
  const code = status?.code ?? 0;
  const subCode = status?.subCode ?? 0;
  return {
    code,
    subCode,
    message: status?.message || defaultMessage(code, subCode),
    resultCategories: [categoryNames[status?.category ?? 0] ?? categoryOf(code, subCode)],
  };
}

/** @internal */
export function endReasonOfFailure(what: Failure | CallingCommunicationError): CallEndReason {
  return {
    code: what.code,
    subCode: what.subCode,
    message: what.message,
    resultCategories: [categoryOf(what.code, what.subCode)],
  };
}
