#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <utility>

#include "adapters/profiles/profile.hpp"
#include "gateway/base/time.hpp"

namespace vitalgate::bench {

/// 128/82, mean 97, with time stamp, pulse, user and status: every field that there is.
inline constexpr std::array<std::uint8_t, 19> kValue{0x1e, 0x80, 0x00, 0x52, 0x00, 0x61, 0x00,
                                                     0xea, 0x07, 0x0b, 0x17, 0x08, 0x0e, 0x05,
                                                     0x47, 0x00, 0x01, 0x04, 0x00};

inline profiles::Measurement decoded(const profiles::CharacteristicSpec& spec, ByteView value) {
    auto result = spec.decode(value, {});
    return std::move(std::get<profiles::Measurement>(*result));
}

inline const profiles::CharacteristicSpec& bloodPressure() {
    return *profiles::findCharacteristic(Uuid(0x2A35));
}

/// As the hub fills it in: identity, times, subject, source, and the octets as they came.
inline v1::Reading filledReading(const profiles::CharacteristicSpec& spec, ByteView value) {
    auto reading = decoded(spec, value).reading;
    Moment moment;
    moment.wall = WallTime{std::chrono::seconds{1795421645} + std::chrono::milliseconds{120}};
    moment.trust = ClockTrust::synchronised;
    moment.boot = 17;
    moment.uptime = SteadyTime{std::chrono::hours{300}};
    reading.set_id("6f1f3f6e-5d0c-8a41-9d3b-0a8a5c1b7e42");
    reading.set_id_basis(v1::ID_DEVICE_TIME);
    reading.set_device("cuff");
    toTimestamp(moment.wall, *reading.mutable_measured());
    reading.set_time_basis(v1::TIME_CORRECTED);
    reading.set_utc_offset_min(60);
    reading.mutable_device_clock()->set_ahead_ms(-43000);
    toStamp(moment, *reading.mutable_device_clock()->mutable_compared());
    toStamp(moment, *reading.mutable_received());
    reading.set_subject("p-7f3a91");
    reading.set_subject_basis(v1::SUBJECT_SLOT);
    auto& source = *reading.mutable_source();
    source.set_profile("blood-pressure");
    source.set_link(v1::LINK_ENCRYPTED);
    source.set_adapter("hci0");
    source.set_rssi_dbm(-61);
    auto& raw = *source.add_raw();
    raw.set_characteristic(fmt::format("{:04X}", spec.uuid));
    raw.set_value(value.data(), value.size());
    return reading;
}

}  // namespace vitalgate::bench
