#pragma once

#include <string>

#include "gateway/base/bytes.hpp"
#include "gateway/base/time.hpp"
#include "gateway/commands/policy.hpp"
#include "gateway/commands/request.hpp"
#include "vitalgate/v1/command.pb.h"

namespace vitalgate::commands {

inline constexpr std::size_t kLargestRequest = 64 * 1024;  ///< octets of the whole payload
inline constexpr std::size_t kLargestCorrelation = 1024;   ///< octets; it is stored with the result
/// How far the requester's clock may be ahead of the hub's.
inline constexpr Duration kClockTolerance = std::chrono::minutes{5};

/// What is known of a request, however far its examination came, and the outcome.
struct Verdict {
    v1::Command command;
    std::string id;      ///< lower case; empty if there is none that can be named
    std::string kind;    ///< word; empty if unknown
    std::string device;  ///< empty: the hub, or no usable name
    std::string keyId;   ///< as claimed; believe it only if `authentic`
    std::string correlation;
    std::string responseTopic;  ///< empty: the uplink's results topic
    WallTime notAfter;
    Bytes digest;            ///< SHA-256 of the command's bytes
    bool authentic = false;  ///< signed by a known key, or the configuration trusts the transport

    v1::CommandState state = v1::COMMAND_ACCEPTED;  ///< accepted, refused or expired
    v1::CommandRefusal refusal = v1::REFUSAL_UNSPECIFIED;
    std::string text;  ///< for people: why not
};

/// Decides from the request, the policy and the hub's clock alone whether a command may be run.
/// What needs memory (duplicates, order, rates) is decided afterwards. Never runs anything, never
/// throws for what is in the request.
Verdict verify(const Policy& policy, const Request& request, const Moment& now);

}  // namespace vitalgate::commands
