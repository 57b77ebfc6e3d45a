#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>

#include "acs/http/client_connection.h"

namespace gw::acs::http {

using AnswerParser = boost::beast::http::response_parser<boost::beast::http::string_body>;
using OutgoingRequest = boost::beast::http::request<boost::beast::http::string_body>;

// A connection to a server that carries one request after the other, plain or TLS. Asio thread.
class ClientLine {
 public:
  virtual ~ClientLine() = default;

  // Sends `request`, reads the whole answer; interim ones (1xx) are passed over. Both must outlive
  // it. A body larger than `max_body` is error::body_limit.
  virtual boost::asio::awaitable<boost::system::error_code> exchange(const OutgoingRequest& request,
                                                                     AnswerParser& answer,
                                                                     size_t max_body,
                                                                     TimePoint deadline) = 0;
  // Nothing came since the last answer: neither its end nor what nobody asked for.
  virtual bool fresh() = 0;

  unsigned exchanges() const { return exchanges_; }  // Finished.

  // Dials.
  static boost::asio::awaitable<Result<std::unique_ptr<ClientLine>>> open(
      boost::asio::any_io_executor executor, Dialling dialling);

 protected:
  unsigned exchanges_ = 0;
};

}  // namespace gw::acs::http
