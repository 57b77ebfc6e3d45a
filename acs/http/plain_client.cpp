#include "acs/http/plain_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace gw::acs::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;

constexpr uint64_t kMaxAnswer = 64u << 20;  // /metrics and /api of a busy gateway.

}  // namespace

Result<Response> fetch(const PlainRequest& request) {
  asio::io_context io;
  beast::tcp_stream stream(io);
  boost::system::error_code error;
  const auto address = asio::ip::make_address(request.server.host(), error);
  if (error) return fail(ErrorCode::InvalidArgument, request.server.to_string() + " is no address");

  beast::http::request<beast::http::string_body> out(beast::http::verb::get, request.target, 11);
  out.method_string(request.method);
  out.set(beast::http::field::host, request.server.to_string());
  out.set(beast::http::field::connection, "close");
  if (!request.bearer.empty())
    out.set(beast::http::field::authorization, "Bearer " + request.bearer);
  if (!request.body.empty()) out.set(beast::http::field::content_type, "application/json");
  out.body() = request.body;
  out.prepare_payload();

  // Asynchronous steps, because only those have a deadline.
  stream.expires_after(std::chrono::duration_cast<std::chrono::milliseconds>(request.timeout));
  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> in;
  in.body_limit(kMaxAnswer);
  bool connected = false;
  stream.async_connect(
      tcp::endpoint(address, request.server.port()), [&](beast::error_code connect_error) {
        error = connect_error;
        if (error) return;
        connected = true;
        beast::http::async_write(stream, out, [&](beast::error_code write_error, size_t) {
          error = write_error;
          if (error) return;
          beast::http::async_read(stream, buffer, in, [&](beast::error_code read_error, size_t) {
            error = read_error;
          });
        });
      });
  io.run();
  if (error == beast::error::timeout)
    return fail(ErrorCode::Timeout, request.server.to_string() + " did not answer");
  if (!connected)
    return fail(ErrorCode::Unavailable, request.server.to_string() + ": " + error.message());
  if (error) return fail(ErrorCode::Protocol, request.server.to_string() + ": " + error.message());

  Response response;
  response.status = in.get().result_int();
  response.content_type = std::string(in.get()[beast::http::field::content_type]);
  response.body = std::move(in.get().body());
  return response;
}

}  // namespace gw::acs::http
