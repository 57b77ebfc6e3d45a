#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/policy/router.h"

namespace gw::policy {

// Call forwarding of phones and users, as the configuration has it. Pure.

enum class ForwardReason { Always, Busy, NoAnswer };
std::string_view to_string(ForwardReason reason);  // As Diversion says it (RFC 5806): "user-busy".

// A call that a party sent on.
struct Forward {
  Party by;
  ForwardReason reason = ForwardReason::Always;
  std::string to;  // As configured.
};

// Why a party that failed so has its calls sent on; nullopt: this is no such failure.
std::optional<ForwardReason> reason_of(const HangupCause& cause);

bool has_forwarding(const config::Config& config, const Party& party, ForwardReason reason);

// How long the party rings before its calls go on; nullopt: they do not.
std::optional<Duration> no_answer_after(const config::Config& config, const Party& party);

// Busy to everybody.
bool do_not_disturb(const config::Config& config, const Party& party);

// Where a call that came by `way` goes instead of `by`: decided as a call of that party's, as which
// a trunk is told of it; parties of the house see who called in the first place. The decision may
// refuse. nullopt: nothing is configured for this reason.
std::optional<Routed> forwarded(const config::Config& config, const Routed& way, const Party& by,
                                ForwardReason reason, WallTime now);

}  // namespace gw::policy
