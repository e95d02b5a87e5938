#pragma once

#include <doctest/doctest.h>

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

#include "adapters/profiles/profile.hpp"
#include "tests/profiles/invariants.hpp"

namespace vitalgate::testing {

/// One field of a worked sample: its octets, and what they say.
struct Annotated {
    std::string_view hex;
    std::string_view meaning;
};

inline Bytes octets(std::string_view hex) {
    auto bytes = fromHex(hex);
    REQUIRE(bytes);
    return *bytes;
}

inline Bytes sample(std::initializer_list<Annotated> fields) {
    std::string hex;
    for (const auto& field : fields) hex += field.hex;
    return octets(hex);
}

inline const profiles::CharacteristicSpec& spec(std::uint16_t uuid) {
    const auto* found = profiles::findCharacteristic(Uuid(uuid));
    REQUIRE(found != nullptr);
    return *found;
}

inline profiles::Measurement measurement(std::uint16_t uuid, ByteView value,
                                         const profiles::DecodeOptions& options = {}) {
    const auto decoded = spec(uuid).decode(value, options);
    if (!decoded) FAIL(decoded.error().message);
    REQUIRE(std::holds_alternative<profiles::Measurement>(*decoded));
    return std::get<profiles::Measurement>(*decoded);
}

inline profiles::DecodeError decodeError(std::uint16_t uuid, ByteView value,
                                         const profiles::DecodeOptions& options = {}) {
    const auto decoded = spec(uuid).decode(value, options);
    REQUIRE_FALSE(decoded);
    return decoded.error();
}

inline std::string json(std::uint16_t uuid, std::string_view hex,
                        const profiles::DecodeOptions& options = {}) {
    const auto text = profiles::describeAsJson(Uuid(uuid), octets(hex), options);
    return text ? *text : text.error().message;
}

/// "128 mm[Hg]" with the device's digits, "absent not-computed" by number, or "no such
/// observation".
inline std::string shown(const profiles::Measurement& measurement, std::string_view code) {
    for (const auto& observation : measurement.reading.observations()) {
        if (observation.code() != code) continue;
        if (observation.has_absent()) return v1::Absent_Name(observation.absent());
        return fmt::format("{:.{}f} {}", observation.value(), observation.decimals(),
                           observation.unit());
    }
    return "no such observation";
}

inline std::string reported(const profiles::Measurement& measurement, std::string_view code) {
    for (const auto& observation : measurement.reading.observations()) {
        if (observation.code() != code) continue;
        if (!observation.has_reported()) return "";
        const auto& quantity = observation.reported();
        return fmt::format("{:.{}f} {}", quantity.value(), quantity.decimals(), quantity.unit());
    }
    return "no such observation";
}

/// The words that concern one observation alone.
inline std::vector<std::string> statusOf(const profiles::Measurement& measurement,
                                         std::string_view code) {
    for (const auto& observation : measurement.reading.observations()) {
        if (observation.code() != code) continue;
        return {observation.status().begin(), observation.status().end()};
    }
    return {"no such observation"};
}

inline std::vector<std::string> statusOf(const profiles::Measurement& measurement) {
    return {measurement.reading.status().begin(), measurement.reading.status().end()};
}

/// Every proper prefix is refused as truncated, at a field and a place within it, but for the
/// lengths that are a format of their own.
inline void checkPrefixes(std::uint16_t uuid, ByteView whole, std::set<std::size_t> legal = {},
                          const profiles::DecodeOptions& options = {}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
        CAPTURE(length);
        const auto decoded = spec(uuid).decode(whole.first(length), options);
        CHECK(decoded.has_value() == legal.contains(length));
        CHECK(violation(spec(uuid), whole.first(length), options) == "");
        if (!decoded) CHECK(decoded.error().reason == v1::REFUSED_TRUNCATED);
    }
}

/// Every single wrong bit is refused or gives something that may be believed.
inline void checkBitFlips(std::uint16_t uuid, Bytes value,
                          const profiles::DecodeOptions& options = {}) {
    for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
        CAPTURE(bit);
        const auto mask = static_cast<std::uint8_t>(1U << bit % 8);
        value[bit / 8] ^= mask;
        CHECK(violation(spec(uuid), value, options) == "");
        value[bit / 8] ^= mask;
    }
}

/// With the CRC that its feature value announces, a value is believed, and with any single wrong
/// bit nothing of it.
inline void checkProtected(std::uint16_t uuid, Bytes value,
                           const profiles::DecodeOptions& options) {
    CHECK_FALSE(isRefused(spec(uuid).decode(value, options)));
    checkBitFlips(uuid, value, options);
    for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
        CAPTURE(bit);
        const auto mask = static_cast<std::uint8_t>(1U << bit % 8);
        value[bit / 8] ^= mask;
        CHECK(isRefused(spec(uuid).decode(value, options)));
        value[bit / 8] ^= mask;
    }
}

/// One octet more is malformed, and so is more than any attribute holds.
inline void checkTrailing(std::uint16_t uuid, Bytes value,
                          const profiles::DecodeOptions& options = {}) {
    const auto end = value.size();
    value.push_back(0);
    const auto error = decodeError(uuid, value, options);
    CHECK(error.reason == v1::REFUSED_MALFORMED);
    CHECK(error.field == "end");
    CHECK(error.octet == end);
    CHECK(violation(spec(uuid), value, options) == "");
    value.resize(600, 0);
    CHECK(decodeError(uuid, value, options).reason == v1::REFUSED_MALFORMED);
    CHECK(violation(spec(uuid), value, options) == "");
}

}  // namespace vitalgate::testing
