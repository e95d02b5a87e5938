#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace vitalgate::commands {

/// Parses `bytes` into `message`: with a limit on nesting, and only if the whole of it is read.
bool parseLimited(const std::string& bytes, google::protobuf::Message& message);

/// True if nothing in the message or below it is unknown to this version: no field, no enum value.
bool isUnderstoodWhole(const google::protobuf::Message& message);

}  // namespace vitalgate::commands
