// What a store holds, and what a reading costs in one that is full of readings nobody was sent yet.
//   store_bench fill STORE KEY ROWS BYTES     appends so many readings; the most that the file may
//   take store_bench cost STORE KEY BYTES EMPTY    what a reading costs there, and in the new store
//   EMPTY
// KEY is the file of the store's key. One line a figure, its parts separated by tabs: name, value.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <asio/io_context.hpp>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "gateway/crypto/crypto.hpp"
#include "gateway/crypto/key_file.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/store/store.hpp"
#include "tests/bench/sample_reading.hpp"

namespace vitalgate::bench {

namespace {

constexpr std::uint64_t kRowsAtOnce = 500;
constexpr int kAppendsInFlight = 8;
/// Until the journal has its size: a file that grows costs more to sync.
constexpr std::uint64_t kWarmUpRows = 4000;
constexpr int kSingleRounds = 400;
constexpr int kBurstRounds = 30;

template <class T>
T orEnd(Result<T> result) {
    if (!result) {
        fmt::print(stderr, "store_bench: {}\n", result.error().message);
        std::exit(2);
    }
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct Sample {
    std::uint16_t characteristic;
    std::vector<std::uint8_t> value;
};

/// One of each kind that a household has: cuff, thermometer, scale, oximeter, heart rate strap.
std::vector<v1::Reading> sampleReadings() {
    const std::array<Sample, 5> samples{
        {{0x2A35, {kValue.begin(), kValue.end()}},
         {0x2A1C, {0x06, 0x6c, 0x01, 0x00, 0xff, 0xea, 0x07, 0x0b, 0x17, 0x08, 0x0e, 0x05, 0x02}},
         {0x2A9D,
          {0x0e, 0xa0, 0x37, 0xea, 0x07, 0x0b, 0x17, 0x08, 0x0e, 0x05, 0x01, 0xf5, 0x00, 0xae,
           0x06}},
         {0x2A5F, {0x00, 0x61, 0x00, 0x48, 0x00}},
         {0x2A37, {0x16, 0x48, 0x20, 0x03, 0x30, 0x03}}}};
    std::vector<v1::Reading> readings;
    for (const auto& [characteristic, value] : samples) {
        readings.push_back(
            filledReading(*profiles::findCharacteristic(Uuid(characteristic)), value));
    }
    return readings;
}

/// Readings of 20 devices, each with the next minute.
class Household {
  public:
    std::vector<store::NewRow> next(std::uint64_t count) {
        std::vector<store::NewRow> rows(count);
        for (auto& row : rows) fill(row);
        return rows;
    }

  private:
    static constexpr std::uint64_t kDevices = 20;

    void fill(store::NewRow& row) {
        auto& reading = *row.record.mutable_reading();
        reading = samples_[count_ % samples_.size()];
        reading.set_device(fmt::format("device-{}", count_ % kDevices));
        const auto seconds =
            reading.measured().seconds() + static_cast<std::int64_t>(count_ / kDevices) * 60;
        reading.mutable_measured()->set_seconds(seconds);
        reading.mutable_received()->mutable_time()->set_seconds(seconds);
        ++count_;
        row.id.resize(16);
        crypto::fillRandom(row.id);
    }

    std::vector<v1::Reading> samples_ = sampleReadings();
    std::uint64_t count_ = 0;
};

class Hub {
  public:
    Hub(std::string path, const std::string& keyFile, std::uint64_t maximumBytes) {
        store::StoreOptions options;
        options.path = std::move(path);
        options.maximumBytes = maximumBytes;
        options.key = orEnd(crypto::readKeyFile(keyFile));
        options.uplinks = {"care"};
        store_ = orEnd(store::Store::open(std::move(options), clock_, {}));
    }
    ~Hub() { store_->close(); }

    void append(std::uint64_t rows) {
        for (std::uint64_t begun = 0; begun < rows;) {
            const auto count = std::min(kRowsAtOnce, rows - begun);
            store_->append(household_.next(count), {}, [this](Result<store::Appended> appended) {
                orEnd(std::move(appended));
                --inFlight_;
            });
            begun += count;
            ++inFlight_;
            runUntilInFlight(kAppendsInFlight - 1);
        }
        runUntilInFlight(0);
    }
    [[nodiscard]] store::StoreStatus status() const { return store_->status(); }

  private:
    void runUntilInFlight(int most) {
        while (inFlight_ > most) {
            io_.restart();
            io_.run_one();
        }
    }

    asio::io_context io_;
    asio::executor_work_guard<asio::io_context::executor_type> guard_{io_.get_executor()};
    SystemClock clock_{io_};
    std::unique_ptr<store::Store> store_;
    Household household_;
    int inFlight_ = 0;
};

int fill(const std::vector<std::string>& arguments) {
    Hub hub(arguments[1], arguments[2], std::stoull(arguments[4]));
    hub.append(std::stoull(arguments[3]));
    const auto status = hub.status();
    fmt::print("rows\t{}\nnewest\t{}\nbytes\t{}\n", status.rows, status.newest, status.bytes);
    return 0;
}

/// Processor time of all threads and of the kernel on their behalf: it does not depend on what else
/// the machine and its disk are doing.
double processorMicroseconds() {
    timespec spent{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return static_cast<double>(spent.tv_sec) * 1e6 + static_cast<double>(spent.tv_nsec) / 1e3;
}

double microsecondsEach(Hub& hub, std::uint64_t rows) {
    const auto before = processorMicroseconds();
    hub.append(rows);
    return (processorMicroseconds() - before) / static_cast<double>(rows);
}

struct Costs {
    double full = 0;
    double empty = 0;
};

/// Of a reading that comes with so many others at once; by turns, so that both have the same
/// caches.
Costs compare(Hub& full, Hub& empty, std::uint64_t rows, int rounds) {
    Costs sum;
    for (int round = 0; round < rounds; ++round) {
        sum.full += microsecondsEach(full, rows);
        sum.empty += microsecondsEach(empty, rows);
    }
    return {sum.full / rounds, sum.empty / rounds};
}

int cost(const std::vector<std::string>& arguments) {
    const auto maximum = std::stoull(arguments[3]);
    Hub full(arguments[1], arguments[2], maximum);
    Hub empty(arguments[4], arguments[2], maximum);
    for (auto* hub : {&full, &empty}) hub->append(kWarmUpRows);
    const auto single = compare(full, empty, 1, kSingleRounds);
    const auto burst = compare(full, empty, kRowsAtOnce, kBurstRounds);
    fmt::print(
        "single-full\t{:.2f}\nsingle-empty\t{:.2f}\nburst-full\t{:.2f}\nburst-empty\t{:.2f}\n",
        single.full, single.empty, burst.full, burst.empty);
    return 0;
}

int run(const std::vector<std::string>& arguments) {
    orEnd(crypto::initialise());
    if (arguments.size() == 5 && arguments[0] == "fill") return fill(arguments);
    if (arguments.size() == 5 && arguments[0] == "cost") return cost(arguments);
    fmt::print(stderr,
               "usage: store_bench fill STORE KEY ROWS BYTES | cost STORE KEY BYTES EMPTY\n");
    return 2;
}

}  // namespace

}  // namespace vitalgate::bench

int main(int count, char** values) {
    return vitalgate::bench::run({values + 1, values + count});
}
