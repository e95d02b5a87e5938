#include "adapters/simulator/body_composition.hpp"

#include <array>

namespace vitalgate::simulator {

namespace {

const Uuid kService{0x181b};
const Uuid kMeasurement{0x2a9c};
const Uuid kFeature{0x2a9b};

constexpr std::array kValues{
    ValueSpec{"fat", false, 0, 6553.4},           ValueSpec{"basal-metabolism", false, 0, 65535},
    ValueSpec{"muscle", false, 0, 6553.5},        ValueSpec{"muscle-mass", false, 0, 655.35},
    ValueSpec{"fat-free-mass", false, 0, 655.35}, ValueSpec{"soft-lean-mass", false, 0, 655.35},
    ValueSpec{"water-mass", false, 0, 655.35},    ValueSpec{"impedance", false, 0, 6553.5}};

/// 3.2.1.1: the flags of a measurement besides those of its fields.
enum Flag : std::uint16_t { imperial = 0x0001, time = 0x0002, user = 0x0004, packets = 0x1000 };
constexpr std::uint16_t kUnsuccessful = 0xffff;
constexpr double kPercentStep = 0.1;

/// An optional field: its flag, its unit in each system, and in which packet it goes.
struct FieldSpec {
    std::string_view name;
    std::uint16_t flag;
    double metric;
    double imperial;
    int packet;
    bool isOfWeight = false;
};
constexpr std::array kFields{
    FieldSpec{"basal-metabolism", 0x0008, 1, 1, 0},
    FieldSpec{"muscle", 0x0010, kPercentStep, kPercentStep, 0},
    FieldSpec{"muscle-mass", 0x0020, 0.005, 0.01, 0},
    FieldSpec{"fat-free-mass", 0x0040, 0.005, 0.01, 0},
    FieldSpec{"soft-lean-mass", 0x0080, 0.005, 0.01, 1},
    FieldSpec{"water-mass", 0x0100, 0.005, 0.01, 1},
    FieldSpec{"impedance", 0x0200, 0.1, 0.1, 1},
    FieldSpec{"weight", 0x0400, 0.005, 0.01, 1, true},
    FieldSpec{"height", 0x0800, 0.001, 0.1, 1, true},
};

/// All optional fields; masses in steps of 0.005 kg or 0.01 lb (code 7), heights in steps of
/// 0.001 m or 0.1 in (code 3).
constexpr std::uint32_t kFeatures = 0x07ffU | 7U << 11U | 3U << 15U;

constexpr int kEveryPacket = -1;

Bytes encode(const Sample& sample, const CompositionForm& form, int packet) {
    unsigned flags = 0;
    if (form.inPounds) flags |= imperial;
    if (sample.time) flags |= time;
    if (sample.user) flags |= user;
    if (packet != kEveryPacket) flags |= packets;
    ByteWriter fields;
    for (const auto& each : kFields) {
        const auto* number = sample.find(each.name);
        if (!number || sample.failed || (each.isOfWeight && !form.withWeight)) continue;
        if (packet != kEveryPacket && packet != each.packet) continue;
        flags |= each.flag;
        fields.u16(scaled16(number->value, form.inPounds ? each.imperial : each.metric));
    }
    // The second packet has the field too, and nothing to say in it.
    const auto fat = packet == 1 ? kNotANumber : sample.get("fat");
    ByteWriter out;
    out.u16(static_cast<std::uint16_t>(flags));
    out.u16(fat.special == Special::none ? scaled16(fat.value, kPercentStep) : kUnsuccessful);
    if (sample.time) putDateTime(out, *sample.time);
    if (sample.user) out.u8(*sample.user);
    return out.octets(fields.bytes()).bytes();
}

}  // namespace

std::span<const ValueSpec> compositionValues() {
    return kValues;
}

const Uuid& compositionService() {
    return kService;
}

std::vector<Characteristic> compositionCharacteristics() {
    return {{kFeature, {.read = true}}, {kMeasurement, {.indicate = true}}};
}

std::optional<Bytes> readComposition(const Uuid& characteristic) {
    if (characteristic != kFeature) return std::nullopt;
    return ByteWriter{}.u32(kFeatures).bytes();
}

/// Both packets say that there are two, and have the time and the user, by which they are known as
/// one measurement.
Outputs encodeComposition(const Sample& sample, const CompositionForm& form, std::uint64_t number) {
    if (!form.inTwoPackets || sample.failed) {
        return {{kMeasurement, encode(sample, form, kEveryPacket), {number}}};
    }
    return {{kMeasurement, encode(sample, form, 0), {number}},
            {kMeasurement, encode(sample, form, 1), {number}}};
}

}  // namespace vitalgate::simulator
