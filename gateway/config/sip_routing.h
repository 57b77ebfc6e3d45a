#pragma once

#include "acs/rest/sip_routing.h"
#include "base/result.h"
#include "gateway/config/config.h"

namespace gw::config {

// The trunks and routes that apps set over REST (PATCH /sip), beside those of the files. A trunk of
// theirs is named by its FQDN and reached there: port 5060 by UDP, any other by TLS, as Azure's
// direct routing is. Their routes come after the files' and take calls of phones and users.

// What REST shows: `stored`, and the files' trunks that have an FQDN, marked as fixed. Of the
// files' routes nothing is shown: they say more than a REST route can.
acs::rest::SipRouting shown_routing(const Config& config, const acs::rest::SipRouting& stored);

// Puts them in place of the REST trunks and routes that the configuration may have already.
// InvalidArgument: one of them collides with the files.
Result<void> apply_routing(const acs::rest::SipRouting& stored, Config& config);

}  // namespace gw::config
