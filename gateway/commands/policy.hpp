#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "gateway/base/bytes.hpp"
#include "gateway/base/time.hpp"
#include "gateway/base/token_bucket.hpp"
#include "vitalgate/v1/vocabulary.pb.h"

namespace vitalgate::commands {

/// So many within that time, in one burst or spread.
struct Rate {
    std::uint32_t count = 60;
    Duration per = std::chrono::minutes{1};

    [[nodiscard]] TokenBucket bucket() const { return {count, per, count}; }
};

/// What the holder of one key may ask for.
struct Permission {
    Bytes publicKey;  ///< Ed25519, 32 octets
    /// Words; nothing: every kind that does not need a permission of its own.
    std::optional<std::set<std::string, std::less<>>> kinds;
    /// Ids of devices; nothing: every device. Commands for the hub itself are not touched by it.
    std::optional<std::set<std::string, std::less<>>> devices;
    Rate rate;
};

/// Who may ask this hub for what; see "commands" in the configuration reference.
struct Policy {
    std::string hub;
    /// Words of the kinds that this hub can run; the command service fills it in.
    std::set<std::string, std::less<>> supported;
    v1::CommandTrust accept = v1::TRUST_SIGNED;
    Duration maximumValidity = std::chrono::days{7};
    std::map<std::string, Permission, std::less<>> keys;  ///< by key id
};

}  // namespace vitalgate::commands
