#pragma once

#include <string>

#include "vitalgate/v1/event.pb.h"

namespace vitalgate::cli {

/// What happened, for people: "blood pressure refused: the device reports a failed measurement".
std::string formatEvent(const v1::Event& event);

/// The event's kind for people: "refused", "pairing".
std::string eventKind(const v1::Event& event);

}  // namespace vitalgate::cli
