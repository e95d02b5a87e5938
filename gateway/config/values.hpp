#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/base/error.hpp"
#include "gateway/base/time.hpp"
#include "gateway/config/config.hpp"

namespace vitalgate::config {

/// Texts to values. Each error is the first half of a sentence that quotes the text; what may be
/// written instead is added by whoever knows the key.

/// "250ms 30s 5m 12h 30d": a whole number and its unit; at most 36500d.
Result<Duration> parseDuration(std::string_view text);
/// "512B 64KiB 512MiB 4GiB".
Result<ByteSize> parseByteSize(std::string_view text);
/// "60/min".
Result<Rate> parseRate(std::string_view text);
/// "-75dBm".
Result<SignalStrength> parseSignal(std::string_view text);
/// A whole number from 0 to 4294967295.
Result<std::uint32_t> parseNumber(std::string_view text);
/// "2A35", "0x2A35" or the 36 characters of a UUID.
Result<Uuid> parseCharacteristic(std::string_view text);
/// "true" or "false".
Result<bool> parseBool(std::string_view text);

/// "30d": as one writes it in the configuration; the way back of parseDuration.
std::string writeDuration(Duration duration);

}  // namespace vitalgate::config
