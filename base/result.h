#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace gw {

// What kind of failure it was. policy/hangup_cause turns these into SIP, Q.850 and ACS terms;
// nobody else does.
enum class ErrorCode {
  InvalidArgument,  // The caller gave something that can never work.
  NotFound,
  Conflict,       // It exists already, or the state does not allow it.
  Unauthorized,   // Who are you?
  Forbidden,      // You may not.
  NotAcceptable,  // No common ground: codecs, SRTP, transport.
  Exhausted,      // Ports, calls, sessions: try later.
  Timeout,
  Unavailable,  // The other side is not there.
  Protocol,     // The other side broke the rules.
  Io,
  Internal,
};

std::string_view to_string(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::Internal;
  std::string detail;  // For a person: what happened, where, what to do.
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string detail) {
  return tl::unexpected<Error>(Error{code, std::move(detail)});
}

}  // namespace gw
