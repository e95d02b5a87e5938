#pragma once

#include <exception>

namespace vitalgate::dbus {

/// What the library found no memory for it has dropped: a measurement, perhaps, that no device
/// sends again. Where `error` says so, what is done when operator new finds none is done here too;
/// in the daemon that ends it. Otherwise, and where no such handler is set, this does nothing.
void checkMemory(const std::exception& error);

}  // namespace vitalgate::dbus
