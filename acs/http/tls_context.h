#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "base/result.h"

namespace gw::acs::http {

// A server's TLS settings: TLS 1.2 and 1.3, forward secrecy with AEAD only, the PEM chain and its
// key.
Result<std::shared_ptr<boost::asio::ssl::context>> load_tls(const std::string& certificate,
                                                            const std::string& key);

// A client's: the same versions, the peer's certificate verified against the system's authorities
// and those of `more_authorities` (a PEM file; "" = none).
Result<std::shared_ptr<boost::asio::ssl::context>> load_trust(const std::string& more_authorities);

}  // namespace gw::acs::http
