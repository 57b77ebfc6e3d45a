#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace gw::acs {

// Members of JSON objects whatever the letter case of their names: Azure's services and samples
// write "error" and "Error", "audioData" and "AudioData". An exact match comes first. Pure.
const nlohmann::json* member(const nlohmann::json& object, std::string_view name);

std::string text_of(const nlohmann::json& object, std::string_view name);  // "" when absent.
// Whole numbers, some written as text; 0 when absent.
int64_t number_of(const nlohmann::json& object, std::string_view name);
bool flag_of(const nlohmann::json& object, std::string_view name);

}  // namespace gw::acs
