#include "gateway/uplink/published_devices.hpp"

#include <utility>

namespace vitalgate::uplink {
namespace {

/// Among the bookmarks no device is called so.
constexpr std::string_view kKey = "@descriptors/";
constexpr std::string_view kConfigured = "configured";
constexpr std::string_view kAdmitted = "admitted";

}  // namespace

PublishedDevices::PublishedDevices(const std::string& uplink, store::Store& store, Log log)
    : key_(std::string{kKey} + uplink), store_(store), log_(std::move(log)) {}

void PublishedDevices::load(std::function<void(const Devices& devices)> given) {
    store_.loadBookmarks(
        key_, [this, alive = std::weak_ptr(alive_), given = std::move(given)](const auto& marks) {
            if (alive.expired()) return;
            if (!marks) {
                return log_.error("the descriptors that were published: {}", marks.error().message);
            }
            Devices devices;
            for (const auto& mark : *marks) {
                if (mark.value.empty()) continue;
                const auto right = mark.value == kConfigured ? Right::configured : Right::admitted;
                devices.emplace(mark.name, right);
            }
            devices_.insert(devices.begin(), devices.end());
            given(devices);
        });
}

void PublishedDevices::published(const std::string& device, Right right) {
    const auto [known, isNew] = devices_.try_emplace(device, right);
    if (!isNew && known->second == right) return;
    known->second = right;
    write(device, right == Right::configured ? kConfigured : kAdmitted);
}

void PublishedDevices::removed(const std::string& device) {
    devices_.erase(device);
    write(device, "");
}

/// A bookmark cannot be taken away; an empty one says as much.
void PublishedDevices::write(const std::string& device, std::string_view value) {
    store_.append({}, {{key_, device, std::string{value}}}, [log = log_](const auto& kept) {
        if (kept) return;
        log.debug("a descriptor's state is not kept: {}", kept.error().message);
    });
}

}  // namespace vitalgate::uplink
