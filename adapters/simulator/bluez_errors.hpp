#pragma once

#include "adapters/simulator/gatt.hpp"
#include "gateway/dbus/exported.hpp"

namespace vitalgate::simulator::bluez {

/// The errors of BlueZ 5.66 with the words that it uses.
dbus::RemoteError failed(std::string message);
dbus::RemoteError notReady();
dbus::RemoteError notSupported();
dbus::RemoteError notPermitted(std::string message);
dbus::RemoteError invalidArguments();
dbus::RemoteError inProgress();
dbus::RemoteError alreadyExists();
dbus::RemoteError doesNotExist();
dbus::RemoteError notConnected();
dbus::RemoteError authenticationFailed();
dbus::RemoteError authenticationRejected();
dbus::RemoteError authenticationCanceled();
/// A link that did not come about, whatever the cause.
dbus::RemoteError connectionAborted();

/// How BlueZ passes an error of the Attribute Protocol on.
dbus::RemoteError fromAtt(AttError error);

}  // namespace vitalgate::simulator::bluez
