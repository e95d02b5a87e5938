// Measures what a value costs on its way from the radio to the store, each figure beside the plain
// copying of the same octets in the same run. One line a figure, its parts separated by tabs:
//   name  value  unit  promised  times the copying
// Status 1 if a promise is missed. Only an optimised build says anything.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "adapters/profiles/blood_pressure_frame.hpp"
#include "adapters/profiles/profile.hpp"
#include "gateway/base/time.hpp"

namespace vitalgate::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBatches = 301;
constexpr double kDecodeNs = 20;
constexpr double kSerialiseNs = 500;
/// With the protobuf message, whose parts are allocated one by one.
constexpr double kReadingNs = 3000;

/// 128/82, mean 97, with time stamp, pulse, user and status: every field that there is.
constexpr std::array<std::uint8_t, 19> kValue{0x1e, 0x80, 0x00, 0x52, 0x00, 0x61, 0x00,
                                              0xea, 0x07, 0x0b, 0x17, 0x08, 0x0e, 0x05,
                                              0x47, 0x00, 0x01, 0x04, 0x00};

/// The compiler must take it that somebody reads and changes what `pointer` points to.
template <class T>
void touch(T* pointer) {
    asm volatile("" : : "r"(pointer) : "memory");
}

struct Figure {
    double nanoseconds = 0;
    double timesTheCopying = 0;
};

template <class Work>
double nanosecondsEach(int repetitions, Work&& work) {
    const auto begin = Clock::now();
    for (int i = 0; i < repetitions; ++i) work();
    const std::chrono::duration<double, std::nano> taken = Clock::now() - begin;
    return taken.count() / repetitions;
}

/// Batches of both by turns; the fastest of each counts: whatever else runs can only add to it.
template <class Work, class Copying>
Figure measure(int repetitions, Work&& work, Copying&& copying) {
    std::vector<double> working;
    std::vector<double> copied;
    for (int batch = 0; batch < kBatches; ++batch) {
        working.push_back(nanosecondsEach(repetitions, work));
        copied.push_back(nanosecondsEach(repetitions, copying));
    }
    const auto nanoseconds = std::ranges::min(working);
    return {nanoseconds, nanoseconds / std::ranges::min(copied)};
}

/// True if what is promised was kept.
bool print(std::string_view name, const Figure& figure, double promised) {
    fmt::print("{}\t{:.1f}\tns\t{}\t{:.1f}\n", name, figure.nanoseconds, promised,
               figure.timesTheCopying);
    return figure.nanoseconds <= promised;
}

auto copyingOfValue() {
    return [value = kValue, sink = kValue]() mutable {
        touch(&value);
        std::memcpy(sink.data(), value.data(), value.size());
        touch(&sink);
    };
}

Figure measureParsing() {
    auto value = kValue;
    const auto& quirk = profiles::decoderQuirk("");
    const auto parse = [&] {
        touch(&value);
        ByteReader reader(value);
        auto frame = profiles::readBloodPressure(reader, quirk);
        touch(&frame);
        touch(&reader);
    };
    return measure(20000, parse, copyingOfValue());
}

profiles::Measurement decoded(const profiles::CharacteristicSpec& spec, ByteView value) {
    auto result = spec.decode(value, {});
    return std::move(std::get<profiles::Measurement>(*result));
}

const profiles::CharacteristicSpec& bloodPressure() {
    return *profiles::findCharacteristic(Uuid(0x2A35));
}

Figure measureDecoding() {
    auto value = kValue;
    const auto decode = [&] {
        touch(&value);
        auto measurement = decoded(bloodPressure(), value);
        touch(&measurement);
    };
    return measure(1000, decode, copyingOfValue());
}

/// As the hub fills it in: identity, times, subject, source, and the octets as they came.
v1::Reading filledReading() {
    auto reading = decoded(bloodPressure(), kValue).reading;
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
    raw.set_characteristic("2A35");
    raw.set_value(kValue.data(), kValue.size());
    return reading;
}

Figure measureSerialising() {
    auto reading = filledReading();
    std::string out;
    const auto serialise = [&] {
        touch(&reading);
        if (!reading.SerializeToString(&out)) std::abort();
        touch(out.data());
    };
    serialise();
    std::string copy(out.size(), '\0');
    const auto copying = [&] {
        touch(out.data());
        std::memcpy(copy.data(), out.data(), out.size());
        touch(copy.data());
    };
    return measure(2000, serialise, copying);
}

int run() {
    const bool parsed =
        print("blood-pressure decode, octets to fields", measureParsing(), kDecodeNs);
    const bool serialised = print("filled reading serialised", measureSerialising(), kSerialiseNs);
    const bool decoded = print("blood-pressure octets to reading", measureDecoding(), kReadingNs);
    return parsed && serialised && decoded ? 0 : 1;
}

}  // namespace

}  // namespace vitalgate::bench

int main() {
    return vitalgate::bench::run();
}
