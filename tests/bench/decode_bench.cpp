// Measures what a value costs on its way from the radio to the store, each figure beside the plain
// copying of the same octets in the same run. One line a figure, its parts separated by tabs:
//   name  value  unit  promised  times the copying
// What is promised is for a machine that serialises a message of the protobuf library's own in
// kYardstickNs: a slower one has as much more time as it needs more for that, in the same run.
// Status 1 if a promise is missed. Only an optimised build says anything.
#include <fmt/format.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "adapters/profiles/blood_pressure_frame.hpp"
#include "tests/bench/sample_reading.hpp"

namespace vitalgate::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBatches = 301;
constexpr double kDecodeNs = 20;
constexpr double kSerialiseNs = 500;
constexpr double kYardstickNs = 2700;
/// With the protobuf message, whose parts are allocated one by one.
constexpr double kReadingNs = 3000;

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
    fmt::print("{}\t{:.1f}\tns\t{:.0f}\t{:.1f}\n", name, figure.nanoseconds, promised,
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

/// How many times slower than the one of the promises this machine is; 1 for a faster one.
double slowness() {
    google::protobuf::FileDescriptorProto description;
    v1::Reading::descriptor()->file()->CopyTo(&description);
    std::string out;
    const auto serialise = [&] {
        touch(&description);
        if (!description.SerializeToString(&out)) std::abort();
        touch(out.data());
    };
    const auto figure = measure(200, serialise, copyingOfValue());
    return std::max(1.0, figure.nanoseconds / kYardstickNs);
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

Figure measureDecoding() {
    auto value = kValue;
    const auto decode = [&] {
        touch(&value);
        auto measurement = decoded(bloodPressure(), value);
        touch(&measurement);
    };
    return measure(1000, decode, copyingOfValue());
}

Figure measureSerialising() {
    auto reading = filledReading(bloodPressure(), kValue);
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
    const auto times = slowness();
    const bool parsed =
        print("blood-pressure decode, octets to fields", measureParsing(), times * kDecodeNs);
    const bool serialised =
        print("filled reading serialised", measureSerialising(), times * kSerialiseNs);
    const bool decoded =
        print("blood-pressure octets to reading", measureDecoding(), times * kReadingNs);
    return parsed && serialised && decoded ? 0 : 1;
}

}  // namespace

}  // namespace vitalgate::bench

int main() {
    return vitalgate::bench::run();
}
