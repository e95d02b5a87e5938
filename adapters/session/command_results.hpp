#pragma once

#include <string>

#include "gateway/base/error.hpp"
#include "vitalgate/v1/command.pb.h"

namespace vitalgate::session {

/// Final results of a command; ids, kind and time are the caller's to fill in.
v1::CommandResult doneResult();
/// The failure that says what the sender can do about it; the text is the error's sentence.
v1::CommandResult failedResult(const Error& error);
/// Refused: a parameter is not what the device can be asked.
v1::CommandResult outOfRange(std::string text);
v1::CommandResult notSupported();
/// FAILURE_UNREACHABLE: the connection ended before it could begin; the next one may run it.
v1::CommandResult notBegun();
/// Its time was over before it could begin.
v1::CommandResult expired();

}  // namespace vitalgate::session
