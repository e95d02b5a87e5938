#include "adapters/session/device_information.hpp"

#include "adapters/profiles/date_time.hpp"
#include "adapters/session/descriptor.hpp"

namespace vitalgate::session {

DeviceInformation::DeviceInformation(const SessionContext& shared, Database& database,
                                     ClockSynchronisation& clocks)
    : shared_(shared), database_(database), clocks_(clocks) {
    takeQuirk();
}

asio::awaitable<Status> DeviceInformation::readAll(profiles::Role role) {
    const auto endpoints = shared_.database.endpoints(role);
    for (const auto& endpoint : endpoints) {
        if (!endpoint.characteristic.canRead) continue;
        const auto value = co_await shared_.calls.read(endpoint.characteristic);
        if (value) {
            take(endpoint, *value);
            continue;
        }
        if (endsConversation(value.error())) co_return failIn(endpoint.spec->name, value);
        shared_.log.info("read {}: {}", endpoint.spec->name, value.error().message);
        // The device answers in order: what comes next would only wait as long again.
        if (value.error().kind == ErrorKind::timedOut) break;
    }
    co_return Status{};
}

void DeviceInformation::take(const Endpoint& endpoint, Bytes value) {
    const auto decoded = endpoint.spec->decode(value, {});
    if (!decoded) {
        shared_.log.info("read {}: {}", endpoint.spec->name, decoded.error().message);
        return;
    }
    if (endpoint.spec->role == profiles::Role::feature) database_.setFeature(endpoint, value);
    if (endpoint.spec->uuid == profiles::kLocalTimeInformation) clocks_.takeZone(value);
    const auto* fields = std::get_if<std::vector<profiles::Field>>(&*decoded);
    if (fields != nullptr)
        describeFields(*fields, shared_.options.plainIdentifiers, shared_.descriptor);
}

void DeviceInformation::takeQuirk() {
    const auto advertised = shared_.link.advertisedName();
    const DeviceNames names{shared_.descriptor.manufacturer(), shared_.descriptor.model(),
                            advertised};
    quirk_ = chooseQuirk(shared_.settings.quirk, names);
    shared_.descriptor.set_quirk(std::string(quirk_->name));
}

}  // namespace vitalgate::session
