#pragma once

#include <string>
#include <string_view>

// Offers as real peers wrote them, with documentation addresses.
namespace gw::test {

// baresip 1.0, mediaenc=srtp.
inline constexpr std::string_view kBaresipOffer =
    "v=0\r\no=- 3554408799 184824392 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n"
    "a=tool:baresip 1.0.0\r\n"
    "m=audio 14874 RTP/AVP 0 8 96 101\r\n"
    "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:96 opus/48000/2\r\n"
    "a=fmtp:96 stereo=1;sprop-stereo=1\r\na=rtpmap:101 telephone-event/8000\r\n"
    "a=fmtp:101 0-15\r\na=sendrecv\r\na=label:1\r\na=rtcp-rsize\r\n"
    "a=ssrc:2621117574 cname:sip:alice@127.0.0.1\r\n"
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:SUKFvzEPzv/Jrwi77sl2MxskJLeju5gWyzT5lVr7\r\n"
    "a=minptime:20\r\na=ptime:20\r\n";

// Linphone 5 desktop: Opus first, video beside it, AVPF.
inline constexpr std::string_view kLinphoneOffer =
    "v=0\r\no=alice 2190 2762 IN IP4 198.51.100.7\r\ns=Talk\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n"
    "a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics\r\n"
    "a=record:off\r\n"
    "m=audio 7078 RTP/AVPF 96 97 98 0 8 101 99 100\r\n"
    "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\na=rtpmap:97 speex/16000\r\n"
    "a=fmtp:97 vbr=on\r\na=rtpmap:98 speex/8000\r\na=fmtp:98 vbr=on\r\n"
    "a=rtpmap:101 telephone-event/48000\r\na=rtpmap:99 telephone-event/16000\r\n"
    "a=rtpmap:100 telephone-event/8000\r\na=rtcp:7079\r\na=rtcp-fb:* trr-int 1000\r\n"
    "a=rtcp-fb:* ccm tmmbr\r\n"
    "m=video 9078 RTP/AVPF 96\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\n";

// Chromium 156: mDNS candidate, port 9, placeholder c=.
inline constexpr std::string_view kChromiumOffer =
    "v=0\r\no=- 4257026834848332021 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\nc=IN IP4 0.0.0.0\r\n"
    "a=rtcp:9 IN IP4 0.0.0.0\r\n"
    "a=candidate:3698850095 1 udp 2113937151 f4a44f2b-51ce-499a-91c0-2d287615f894.local 42956 typ "
    "host generation 0 network-cost 999\r\n"
    "a=ice-ufrag:cMhf\r\na=ice-pwd:4SPI7HrMdUJ0ksHn4ocYGW2Y\r\na=ice-options:trickle\r\n"
    "a=fingerprint:sha-256 "
    "D5:8B:9D:89:00:02:86:AC:0E:26:48:88:64:EC:70:13:81:11:B5:6F:C3:46:55:30:C9:46:05:10:FB:4E:87:"
    "50\r\n"
    "a=setup:actpass\r\na=mid:0\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"
    "a=extmap:3 "
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendrecv\r\n"
    "a=msid:- 124c1364-0399-4932-946f-e0a3942df118\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"
    "a=rtcp-xr:rcvr-rtt=all\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n"
    "a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"
    "a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:13 CN/8000\r\na=rtpmap:110 telephone-event/48000\r\n"
    "a=rtpmap:126 telephone-event/8000\r\n"
    "a=ssrc:4202094205 cname:EwdtYHD5D0chPTwP\r\n"
    "a=ssrc:4202094205 msid:- 124c1364-0399-4932-946f-e0a3942df118\r\n";

// A carrier's SBC: no rtpmap for static numbers, ptime 20, G.729 first.
inline constexpr std::string_view kCarrierOffer =
    "v=0\r\no=SBC 1 1 IN IP4 203.0.113.50\r\ns=SIP Media Capabilities\r\n"
    "c=IN IP4 203.0.113.50\r\nt=0 0\r\nm=audio 20000 RTP/AVP 18 8 0 101\r\na=maxptime:20\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n";

inline std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
  std::string out(text);
  for (size_t at = out.find(what); at != out.npos; at = out.find(what, at + with.size())) {
    out.replace(at, what.size(), with);
  }
  return out;
}

}  // namespace gw::test
