#include "acs/http/client_connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace gw::acs::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
namespace {

constexpr Duration kAddressTime = 3s;  // An address that does not answer leaves time for the next.
constexpr size_t kMaxAddresses = 8;

bool is_literal(const std::string& host) {
  error_code error;
  asio::ip::make_address(host, error);
  return !error;
}

// Whom we want to talk to: OpenSSL refuses a certificate for anybody else, and says so.
void expect(SSL* tls, const std::string& host) {
  X509_VERIFY_PARAM* const param = SSL_get0_param(tls);
  if (is_literal(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str());
    return;
  }
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  X509_VERIFY_PARAM_set1_host(param, host.data(), host.size());
  SSL_set_tlsext_host_name(tls, host.c_str());  // RFC 6066 3: literals are not named.
}

asio::awaitable<std::vector<tcp::endpoint>> look_up(asio::any_io_executor executor, Url url,
                                                    error_code& error) {
  std::vector<tcp::endpoint> found;
  const auto literal = asio::ip::make_address(url.host, error);
  if (!error) {
    found.emplace_back(literal, url.port);
    co_return found;
  }
  tcp::resolver resolver(executor);
  const std::string port = std::to_string(url.port);
  const auto entries = co_await resolver.async_resolve(
      url.host, port, asio::redirect_error(asio::use_awaitable, error));
  for (const auto& entry : entries) {
    if (found.size() < kMaxAddresses) found.push_back(entry.endpoint());
  }
  co_return found;
}

SocketAddress to_address(const tcp::endpoint& endpoint) {
  return {endpoint.data(), static_cast<socklen_t>(endpoint.size())};
}

Error tls_error(const std::string& where, const TlsStream& stream, error_code error) {
  auto& tls = const_cast<TlsStream&>(stream);  // Beast's accessor is not const.
  const long verdict = SSL_get_verify_result(tls.native_handle());
  if (verdict == X509_V_OK) {
    return {ErrorCode::Unavailable, where + ": the TLS handshake failed: " + error.message()};
  }
  return {ErrorCode::Unauthorized,
          where + ": its certificate was refused: " + X509_verify_cert_error_string(verdict) +
              "; check the host name, or add its authority to the trusted ones"};
}

}  // namespace

asio::awaitable<Result<PlainStream>> connect(asio::any_io_executor executor, Dialling dialling) {
  const std::string where = dialling.url.origin();
  error_code error;
  const auto endpoints = co_await look_up(executor, dialling.url, error);
  if (error || endpoints.empty()) {
    co_return fail(ErrorCode::Unavailable,
                   where + ": the name could not be looked up: " + error.message());
  }
  std::string why;
  bool late = false;
  for (const tcp::endpoint& endpoint : endpoints) {
    const SocketAddress address = to_address(endpoint);
    if (dialling.may_connect && !dialling.may_connect(address)) {
      why = address.to_string() + " is not allowed";
      continue;
    }
    PlainStream stream(executor);
    stream.expires_at(
        std::min(dialling.deadline, TimePoint(std::chrono::steady_clock::now()) + kAddressTime));
    co_await stream.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      error_code ignored;
      stream.socket().set_option(tcp::no_delay(true), ignored);
      co_return stream;
    }
    late = error == beast::error::timeout;
    why = address.to_string() + ": " + error.message();
  }
  co_return fail(late ? ErrorCode::Timeout : ErrorCode::Unavailable,
                 where + ": no connection: " + why);
}

asio::awaitable<Result<TlsStream>> secure(PlainStream stream, Dialling dialling) {
  const std::string where = dialling.url.origin();
  TlsStream tls(std::move(stream), *dialling.trust);
  expect(tls.native_handle(), dialling.url.host);
  error_code error;
  beast::get_lowest_layer(tls).expires_at(dialling.deadline);
  co_await tls.async_handshake(asio::ssl::stream_base::client,
                               asio::redirect_error(asio::use_awaitable, error));
  if (error == beast::error::timeout) {
    co_return fail(ErrorCode::Timeout, where + ": the TLS handshake took too long");
  }
  if (error) co_return tl::unexpected(tls_error(where, tls, error));
  co_return tls;
}

}  // namespace gw::acs::http
