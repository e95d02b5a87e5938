#include "adapters/bluez/errors.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace vitalgate::bluez;

namespace {

dbus::CallError error(std::string name, std::string message, ErrorKind kind = ErrorKind::refused) {
    dbus::CallError result;
    result.kind = kind;
    result.name = std::move(name);
    result.message = std::move(message);
    return result;
}

ErrorKind kind(std::string name, std::string message) {
    return toError(error("org.bluez.Error." + name, std::move(message))).kind;
}

}  // namespace

TEST_CASE("errors that a better link would cure are authentication") {
    CHECK(kind("NotPermitted", "Not paired") == ErrorKind::authentication);
    CHECK(kind("NotAuthorized", "Operation Not Authorized") == ErrorKind::authentication);
    for (const auto* code : {"0x05", "0x08", "0x0c", "0x0f"})
        CHECK(kind("Failed", std::string("Operation failed with ATT error: ") + code) ==
              ErrorKind::authentication);
    CHECK(kind("AuthenticationCanceled", "") == ErrorKind::authentication);
}

TEST_CASE("what a device cannot do is unsupported, what it does not want is refused") {
    CHECK(kind("NotSupported", "Operation is not supported") == ErrorKind::unsupported);
    CHECK(kind("NotPermitted", "Read not permitted") == ErrorKind::unsupported);
    CHECK(kind("Failed", "Operation failed with ATT error: 0x06") == ErrorKind::unsupported);
    CHECK(kind("Failed", "Operation failed with ATT error: 0x80") == ErrorKind::refused);
    CHECK(kind("InvalidArguments", "Invalid Length") == ErrorKind::refused);
}

TEST_CASE("a link that is gone is disconnected, a busy one unavailable") {
    CHECK(kind("NotConnected", "Not Connected") == ErrorKind::disconnected);
    CHECK(kind("Failed", "Not connected") == ErrorKind::disconnected);
    CHECK(kind("InProgress", "In Progress") == ErrorKind::unavailable);
    CHECK(kind("NotReady", "Resource Not Ready") == ErrorKind::unavailable);
    CHECK(isInProgress(error("org.bluez.Error.InProgress", "")));
    CHECK(isAborted(error("org.bluez.Error.Failed", "le-connection-abort-by-local")));
    CHECK_FALSE(isAborted(error("org.bluez.Error.Failed", "Operation already in progress")));
}

TEST_CASE("sentences of the bus that name an object do not get out") {
    const auto gone = toError(error("org.freedesktop.DBus.Error.UnknownObject",
                                    "Unknown object '/org/bluez/hci0/dev_C4_7C_8D_6A_12_34'."));
    CHECK(gone.kind == ErrorKind::disconnected);
    CHECK(gone.message.find("C4_7C") == std::string::npos);
    const auto other = toError(error("org.example.Error", "about dev_C4_7C_8D_6A_12_34"));
    CHECK(other.message == "BlueZ answers org.example.Error");
    const auto late = toError(error("", "no answer within 5 s", ErrorKind::timedOut));
    CHECK(late == Error{ErrorKind::timedOut, "no answer within 5 s"});
}
