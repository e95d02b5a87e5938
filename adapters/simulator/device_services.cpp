#include <algorithm>

#include "adapters/simulator/device.hpp"

// What a device serves besides what its model does: information, battery, clock, bond management;
// and what is read and written.
namespace vitalgate::simulator {

namespace {

const Uuid kDeviceInformation{0x180a};
const Uuid kSystemId{0x2a23};
const Uuid kRegulatoryList{0x2a2a};
const Uuid kPnpId{0x2a50};
const Uuid kUniqueDeviceIdentifier{0x2bff};
const Uuid kBatteryService{0x180f};
const Uuid kBatteryLevel{0x2a19};
const Uuid kBatteryLevelStatus{0x2bed};
const Uuid kCurrentTimeService{0x1805};
const Uuid kCurrentTime{0x2a2b};
const Uuid kLocalTime{0x2a0f};
const Uuid kDateTime{0x2a08};
const Uuid kElapsedTimeService{0x183f};
const Uuid kElapsedTime{0x2bf2};
const Uuid kBondManagementService{0x181e};
const Uuid kBondControlPoint{0x2aa4};
const Uuid kBondFeature{0x2aa5};

constexpr std::size_t kCurrentTimeOctets = 10;
constexpr std::size_t kDateTimeOctets = 7;
constexpr std::uint8_t kManualUpdate = 1;

/// Between a request of a control point and its answer.
constexpr auto kAnswerAfter = std::chrono::milliseconds{5};

/// Battery Level Status: the level is there; a battery is present and discharging, its charge good
/// or, below 20 %, low.
constexpr std::uint8_t kHasLevel = 0x02;
constexpr std::uint16_t kPresentAndDischarging = 0x0041;
constexpr std::uint16_t kChargeGood = 0x0080;
constexpr std::uint16_t kChargeLow = 0x0100;
constexpr std::uint8_t kLowPercent = 20;

/// Bond Management: only the bond of whoever asks, over LE, without a code of authorisation.
constexpr std::uint8_t kDeleteOwnBond = 0x03;
constexpr std::uint32_t kCanDeleteOwnBond = 0x000010;
constexpr auto kBondOperationNotSupported = AttError{0x80};

Bytes batteryStatus(std::uint8_t percent) {
    const auto charge = percent < kLowPercent ? kChargeLow : kChargeGood;
    return ByteWriter{}
        .u8(kHasLevel)
        .u16(static_cast<std::uint16_t>(kPresentAndDischarging | charge))
        .u8(percent)
        .bytes();
}

}  // namespace

void Device::describe() {
    const auto& info = settings_.information;
    const std::pair<std::uint16_t, const std::string*> texts[] = {
        {0x2a29, &info.manufacturer}, {0x2a24, &info.model},    {0x2a25, &info.serial},
        {0x2a26, &info.firmware},     {0x2a27, &info.hardware}, {0x2a28, &info.software}};
    std::vector<Characteristic> given;
    for (const auto& [uuid, text] : texts) {
        if (text->empty()) continue;
        const auto octets = asBytes(*text);
        constants_[Uuid{uuid}] = Bytes(octets.begin(), octets.end());
        given.push_back({Uuid{uuid}, {.read = true}});
    }
    describeIdentifiers(given);
    if (settings_.advertise.connectable) database_.add(kDeviceInformation, std::move(given));
    describeBattery();
    std::vector<Characteristic> ofMeasurement;
    describeClock(ofMeasurement);
    if (settings_.bondManagement) {
        constants_[kBondFeature] = ByteWriter{}.u24(kCanDeleteOwnBond).bytes();
        database_.add(kBondManagementService,
                      {{kBondControlPoint, {.write = true}}, {kBondFeature, {.read = true}}});
    }
    model_->describe(database_, std::move(ofMeasurement));
}

void Device::describeIdentifiers(std::vector<Characteristic>& given) {
    const auto& info = settings_.information;
    const auto add = [&](const Uuid& uuid, Bytes value) {
        constants_[uuid] = std::move(value);
        given.push_back({uuid, {.read = true}});
    };
    if (!info.systemId.empty()) add(kSystemId, systemId(info.systemId));
    if (info.pnpId) add(kPnpId, pnpId(*info.pnpId));
    if (info.regulatory) add(kRegulatoryList, regulatoryList(*info.regulatory));
    if (info.udi) add(kUniqueDeviceIdentifier, uniqueDeviceIdentifier(*info.udi));
}

void Device::describeBattery() {
    if (!settings_.battery) return;
    constants_[kBatteryLevel] = Bytes{*settings_.battery};
    std::vector<Characteristic> all{{kBatteryLevel, {.read = true, .notify = true}}};
    if (settings_.batteryStatus) {
        constants_[kBatteryLevelStatus] = batteryStatus(*settings_.battery);
        all.push_back({kBatteryLevelStatus, {.read = true, .notify = true}});
    }
    database_.add(kBatteryService, std::move(all));
}

void Device::describeCurrentTime(Flags flags) {
    std::vector<Characteristic> all{{kCurrentTime, flags}};
    if (settings_.clock.local) {
        constants_[kLocalTime] = localTimeInformation(*settings_.clock.local);
        all.push_back({kLocalTime, {.read = true}});
    }
    database_.add(kCurrentTimeService, std::move(all));
}

/// Date Time stands among the measurements.
void Device::describeClock(std::vector<Characteristic>& ofMeasurement) {
    const Flags flags{.read = true, .write = settings_.clock.settable};
    switch (settings_.clock.kind) {
        case ClockKind::currentTime:
            return describeCurrentTime(flags);
        case ClockKind::elapsedTime:
            return database_.add(kElapsedTimeService, {{kElapsedTime, flags}});
        case ClockKind::deviceTime:
            return DeviceTimeService::describe(database_, settings_.clock.settable);
        case ClockKind::dateTime:
            return ofMeasurement.push_back({kDateTime, flags});
        case ClockKind::none:
            return;
    }
}

AttResult<Bytes> Device::read(const Characteristic& characteristic) {
    if (!characteristic.flags.read) return std::unexpected(AttError::readNotPermitted);
    if (endsAt(Step::read)) return std::unexpected(AttError::unlikely);
    if (const auto allowed = permit(characteristic, settings_.refuse.read); !allowed) {
        return std::unexpected(allowed.error());
    }
    const auto& uuid = characteristic.uuid;
    if (const auto constant = constants_.find(uuid); constant != constants_.end()) {
        return constant->second;
    }
    if (auto clock = readClock(uuid)) return std::move(*clock);
    return model_->read(uuid, age());
}

std::optional<Bytes> Device::readClock(const Uuid& characteristic) const {
    if (characteristic == kCurrentTime) {
        return currentTime(calendar_.now(), calendar_.fractions256(), adjustReason_);
    }
    if (characteristic == kElapsedTime) return elapsedTime(calendar_.now());
    if (settings_.clock.kind == ClockKind::deviceTime) {
        return deviceTime_.read(characteristic, calendar_.now());
    }
    if (characteristic != kDateTime) return std::nullopt;
    ByteWriter out;
    putDateTime(out, calendar_.now());
    return out.bytes();
}

AttResult<void> Device::write(const Characteristic& characteristic, ByteView value) {
    if (!characteristic.flags.write) return std::unexpected(AttError::writeNotPermitted);
    if (endsAt(Step::write)) return std::unexpected(AttError::unlikely);
    if (auto allowed = permit(characteristic, settings_.refuse.write); !allowed) return allowed;
    auto done = writeValue(characteristic, value);
    if (done) {
        ledger_.write(name(), "effect",
                      {{"characteristic", characteristic.uuid.shortText()}, {"hex", toHex(value)}});
    }
    return done;
}

AttResult<void> Device::writeValue(const Characteristic& characteristic, ByteView value) {
    const auto& uuid = characteristic.uuid;
    const bool isClock = uuid == kCurrentTime || uuid == kDateTime || uuid == kElapsedTime;
    if (isClock) return writeClock(characteristic, value);
    if (uuid == kBondControlPoint) return writeBondManagement(value);
    return ask(characteristic, value);
}

AttResult<void> Device::writeClock(const Characteristic& characteristic, ByteView value) {
    if (characteristic.uuid == kElapsedTime) {
        const auto time = fromElapsedTime(value);
        if (!time) return std::unexpected(time.error());
        calendar_.set(*time);
        return {};
    }
    const bool isCurrentTime = characteristic.uuid == kCurrentTime;
    if (value.size() != (isCurrentTime ? kCurrentTimeOctets : kDateTimeOctets)) {
        return std::unexpected(AttError::invalidLength);
    }
    const auto year = static_cast<std::uint16_t>(value[0] | value[1] << 8);
    const LocalDateTime time{year, value[2], value[3], value[4], value[5], value[6]};
    if (!time.isComplete()) return std::unexpected(AttError::outOfRange);
    calendar_.set(time);
    adjustReason_ = kManualUpdate;
    return {};
}

/// The bond goes when the link does.
AttResult<void> Device::writeBondManagement(ByteView value) {
    if (value.empty()) return std::unexpected(AttError::invalidLength);
    if (value[0] != kDeleteOwnBond) return std::unexpected(kBondOperationNotSupported);
    bondEndsWithLink_ = bond_ != Security::open;
    return {};
}

AttResult<Answer> Device::answerTo(const Characteristic& characteristic, ByteView value) {
    const auto& uuid = characteristic.uuid;
    const bool isAnswering =
        std::ranges::find(link_->now, uuid, &Output::characteristic) != link_->now.end();
    if (uuid != DeviceTimeService::kControlPoint) {
        return model_->write(uuid, value, {age(), isAnswering});
    }
    auto proposed = deviceTime_.propose(value);
    if (proposed.time) calendar_.set(*proposed.time);
    Answer out;
    out.outputs.push_back({uuid, std::move(proposed.answer)});
    return out;
}

/// A control point answers a while after the write, by indication: without a subscription to it, or
/// to what it would send, it refuses.
AttResult<void> Device::ask(const Characteristic& characteristic, ByteView value) {
    const auto& uuid = characteristic.uuid;
    const bool isControlPoint = characteristic.flags.indicate;
    if (isControlPoint && !isSubscribed(uuid)) {
        return std::unexpected(AttError::cccImproperlyConfigured);
    }
    auto answer = answerTo(characteristic, value);
    if (!answer) return std::unexpected(answer.error());
    reportLost();
    auto& outputs = answer->outputs;
    if (!outputs.empty() && !canGo(outputs.front())) {
        return std::unexpected(AttError::cccImproperlyConfigured);
    }
    if (answer->abandons) {
        const bool flies = link_->inFlight && !link_->flightIsKept;
        link_->now.resize(std::min<std::size_t>(link_->now.size(), flies ? 1 : 0));
    }
    std::ranges::move(outputs, std::back_inserter(link_->now));
    idle_.cancel();
    answers_ = clock_.after(kAnswerAfter, [this] {
        pump();
        afterDelivery();
    });
    return {};
}

}  // namespace vitalgate::simulator
