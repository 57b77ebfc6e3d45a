#pragma once

#include "acs/edge/edge_server.h"
#include "acs/http/http_server.h"
#include "acs/http/websocket_client.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "gateway/policy/usage_limits.h"
#include "media/engine/media_engine.h"
#include "sip/registrar.h"
#include "sip/sip_agent.h"
#include "sip/sofia_loop.h"

namespace gw {

class CloudLink;
class TrunkHealth;

// What App lends to calls and legs: the loops and engines that outlive every call.
struct Services {
  sip::SofiaLoop& loop;
  media::MediaEngine& media;
  sip::SipAgent* agent = nullptr;  // Set once the listeners are up.
  acs::edge::EdgeServer* edge = nullptr;
  sip::Registrar& registrar;
  const Clock& clock;
  Random& random;
  Metrics& metrics;
  policy::UsageJournal& usage;
  acs::http::HttpServer* web = nullptr;              // Its Asio thread carries media streams.
  acs::http::WebSocketClient* websockets = nullptr;  // On that thread: streams that we open.
  CloudLink* cloud = nullptr;                        // Provider "cloud" alone.
  TrunkHealth* trunk_health = nullptr;  // What calls and OPTIONS met at trunks' addresses.
  media::ClipPtr hold_music{};          // For parties on hold; null = silence.
};

}  // namespace gw
