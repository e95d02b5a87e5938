#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace vitalgate::commands {

/// A message that came in on the command topic of an uplink, nothing of it believed yet.
struct Request {
    std::string uplink;        ///< by whom it came: its configured name
    std::string resultsTopic;  ///< "{root}/results" of that uplink
    std::string payload;       ///< should be a vitalgate.v1.SignedCommand
    bool tooLarge = false;     ///< the payload was left out because of its size
    bool retained = false;
    std::string responseTopic;  ///< MQTT 5's properties, empty with 3.1.1; the message's own win
    std::string correlation;
    std::optional<std::uint32_t> expirySeconds;
};

}  // namespace vitalgate::commands
