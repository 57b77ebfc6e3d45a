#include "media/path/key_ledger.h"

namespace gw::media {

bool KeyLedger::is_new(char digit, KeyWay way, TimePoint now) {
  const auto bit = static_cast<uint8_t>(1u << static_cast<unsigned>(way));
  // The oldest first: keys come in order, whichever way.
  for (size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[(next_ + i) % entries_.size()];
    if (entry.digit != digit || (entry.ways & bit) != 0 || now - entry.at > kSameKey) continue;
    entry.ways |= bit;
    return false;
  }
  entries_[next_] = {digit, bit, now};
  next_ = (next_ + 1) % entries_.size();
  return true;
}

}  // namespace gw::media
