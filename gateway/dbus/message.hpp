#pragma once

#include <sdbus-c++/Message.h>

#include "gateway/base/error.hpp"
#include "gateway/dbus/value.hpp"

// Private to this folder: values in and out of messages of sdbus-c++.

namespace vitalgate::dbus {

/// Of one message; the bus itself allows 64 levels and 128 MiB.
inline constexpr int kMaxDepth = 32;
inline constexpr std::size_t kMaxItems = 128 * 1024;

/// All remaining values. ErrorKind::malformed for a type unknown here, ::full above the limits.
Result<Values> decode(sdbus::Message& message);

/// ErrorKind::invalid for what D-Bus cannot carry (a bad path, text that is not UTF-8, an item that
/// does not have its array's type); the message is then of no use.
Status encode(sdbus::Message& message, const Values& values);
Status encode(sdbus::Message& message, const Value& value);

}  // namespace vitalgate::dbus
