#include "adapters/profiles/mass_fields.hpp"

#include <fmt/format.h>

#include <array>

#include "adapters/profiles/decoding.hpp"

namespace vitalgate::profiles {

namespace {

constexpr std::uint16_t kNotKnown = 0xFFFF;

constexpr std::array<Resolution, 8> kMassResolutions{{{0, 3, 0, 2},
                                                      {0.5, 1, 1, 0},
                                                      {0.2, 1, 0.5, 1},
                                                      {0.1, 1, 0.2, 1},
                                                      {0.05, 2, 0.1, 1},
                                                      {0.02, 2, 0.05, 2},
                                                      {0.01, 2, 0.02, 2},
                                                      {0.005, 3, 0.01, 2}}};
constexpr std::array<Resolution, 4> kHeightResolutions{
    {{0, 3, 0, 1}, {0.01, 2, 1, 0}, {0.005, 3, 0.5, 1}, {0.001, 3, 0.1, 1}}};

template <std::size_t N>
const Resolution& at(const std::array<Resolution, N>& table, std::uint32_t code) {
    return table[code < N ? code : 0];
}

/// Without one the device does not say it.
void addResolution(std::vector<Field>& fields, std::string name, double resolution,
                   std::uint32_t decimals) {
    if (resolution == 0) return fields.push_back(noNumber(std::move(name)));
    fields.push_back({std::move(name), resolution, decimals});
}

/// A multiple of the field's step as a decimal number.
Decimal measured(std::int32_t mantissa, std::uint32_t fieldDecimals, std::uint32_t claimed) {
    auto decimals = fieldDecimals;
    while (decimals > claimed && mantissa % 10 == 0) {
        mantissa /= 10;
        --decimals;
    }
    return decimal(mantissa, -static_cast<int>(decimals));
}

}  // namespace

const Resolution& massResolution(std::uint32_t code) {
    return at(kMassResolutions, code);
}

const Resolution& heightResolution(std::uint32_t code) {
    return at(kHeightResolutions, code);
}

void addMassResolution(std::vector<Field>& fields, std::string_view name,
                       const Resolution& resolution) {
    addResolution(fields, fmt::format("{}ResolutionKg", name), resolution.metric,
                  resolution.metricDecimals);
    addResolution(fields, fmt::format("{}ResolutionLb", name), resolution.imperial,
                  resolution.imperialDecimals);
}

void addHeightResolution(std::vector<Field>& fields, const Resolution& resolution) {
    addResolution(fields, "heightResolutionM", resolution.metric, resolution.metricDecimals);
    addResolution(fields, "heightResolutionIn", resolution.imperial, resolution.imperialDecimals);
}

std::uint32_t scaleFeature(const DecodeOptions& options) {
    ByteReader reader(options.feature);
    return reader.u32("feature");
}

Quantity massOf(std::uint16_t raw, bool imperial, const Resolution& resolution) {
    if (imperial) return {measured(raw, 2, resolution.imperialDecimals), "[lb_av]"};
    return {measured(raw * 5, 3, resolution.metricDecimals), "kg"};
}

Quantity massOfTenths(std::uint16_t raw, const Resolution& resolution) {
    return {measured(raw, 1, resolution.imperialDecimals), "[lb_av]"};
}

Quantity heightOf(std::uint16_t raw, bool imperial, const Resolution& resolution) {
    if (imperial) return {measured(raw, 1, resolution.imperialDecimals), "[in_i]"};
    return {measured(raw, 3, resolution.metricDecimals), "m"};
}

Number knownNumber(std::uint16_t raw, const Number& number) {
    if (raw == kNotKnown) return std::unexpected(v1::ABSENT_RESERVED_VALUE);
    return zeroIsNotComputed(number);
}

std::string weighingOf(const Measurement& measurement) {
    const auto& reading = measurement.reading;
    if (reading.device_time().empty() && !reading.has_user_slot()) return "";
    return reading.device_time() + "/" +
           (reading.has_user_slot() ? std::to_string(reading.user_slot()) : "-");
}

}  // namespace vitalgate::profiles
