#pragma once

#include "gateway/ops/cdr.h"
#include "gateway/ops/store.h"

namespace gw::ops {

// Keeps a copy of each CDR for every user who was in the call, so that an app can show them their
// calls; hands the record on to the file. Owned by App; signalling thread.
class CallHistory final : public CdrWriter {
 public:
  CallHistory(CdrWriter& file, Store& store) : file_(file), store_(store) {}
  void record(Cdr cdr) override;
  void reopen() override { file_.reopen(); }

 private:
  CdrWriter& file_;
  Store& store_;
};

}  // namespace gw::ops
