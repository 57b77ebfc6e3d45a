/**
 * The offer as the gateway gets to see it, with `usedtx=1` of Opus (RFC 7587 6.1): nothing need be sent to us in silence, our
 * decoder fills it. Browsers understand it and do not say so themselves.
 */
export function askForDtx(sdp: string): string {
  const number = /^a=rtpmap:(\d+) opus\/48000/im.exec(sdp)?.[1];
  if (!number) return sdp;
  const fmtp = new RegExp(`^a=fmtp:${number} [^\\r\\n]*`, 'm');
  const has = fmtp.exec(sdp)?.[0];
  if (has === undefined) return sdp.replace(/^(a=rtpmap:\d+ opus\/48000[^\r\n]*)(\r?\n)/im, `$1$2a=fmtp:${number} usedtx=1$2`);
  if (/[ ;]usedtx=/.test(has)) return sdp;
  return sdp.replace(fmtp, `${has};usedtx=1`);
}
