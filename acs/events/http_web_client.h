#pragma once

#include <memory>

#include "acs/events/web_client.h"
#include "acs/http/http_client.h"

namespace gw::acs::events {

// The seam over the gateway's HTTP client, which outlives it.
std::unique_ptr<WebClient> make_web_client(http::HttpClient& client);

}  // namespace gw::acs::events
