#include "tests/unit/acs/http_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>

namespace gw::test {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

std::string HttpAnswer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (beast::iequals(key, beast::string_view(name.data(), name.size()))) return value;
  }
  return "";
}

struct HttpClient::Impl {
  asio::io_context io;
  asio::ssl::context context{asio::ssl::context::tls_client};
  std::optional<asio::ssl::stream<tcp::socket>> stream;
  bool tls = false;
  bool connected = false;
  beast::flat_buffer buffer;

  template <class Start>
  error_code finish(Start&& start) {
    error_code result = asio::error::timed_out;
    start([&](error_code error, auto&&...) { result = error; });
    io.restart();
    io.run_for(std::chrono::seconds(5));
    return result;
  }
  // The same operation on either layer.
  template <class F>
  auto on_stream(F&& f) {
    if (tls) return f(*stream);
    return f(stream->next_layer());
  }
};

HttpClient::HttpClient(uint16_t port, bool tls, const std::string& trusted)
    : impl_(std::make_unique<Impl>()) {
  Impl& i = *impl_;
  i.tls = tls;
  if (!trusted.empty()) i.context.load_verify_file(trusted);
  i.stream.emplace(i.io, i.context);
  error_code error;
  i.stream->next_layer().connect({asio::ip::address_v4::loopback(), port}, error);
  if (tls && !error) {
    if (!trusted.empty()) {
      i.stream->set_verify_mode(asio::ssl::verify_peer);
      i.stream->set_verify_callback(asio::ssl::host_name_verification("127.0.0.1"));
    }
    error = i.finish(
        [&](auto handler) { i.stream->async_handshake(asio::ssl::stream_base::client, handler); });
  }
  i.connected = !error;
}
HttpClient::~HttpClient() = default;

bool HttpClient::connected() const {
  return impl_->connected;
}
std::string HttpClient::tls_version() const {
  return SSL_get_version(impl_->stream->native_handle());
}

void HttpClient::write(std::string_view bytes) {
  impl_->finish([&](auto handler) {
    impl_->on_stream(
        [&](auto& s) { asio::async_write(s, asio::buffer(bytes.data(), bytes.size()), handler); });
  });
}

std::optional<HttpAnswer> HttpClient::read(bool head_only) {
  bhttp::response_parser<bhttp::string_body> parser;
  parser.skip(head_only);
  const error_code error = impl_->finish([&](auto handler) {
    impl_->on_stream([&](auto& s) { bhttp::async_read(s, impl_->buffer, parser, handler); });
  });
  if (error) return std::nullopt;
  HttpAnswer answer;
  answer.status = parser.get().result_int();
  for (const auto& field : parser.get()) {
    answer.headers.emplace_back(field.name_string().to_string(), field.value().to_string());
  }
  answer.body = parser.get().body();
  return answer;
}

bool HttpClient::closed() {
  char byte = 0;
  const error_code error = impl_->finish([&](auto handler) {
    impl_->on_stream([&](auto& s) { s.async_read_some(asio::buffer(&byte, 1), handler); });
  });
  return error && error != asio::error::timed_out;
}

std::optional<HttpAnswer> HttpClient::get(const std::string& target,
                                          const std::string& more_headers) {
  write("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + more_headers + "\r\n");
  return read();
}

}  // namespace gw::test
