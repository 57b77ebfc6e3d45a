#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace gw::acs::identity {

// The identities that apps made, kept where the gateway keeps things. Implemented in gateway/.
// Called on the Asio thread and never blocks it: each answers there, later, once, when what was
// asked is on disk. An Error is Io.
class IdentityStore {
 public:
  using Answer = std::function<void(Result<bool>)>;

  virtual ~IdentityStore() = default;
  virtual void create(const std::string& identity, WallTime at, Answer answer) = 0;  // Was it new?
  virtual void find(const std::string& identity, Answer answer) = 0;                 // Is it there?
  virtual void remove(const std::string& identity, Answer answer) = 0;  // Was it there?
  virtual void flush(Answer answer) = 0;  // True when all that was asked before is on disk.
};

}  // namespace gw::acs::identity
