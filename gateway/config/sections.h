#pragma once

#include "gateway/config/reader.h"

namespace gw::config {

// Each reads its tables into `config` and reports what is wrong with single values; what only shows
// when all of it is known is cross_checks' matter.
void read_networks(Section& root, Config& config);
void read_daemon(
    Section& root,
    Config& config);  // [sip] [media] [calls] [edge] [acs] [admin] [state] ... [numbers]
void read_parties(Section& root, Config& config);  // [[phone]] [[user]] [[trunk]] [[route]]

// "MD5", "SHA-256": of [sip] and of a phone.
void read_digest(Section& section, std::vector<sip::DigestAlgorithm>& out);

void read_certificate(Section& section, std::string& certificate, std::string& key);
void read_location(Section& section, std::string& out);
void read_dial_policy(Section section, DialPolicy& out);  // [dial_policy], and a party's own.

// Defaults that follow from other keys: the media address, the domain.
void complete_defaults(Config& config);

void cross_check(const Config& config, bool complete, Problems& problems);

// What `check` would say of these users beside all that there are; their origin says where they
// come from.
std::vector<Problem> check_added_users(Config config, const std::vector<User>& added);

// Everything is on this machine only: nobody else can reach it.
bool loopback_only(const Config& config);

}  // namespace gw::config
