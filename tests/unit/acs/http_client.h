#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gw::test {

struct HttpAnswer {
  unsigned status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string header(std::string_view name) const;
};

// One TCP or TLS connection that says what it is told, byte by byte, and reads whole answers.
// Bounded waits.
class HttpClient {
 public:
  explicit HttpClient(uint16_t port, bool tls = false, const std::string& trusted_certificate = "");
  ~HttpClient();

  bool connected() const;  // TLS: the certificate was good for 127.0.0.1.
  std::string tls_version() const;
  void write(std::string_view bytes);
  std::optional<HttpAnswer> read(bool head_only = false);
  bool closed();  // The server ended the connection.

  std::optional<HttpAnswer> get(const std::string& target, const std::string& more_headers = "");

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gw::test
