#pragma once

#include <string>

#include "gateway/call/call_control.h"
#include "gateway/call/trunk_health.h"
#include "gateway/call/trunk_registrations.h"
#include "sip/registrar.h"

namespace gw::ops {

// What /api and the command line show, as JSON text. Signalling thread.
std::string calls_json(const CallControl& control, media::MediaEngine& media);  // {"calls":[...]}
std::string phones_json(const CallControl& control, const sip::Registrar& registrar, WallTime now);
std::string trunks_json(const CallControl& control, const TrunkHealth& health,
                        const TrunkRegistrations& registrations);
std::string users_json(const CallControl& control, const acs::edge::EdgeServer* edge);
std::string status_json(const CallControl& control, const sip::Registrar& registrar,
                        const acs::edge::EdgeServer* edge, Duration uptime, Duration loop_lag,
                        size_t bans);
std::string bans_json(
    const std::vector<sip::BannedSource>& bans);  // {"bans":[...], "total"}: the longest ones

}  // namespace gw::ops
