#include "adapters/bluez/errors.hpp"

#include <algorithm>
#include <array>

namespace vitalgate::bluez {

namespace {

/// A row fits if the name is the same and the message contains the text; the first that fits
/// counts.
struct Row {
    std::string_view name;
    std::string_view text;
    ErrorKind kind;
    std::string_view sentence;  ///< empty: BlueZ's own
};

constexpr std::string_view kFailed = "org.bluez.Error.Failed";

constexpr auto kRows = std::to_array<Row>({
    // src/gatt-client.c, create_gatt_dbus_error
    {"org.bluez.Error.NotPermitted", "Read not permitted", ErrorKind::unsupported, ""},
    {"org.bluez.Error.NotPermitted", "Write not permitted", ErrorKind::unsupported, ""},
    {"org.bluez.Error.NotPermitted", "", ErrorKind::authentication, ""},
    {"org.bluez.Error.NotAuthorized", "", ErrorKind::authentication, ""},
    {kFailed, "ATT error: 0x05", ErrorKind::authentication, ""},
    {kFailed, "ATT error: 0x08", ErrorKind::authentication, ""},
    {kFailed, "ATT error: 0x0c", ErrorKind::authentication, ""},
    {kFailed, "ATT error: 0x0f", ErrorKind::authentication, ""},
    {kFailed, "ATT error: 0x06", ErrorKind::unsupported, ""},
    {kFailed, "Not connected", ErrorKind::disconnected, ""},
    {kFailed, "", ErrorKind::refused, ""},
    {"org.bluez.Error.NotConnected", "", ErrorKind::disconnected, ""},
    {"org.bluez.Error.NotSupported", "", ErrorKind::unsupported, ""},
    {"org.bluez.Error.InProgress", "", ErrorKind::unavailable, ""},
    {"org.bluez.Error.Busy", "", ErrorKind::unavailable, ""},
    {"org.bluez.Error.NotReady", "", ErrorKind::unavailable, "the adapter is not ready"},
    {"org.bluez.Error.NotAvailable", "", ErrorKind::unavailable, ""},
    {"org.bluez.Error.ConnectionAttemptFailed", "", ErrorKind::unavailable, ""},
    {"org.bluez.Error.DoesNotExist", "", ErrorKind::notFound, ""},
    {"org.bluez.Error.AuthenticationFailed", "", ErrorKind::authentication, ""},
    {"org.bluez.Error.AuthenticationCanceled", "", ErrorKind::authentication, ""},
    {"org.bluez.Error.AuthenticationRejected", "", ErrorKind::authentication, ""},
    {"org.bluez.Error.AuthenticationTimeout", "", ErrorKind::authentication, ""},
    // Sentences of the bus name objects, and these the address.
    {"org.freedesktop.DBus.Error.UnknownObject", "", ErrorKind::disconnected,
     "BlueZ no longer has this object"},
    {"org.freedesktop.DBus.Error.UnknownMethod", "", ErrorKind::disconnected,
     "BlueZ no longer has this object"},
    {"org.freedesktop.DBus.Error.ServiceUnknown", "", ErrorKind::disconnected,
     "BlueZ is not running"},
    {"org.freedesktop.DBus.Error.NameHasNoOwner", "", ErrorKind::disconnected,
     "BlueZ is not running"},
    {"org.freedesktop.DBus.Error.NoReply", "", ErrorKind::disconnected,
     "BlueZ ended without an answer"},
    {"org.freedesktop.DBus.Error.AccessDenied", "", ErrorKind::unavailable,
     "the policy of the bus does not let this user talk to BlueZ"},
});

bool fits(const Row& row, const dbus::CallError& error) {
    return row.name == error.name && error.message.find(row.text) != std::string::npos;
}

}  // namespace

Error toError(const dbus::CallError& error) {
    const auto row =
        std::ranges::find_if(kRows, [&error](const Row& each) { return fits(each, error); });
    if (row != kRows.end()) {
        const auto sentence =
            row->sentence.empty() ? std::string_view(error.message) : row->sentence;
        return {row->kind, std::string(sentence)};
    }
    if (error.name.empty()) return error;
    return {error.kind, fmt::format("BlueZ answers {}", error.name)};
}

bool isAborted(const dbus::CallError& error) {
    return error.name == kFailed && error.message.find("abort") != std::string::npos;
}

bool isInProgress(const dbus::CallError& error) {
    return error.name == "org.bluez.Error.InProgress";
}

}  // namespace vitalgate::bluez
