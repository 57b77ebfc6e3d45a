#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "acs/http/http_server.h"

namespace gw::acs::http {

// "localhost:8080", "127.0.0.1", "[::1]:8443": a host name or literal that only this machine
// answers to.
bool loopback_authority(std::string_view authority);

// The Host header names this machine: refuses pages that reached us through a name that an attacker
// rebound.
bool host_is_loopback(const Request& request);

// The Origin header names a page of this machine, or is absent (no browser).
bool origin_is_loopback(const Request& request);

// `allowed` holds exact origins ("https://app.example.com"); "localhost" stands for every loopback
// origin.
bool origin_listed(std::string_view origin, const std::vector<std::string>& allowed);

// No Origin (not a browser), the request's own host, or a listed one.
bool origin_allowed(const Request& request, const std::vector<std::string>& allowed);

}  // namespace gw::acs::http
