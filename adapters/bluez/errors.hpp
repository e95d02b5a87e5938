#pragma once

#include "gateway/base/error.hpp"
#include "gateway/dbus/connection.hpp"

namespace vitalgate::bluez {

/// What an error of BlueZ asks of the caller, in a sentence without any object path (it holds the
/// device's address). ATT errors 0x05, 0x08, 0x0C and 0x0F, and "Not paired", are
/// ErrorKind::authentication.
Error toError(const dbus::CallError& error);

/// The aborted connection attempt that BlueZ reports for nearly every failure of a link to come up.
bool isAborted(const dbus::CallError& error);

/// BlueZ is already doing what was asked.
bool isInProgress(const dbus::CallError& error);

}  // namespace vitalgate::bluez
