#include "adapters/simulator/device_time_service.hpp"

namespace vitalgate::simulator {

namespace {

namespace chr = std::chrono;

const Uuid kService{0x1847};
const Uuid kFeature{0x2b8e};
const Uuid kParameters{0x2b8f};

constexpr std::uint16_t kNoCrc = 0xffff;
/// Displayed to the user; the epoch is 2000.
constexpr std::uint16_t kFeatures = 0x0008 | 0x0400;
/// One second, in 1/65536 s, as near as the field gets.
constexpr std::uint16_t kResolution = 0xffff;
/// The base time counts from 2000, and is UTC.
constexpr std::uint16_t kStatus = 0x0010 | 0x0002;

constexpr chr::local_days kEpoch{chr::year{2000} / 1 / 1};
constexpr chr::minutes kQuarter{15};

/// Control point: op codes, and what is answered.
constexpr std::uint8_t kPropose = 0x02;
constexpr std::uint8_t kForce = 0x03;
constexpr std::uint8_t kResponse = 0x09;
enum Code : std::uint8_t { success = 1, unsupported = 2, operandInvalid = 3, rejected = 5 };
constexpr std::size_t kUpdateOctets = 11;
constexpr std::uint16_t kSince2000 = 0x0040;
constexpr std::uint16_t kWrongEpoch = 0x0040;

Bytes answer(std::uint8_t operation, std::uint8_t code) {
    return {kResponse, operation, code};
}

std::uint8_t quarters(chr::minutes offset) {
    return static_cast<std::uint8_t>(static_cast<std::int8_t>(offset / kQuarter));
}

}  // namespace

void DeviceTimeService::describe(Database& database, bool settable) {
    std::vector<Characteristic> all{{kFeature, {.read = true}},
                                    {kParameters, {.read = true}},
                                    {kTime, {.read = true, .indicate = true}}};
    if (settable) all.push_back({kControlPoint, {.write = true, .indicate = true}});
    database.add(kService, std::move(all));
}

std::optional<Bytes> DeviceTimeService::read(const Uuid& characteristic,
                                             const LocalDateTime& now) const {
    if (characteristic == kFeature) return ByteWriter{}.u16(kNoCrc).u16(kFeatures).bytes();
    if (characteristic == kParameters) return ByteWriter{}.u16(kResolution).bytes();
    if (characteristic != kTime) return std::nullopt;
    const auto base = toLocalDateTime(toLocal(now) - zone_ - daylightSaving_);
    return ByteWriter{}
        .u32(secondsSince2000(base))
        .u8(quarters(zone_))
        .u8(quarters(daylightSaving_))
        .u16(kStatus)
        .bytes();
}

DeviceTimeService::Proposed DeviceTimeService::propose(ByteView value) {
    const auto operation = value.empty() ? std::uint8_t{0} : value[0];
    if (operation != kPropose && operation != kForce) {
        return {answer(operation, unsupported), std::nullopt};
    }
    if (value.size() != kUpdateOctets) return {answer(operation, operandInvalid), std::nullopt};
    ByteReader reader(value);
    reader.u8("op code");
    const auto flags = reader.u16("flags");
    const chr::seconds base{reader.u32("base time")};
    const auto zone = kQuarter * reader.s8("time zone");
    const auto daylightSaving = kQuarter * reader.u8("daylight saving offset");
    if ((flags & kSince2000) == 0) {
        auto no = answer(operation, rejected);
        no.push_back(kWrongEpoch & 0xffU);
        no.push_back(kWrongEpoch >> 8U);
        return {std::move(no), std::nullopt};
    }
    zone_ = zone;
    daylightSaving_ = daylightSaving;
    const auto shown = kEpoch + base + zone + daylightSaving;
    return {answer(operation, success), toLocalDateTime(shown)};
}

}  // namespace vitalgate::simulator
