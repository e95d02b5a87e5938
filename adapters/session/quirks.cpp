#include "adapters/session/quirks.hpp"

namespace vitalgate::session {

namespace {

constexpr Quirk kStrict{};

}  // namespace

const Quirk* chooseQuirk(std::string_view configured, const DeviceNames& device) {
    const auto* row =
        configured.empty() ? profiles::fittingQuirk(device) : profiles::namedQuirk(configured);
    return row == nullptr ? &kStrict : row;
}

}  // namespace vitalgate::session
