#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace gw::config {

// What is wrong with a PEM certificate and its key, before a TLS library says so in its own words
// at start-up.
struct CertificateProblem {
  bool in_key = false;   // Else in the certificate.
  bool warning = false;  // It works still: expires soon.
  std::string text;
};

// What a peer out in the world would refuse of a certificate for `host`: another name, self-signed,
// a key that is not RSA of 2,048 bits, no intermediate certificates, not for servers or clients.
std::vector<CertificateProblem> check_public_certificate(const std::string& certificate,
                                                         const std::string& host);

// When a PEM certificate ends; none when it cannot be read.
std::optional<WallTime> certificate_end(const std::string& certificate);

std::optional<CertificateProblem> check_certificate(const std::string& certificate,
                                                    const std::string& key);

}  // namespace gw::config
