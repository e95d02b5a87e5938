#include "gateway/dbus/no_memory.hpp"

#include <sdbus-c++/Error.h>

#include <string_view>

#include "gateway/base/memory.hpp"

namespace vitalgate::dbus {

void checkMemory(const std::exception& error) {
    constexpr std::string_view kNoMemory = "org.freedesktop.DBus.Error.NoMemory";
    const auto* reported = dynamic_cast<const sdbus::Error*>(&error);
    if (reported == nullptr || reported->getName() != kNoMemory) return;
    reportNoMemory();
}

}  // namespace vitalgate::dbus
