#pragma once

#include <optional>
#include <string>

namespace gw::config {

// What is wrong with a PEM certificate and its key, before a TLS library says so in its own words
// at start-up.
struct CertificateProblem {
  bool in_key = false;   // Else in the certificate.
  bool warning = false;  // It works still: expires soon.
  std::string text;
};

std::optional<CertificateProblem> check_certificate(const std::string& certificate,
                                                    const std::string& key);

}  // namespace gw::config
