#include "media/wire/offer_answer.h"

#include <algorithm>

namespace gw::media::wire {
namespace {

bool contains(const std::vector<Codec>& codecs, Codec codec) {
  return std::ranges::find(codecs, codec) != codecs.end();
}

template <class Formats>
auto find_codec(const Formats& formats, Codec codec) {
  return std::ranges::find(formats, codec, [](const auto& f) { return f.codec; });
}

std::vector<Codec> usable_codecs(const RemoteAudio& remote, const std::vector<Codec>& ours) {
  std::vector<Codec> out;
  for (const auto& format : remote.codecs) {
    if (contains(ours, format.codec)) out.push_back(format.codec);
  }
  return out;
}

// May this stream be accepted at all?
Result<void> check(const RemoteAudio& remote, const LocalStream& local) {
  if (usable_codecs(remote, local.codecs).empty()) {
    return fail(ErrorCode::NotAcceptable, "SDP: no codec in common");
  }
  if (local.kind == PeerKind::Browser) {
    // RFC 8842 5.2: an offer says actpass. We wait for the ClientHello, so the browser must be able
    // to send it.
    if (remote.setup == "passive" || remote.setup == "holdconn") {
      return fail(ErrorCode::NotAcceptable, "SDP: the browser must take the active DTLS role");
    }
    return {};
  }
  if (remote.secure && local.srtp == SrtpPolicy::Off) {
    return fail(ErrorCode::NotAcceptable, "SDP: RTP/SAVP, but srtp is off here");
  }
  if (remote.secure && !remote.keyed()) {
    return fail(ErrorCode::NotAcceptable, "SDP: RTP/SAVP without a usable a=crypto");
  }
  if (remote.dtls && remote.setup == "holdconn") {
    return fail(ErrorCode::NotAcceptable, "SDP: a=setup:holdconn sets up no DTLS");
  }
  if (local.srtp == SrtpPolicy::Required && !remote.keyed()) {
    return fail(ErrorCode::NotAcceptable, "SDP: plain RTP, but srtp is required here");
  }
  return {};
}

// The codec's own clock first: a sender keeps one timeline then (RFC 4733 2.1).
void order_events(std::vector<NegotiatedEvents>& events, Codec codec) {
  const uint32_t clock = codec == Codec::Opus ? 48000 : 8000;
  std::stable_partition(events.begin(), events.end(),
                        [&](const auto& e) { return e.clock_rate == clock; });
}

// RFC 5763 5 leaves the choice to the answerer of actpass. We wait for the ClientHello: it comes
// through the phone's NAT, and ours would not.
DtlsSetup our_setup(const RemoteAudio& remote, const std::optional<StreamParameters>& before) {
  if (remote.setup == "passive") return DtlsSetup::Active;
  if (remote.setup == "active") return DtlsSetup::Passive;
  // RFC 8842 5.3: an association that goes on keeps its roles.
  const bool goes_on = before && before->dtls && before->dtls->fingerprints == remote.fingerprints;
  return goes_on ? before->dtls->our_setup : DtlsSetup::Passive;
}

std::string_view name_of(DtlsSetup setup) {
  return setup == DtlsSetup::Active ? "active" : "passive";
}

std::optional<SdesPair> sdes_of(const RemoteAudio& remote, const LocalAudio& local) {
  for (const LocalCrypto& ours : local.cryptos) {
    for (const UsableCrypto& theirs : remote.cryptos) {
      if (ours.tag != theirs.tag || ours.suite != theirs.suite) continue;
      return SdesPair{ours.suite, ours.master, theirs.master, ours.tag};
    }
  }
  return std::nullopt;
}

}  // namespace

OfferAnswer::OfferAnswer(LocalStream local, Random& random)
    : local_(std::move(local)), random_(random), session_id_(random.u32() >> 1) {}

// ---- We offer ----

Result<std::string> OfferAnswer::make_offer(Direction direction,
                                            const std::vector<Codec>& codecs_first) {
  if (local_.kind == PeerKind::Browser) {
    return fail(ErrorCode::InvalidArgument, "browsers offer, the gateway answers");
  }
  if (state_ != State::Idle) return fail(ErrorCode::Conflict, "an offer is under way already");
  if (local_.codecs.empty()) return fail(ErrorCode::InvalidArgument, "no codec to offer");

  auto offer =
      std::make_unique<SentOffer>(SentOffer{audio_to_offer(direction, codecs_first), layout_});
  Layout& layout = offer->layout;
  if (layout.slots.empty()) layout.slots.emplace_back();
  layout.slots[layout.audio].protocol = offer->audio.protocol;
  std::string text = describe(layout, offer->audio);
  sent_ = std::move(offer);
  state_ = State::OfferSent;
  return text;
}

LocalAudio OfferAnswer::audio_to_offer(Direction direction,
                                       const std::vector<Codec>& codecs_first) {
  LocalAudio audio;
  audio.direction = direction;
  audio.ptime_ms = local_.ptime_ms;
  audio.mid = layout_.mid;
  for (const Codec codec : ordered(codecs_first)) {
    audio.codecs.push_back({codec, numbers_.of(codec)});
  }
  if (local_.events) audio.events.push_back({8000, numbers_.of_events(8000)});
  if (local_.events && contains(local_.codecs, Codec::Opus)) {
    audio.events.push_back({48000, numbers_.of_events(48000)});
  }
  if (negotiated_) {
    // A change of profile or suite in the middle of a call is a new stream to most phones.
    audio.protocol = layout_.slots[layout_.audio].protocol;
    // What was offered once is offered again, also when it was not taken: a refresh must look the
    // same.
    audio.rtcp_mux = negotiated_->rtcp_mux || offered_mux_;
    audio.voip_metrics = negotiated_->voip_metrics;
    if (negotiated_->dtls) audio.setup = "actpass";
    if (negotiated_->noise) audio.noise = negotiated_->noise->receive_payload_type;
    if (negotiated_->sdes) {
      const SrtpSuite suite = negotiated_->sdes->suite;
      audio.cryptos.push_back({1, suite, local_master(suite)});
    }
    return audio;
  }
  // RFC 5761 5.1.1; who does not know it sends RTCP to the next port.
  audio.rtcp_mux = offered_mux_ = true;
  const bool required = local_.srtp == SrtpPolicy::Required;
  if (required) audio.protocol = "RTP/SAVP";
  if (required || (local_.srtp == SrtpPolicy::Offered && local_.offer_crypto)) {
    for (const SrtpSuite suite : kSrtpSuites) {
      const auto tag = static_cast<uint32_t>(audio.cryptos.size() + 1);
      audio.cryptos.push_back({tag, suite, local_master(suite)});
    }
  }
  return audio;
}

Result<StreamParameters> OfferAnswer::accept_answer(std::string_view text) {
  const bool again = state_ == State::Idle && sent_;
  if (state_ != State::OfferSent && !again) {
    return fail(ErrorCode::Conflict, "an answer without an offer of ours");
  }
  const auto sdp = Sdp::parse(text);
  if (!sdp) return tl::unexpected(sdp.error());
  const size_t place = sent_->layout.audio;
  if (sdp->media.size() <= place || sdp->media[place].type != "audio") {
    return fail(ErrorCode::Protocol, "SDP: the answer has no audio where the offer has it");
  }
  if (sdp->media[place].port == 0) {
    return fail(ErrorCode::NotAcceptable, "SDP: the answer rejects the audio");
  }
  const auto remote = understand(*sdp, sdp->media[place], local_.kind);
  if (!remote) return tl::unexpected(remote.error());
  if (auto checked = check(*remote, local_); !checked) return tl::unexpected(checked.error());

  StreamParameters result = parameters(*remote, sent_->audio);
  if (result.codecs.empty()) {
    return fail(ErrorCode::NotAcceptable, "SDP: no codec of the offer in the answer");
  }
  const bool dtls_offered = !sent_->audio.setup.empty();
  if (remote->dtls != dtls_offered) {
    return fail(ErrorCode::NotAcceptable, "SDP: the answer has another transport than the offer");
  }
  const bool keyed = result.sdes || result.dtls;
  if (!keyed && (remote->secure || local_.srtp == SrtpPolicy::Required)) {
    return fail(ErrorCode::NotAcceptable, "SDP: no a=crypto of the offer in the answer");
  }
  result.direction = restricted(sent_->audio.direction, mirrored(remote->direction));
  // Who may only send, because we asked for no sound, does not tell whether it holds us.
  result.remote_held =
      sends(sent_->audio.direction) ? remote->held() : negotiated_ && negotiated_->remote_held;
  negotiated_ = result;
  layout_ = sent_->layout;
  state_ = State::Idle;
  return result;
}

// ---- The peer offers ----

Result<OfferSummary> OfferAnswer::accept_offer(std::string_view text) {
  if (state_ == State::OfferSent) return fail(ErrorCode::Conflict, "our own offer is out: glare");
  if (state_ == State::OfferReceived)
    return fail(ErrorCode::Conflict, "an offer waits for its answer");
  const auto sdp = Sdp::parse(text);
  if (!sdp) return tl::unexpected(sdp.error());
  auto chosen = choose_audio(*sdp);
  if (!chosen) return tl::unexpected(chosen.error());

  received_ = std::make_unique<ReceivedOffer>();
  ReceivedOffer& offer = *received_;
  offer.audio = std::move(chosen->second);
  offer.layout = layout_of(*sdp, chosen->first);
  offer.numbers = numbers_;
  offer.numbers.adopt(offer.audio);
  offer.summary.codecs = usable_codecs(offer.audio, local_.codecs);
  offer.summary.direction = mirrored(offer.audio.direction);
  offer.summary.held = offer.audio.held();
  offer.summary.ice_restart = negotiated_ && negotiated_->remote_ice != offer.audio.ice;
  state_ = State::OfferReceived;
  return offer.summary;
}

// The stream to speak on: the one in use; else the first with SRTP, if we want that; else the first
// that works.
Result<std::pair<size_t, RemoteAudio>> OfferAnswer::choose_audio(const Sdp& sdp) const {
  std::optional<std::pair<size_t, RemoteAudio>> best;
  Error why{ErrorCode::NotAcceptable, "SDP: the offer has no audio"};
  for (size_t i = 0; i < sdp.media.size(); ++i) {
    const SdpMedia& m = sdp.media[i];
    // RFC 9143 6: a bundle-only stream has port 0 and is alive.
    const bool alive = m.port != 0 || (m.bundle_only && local_.kind == PeerKind::Browser);
    if (m.type != "audio" || !alive) continue;
    auto remote = understand(sdp, m, local_.kind);
    const auto checked = remote ? check(*remote, local_) : tl::unexpected(remote.error());
    if (!checked) {
      why = checked.error();
      continue;
    }
    if (negotiated_ && i == layout_.audio) return std::pair{i, std::move(*remote)};
    const bool securer =
        best && !best->second.keyed() && remote->keyed() && local_.srtp != SrtpPolicy::Off;
    if (!best || (securer && !negotiated_)) best = std::pair{i, std::move(*remote)};
  }
  if (!best) return tl::unexpected(why);
  return std::move(*best);
}

Result<std::string> OfferAnswer::make_answer(Direction direction,
                                             const std::vector<Codec>& codecs_first) {
  if (state_ != State::OfferReceived) return fail(ErrorCode::Conflict, "no offer to answer");
  const ReceivedOffer& offer = *received_;
  const RemoteAudio& remote = offer.audio;

  LocalAudio audio;
  audio.protocol = offer.layout.slots[offer.layout.audio].protocol;
  audio.mid = offer.layout.mid;
  audio.direction = restricted(direction, mirrored(remote.direction));
  audio.rtcp_mux = remote.rtcp_mux;
  audio.voip_metrics = remote.voip_metrics;
  // One codec: what is sent is what was negotiated, and nobody switches in mid-call.
  for (const Codec codec : ordered(codecs_first)) {
    const auto format = find_codec(remote.codecs, codec);
    if (format == remote.codecs.end()) continue;
    audio.codecs.push_back({codec, format->payload_type});
    break;
  }
  const Codec codec = audio.codecs.front().codec;
  for (const auto& events : remote.events) {
    if (!local_.events) break;
    if (events.clock_rate == 8000 || codec == Codec::Opus) audio.events.push_back(events);
  }
  if (codec != Codec::Opus) audio.noise = remote.noise;  // RFC 3389 5.1: its clock is 8 kHz.
  audio.ptime_ms = ptime_to_send(remote, codec, local_.ptime_ms);
  if (const auto crypto = answer_crypto(remote)) audio.cryptos.push_back(*crypto);
  if (remote.dtls && local_.kind == PeerKind::Phone) {
    audio.setup = name_of(our_setup(remote, negotiated_));
  }

  StreamParameters result = parameters(remote, audio);
  result.direction = audio.direction;
  result.remote_held = remote.held();
  result.ice_restart = offer.summary.ice_restart;
  std::string text = describe(offer.layout, audio);
  negotiated_ = std::move(result);
  layout_ = offer.layout;
  numbers_ = offer.numbers;
  sent_.reset();
  received_.reset();
  state_ = State::Idle;
  return text;
}

std::optional<LocalCrypto> OfferAnswer::answer_crypto(const RemoteAudio& remote) {
  if (local_.kind == PeerKind::Browser || local_.srtp == SrtpPolicy::Off ||
      remote.cryptos.empty()) {
    return std::nullopt;
  }
  const UsableCrypto* chosen = &remote.cryptos.front();
  if (negotiated_ && negotiated_->sdes) {
    const auto same =
        std::ranges::find(remote.cryptos, negotiated_->sdes->suite, &UsableCrypto::suite);
    if (same != remote.cryptos.end()) chosen = &*same;
  }
  return LocalCrypto{chosen->tag, chosen->suite, local_master(chosen->suite)};
}

void OfferAnswer::rollback() {
  // The peer has seen a description that never came into force: the next one must not look like it.
  if (state_ == State::OfferSent) last_description_.reset();
  if (state_ != State::Idle) sent_.reset();
  received_.reset();
  state_ = State::Idle;
}

// ---- Both ----

// Nobody asked for a codec: the one in use stays, so that a hold or a session refresh does not
// change it.
std::vector<Codec> OfferAnswer::ordered(const std::vector<Codec>& first) const {
  std::vector<Codec> wished = first;
  if (first.empty() && negotiated_) wished.push_back(negotiated_->codecs.front().codec);
  wished.insert(wished.end(), local_.codecs.begin(), local_.codecs.end());
  std::vector<Codec> out;
  for (const Codec codec : wished) {
    if (contains(local_.codecs, codec) && !contains(out, codec)) out.push_back(codec);
  }
  return out;
}

const SrtpMaster& OfferAnswer::local_master(SrtpSuite suite) {
  auto& master = masters_[static_cast<size_t>(suite)];
  if (!master) master = new_master(suite, random_);
  return *master;
}

OfferAnswer::Layout OfferAnswer::layout_of(const Sdp& sdp, size_t audio) const {
  Layout layout;
  layout.audio = audio;
  layout.mid = sdp.media[audio].mid;
  for (const SdpMedia& m : sdp.media) {
    layout.slots.push_back({m.type, m.protocol, m.mid, m.formats});
  }
  layout.bundled = !layout.mid.empty() && std::ranges::any_of(sdp.bundles, [&](const auto& mids) {
    return std::ranges::find(mids, layout.mid) != mids.end();
  });
  return layout;
}

SdpMedia OfferAnswer::rejected(const Slot& slot) {
  SdpMedia m;
  m.type = slot.type;
  m.port = 0;
  m.protocol = slot.protocol;
  m.formats = slot.formats;
  m.mid = slot.mid;
  if (m.rtp()) m.direction = Direction::Inactive;
  return m;
}

std::string OfferAnswer::describe(const Layout& layout, const LocalAudio& audio) {
  Sdp sdp;
  const SdpConnection us = connection_to(local_.rtp);
  sdp.origin = {"-", session_id_, 0, us.address_type, us.address};
  sdp.connection = us;
  sdp.ice_lite = local_.kind == PeerKind::Browser;
  if (layout.bundled && local_.kind == PeerKind::Browser) sdp.bundles.push_back({layout.mid});
  for (size_t i = 0; i < layout.slots.size(); ++i) {
    sdp.media.push_back(i == layout.audio ? section(local_, audio) : rejected(layout.slots[i]));
  }
  // RFC 3264 8: the version grows by one with a change, and only then.
  const size_t description = std::hash<std::string>{}(sdp.to_string());
  if (description != last_description_) {
    ++version_;
    last_description_ = description;
  }
  sdp.origin.version = version_;
  return sdp.to_string();
}

StreamParameters OfferAnswer::parameters(const RemoteAudio& remote, const LocalAudio& local) const {
  StreamParameters out;
  out.remote_rtp = remote.rtp;
  out.remote_rtcp = remote.rtcp;
  for (const auto& theirs : remote.codecs) {
    const auto ours = find_codec(local.codecs, theirs.codec);
    if (ours == local.codecs.end()) continue;
    out.codecs.push_back({theirs.codec, theirs.payload_type, ours->payload_type,
                          theirs.max_playback_rate, theirs.fec, theirs.dtx});
  }
  for (const auto& theirs : remote.events) {
    for (const auto& ours : local.events) {
      if (ours.clock_rate != theirs.clock_rate) continue;
      out.events.push_back({theirs.clock_rate, theirs.payload_type, ours.payload_type});
    }
  }
  if (out.codecs.empty()) return out;
  const Codec codec = out.codecs.front().codec;
  order_events(out.events, codec);
  if (local.noise && remote.noise && codec != Codec::Opus) {
    out.noise = NegotiatedNoise{*remote.noise, *local.noise};
  }
  out.ptime = std::chrono::milliseconds(ptime_to_send(remote, codec, local_.ptime_ms));
  out.rtcp_mux = remote.rtcp_mux && local.rtcp_mux;
  out.voip_metrics = remote.voip_metrics;
  out.sdes = sdes_of(remote, local);
  if (local_.kind == PeerKind::Browser) {
    out.dtls = RemoteDtls{remote.fingerprints, DtlsSetup::Passive};
    out.remote_ice = remote.ice;
  } else if (remote.dtls) {
    out.dtls = RemoteDtls{remote.fingerprints, our_setup(remote, negotiated_)};
  }
  out.remote_ssrcs = remote.ssrcs;
  return out;
}

}  // namespace gw::media::wire
