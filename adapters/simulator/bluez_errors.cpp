#include "adapters/simulator/bluez_errors.hpp"

#include <fmt/format.h>

namespace vitalgate::simulator::bluez {

dbus::RemoteError failed(std::string message) {
    return {"org.bluez.Error.Failed", std::move(message)};
}
dbus::RemoteError notReady() {
    return {"org.bluez.Error.NotReady", "Resource Not Ready"};
}
dbus::RemoteError notSupported() {
    return {"org.bluez.Error.NotSupported", "Operation is not supported"};
}
dbus::RemoteError notPermitted(std::string message) {
    return {"org.bluez.Error.NotPermitted", std::move(message)};
}
dbus::RemoteError invalidArguments() {
    return {"org.bluez.Error.InvalidArguments", "Invalid arguments in method call"};
}
dbus::RemoteError inProgress() {
    return {"org.bluez.Error.InProgress", "Operation already in progress"};
}
dbus::RemoteError alreadyExists() {
    return {"org.bluez.Error.AlreadyExists", "Already Exists"};
}
dbus::RemoteError doesNotExist() {
    return {"org.bluez.Error.DoesNotExist", "Does Not Exist"};
}
dbus::RemoteError notConnected() {
    return {"org.bluez.Error.NotConnected", "Not Connected"};
}
dbus::RemoteError authenticationFailed() {
    return {"org.bluez.Error.AuthenticationFailed", "Authentication Failed"};
}
dbus::RemoteError authenticationRejected() {
    return {"org.bluez.Error.AuthenticationRejected", "Authentication Rejected"};
}
dbus::RemoteError authenticationCanceled() {
    return {"org.bluez.Error.AuthenticationCanceled", "Authentication Canceled"};
}
dbus::RemoteError connectionAborted() {
    return failed("le-connection-abort-by-local");
}

dbus::RemoteError fromAtt(AttError error) {
    switch (error) {
        case AttError::readNotPermitted:
            return notPermitted("Read not permitted");
        case AttError::writeNotPermitted:
            return notPermitted("Write not permitted");
        case AttError::insufficientAuthentication:
            return notPermitted("Not paired");
        case AttError::invalidLength:
            return {"org.bluez.Error.InvalidArguments", "Invalid Length"};
        case AttError::requestNotSupported:
            return notSupported();
        default:
            return failed(fmt::format("Operation failed with ATT error: 0x{:02x}",
                                      static_cast<unsigned>(error)));
    }
}

}  // namespace vitalgate::simulator::bluez
