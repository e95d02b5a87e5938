// What a store holds, and what a reading costs in one that is full of readings nobody was sent yet.
//   store_bench fill STORE KEY ROWS BYTES
//       appends so many readings; the most that the file may take
//   store_bench cost STORE KEY BYTES EMPTY
//       what a reading costs there, and in the new store EMPTY
//   store_bench beside STORE KEY BYTES
//       how long one reading takes to be stored: alone, while rows are fetched as for a replay,
//       while rows are searched by time
//   store_bench salvage STORE KEY BYTES
//       the same while what can be read of STORE, which is damaged, is carried over
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
constexpr int kBesideRounds = 10;
constexpr int kBesideAppends = 100;
constexpr std::uint64_t kFetchBytes = 64ULL * 1024;

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

/// Processor time of all threads and of the kernel on their behalf: it does not depend on what else
/// the machine and its disk are doing.
double processorMicroseconds() {
    timespec spent{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return static_cast<double>(spent.tv_sec) * 1e6 + static_cast<double>(spent.tv_nsec) / 1e3;
}

class Hub {
  public:
    Hub(std::string path, const std::string& keyFile, std::uint64_t maximumBytes,
        Duration salvageLimit = store::StoreOptions{}.salvageLimit) {
        store::StoreOptions options;
        options.path = std::move(path);
        options.maximumBytes = maximumBytes;
        options.key = orEnd(crypto::readKeyFile(keyFile));
        options.uplinks = {"care"};
        options.salvageLimit = salvageLimit;
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

    /// Processor time from the call to the answer, of one reading after the other: what a step that
    /// is under way lets it wait is in it, what else the machine and its disk are doing is not.
    std::vector<double> appendMilliseconds(int readings) {
        std::vector<double> taken;
        for (int reading = 0; reading < readings; ++reading) {
            const auto before = processorMicroseconds();
            append(1);
            taken.push_back((processorMicroseconds() - before) / 1000);
        }
        return taken;
    }

    enum class Load { none, fetches, searches };
    /// Keeps the store at it until it is told something else.
    void load(Load kind) {
        load_ = kind;
        while (isLoaded_ && kind == Load::none) io_.run_one();
        if (!isLoaded_) loadOn(1);
    }

  private:
    void loadOn(std::uint64_t from) {
        isLoaded_ = load_ != Load::none;
        if (load_ == Load::fetches) {
            store_->fetch({from, store::kMaximumSequence}, {}, kFetchBytes,
                          [this](Result<std::vector<store::StoredRow>> fetched) {
                              const auto rows = orEnd(std::move(fetched));
                              loadOn(rows.empty() ? 1 : rows.back().sequence + 1);
                          });
        } else if (load_ == Load::searches) {
            store_->search({}, [this](Result<store::RangeSet> found) {
                orEnd(std::move(found));
                loadOn(1);
            });
        }
    }

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
    Load load_ = Load::none;
    bool isLoaded_ = false;
};

int fill(const std::vector<std::string>& arguments) {
    Hub hub(arguments[1], arguments[2], std::stoull(arguments[4]));
    hub.append(std::stoull(arguments[3]));
    const auto status = hub.status();
    fmt::print("rows\t{}\nnewest\t{}\nbytes\t{}\n", status.rows, status.newest, status.bytes);
    return 0;
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

void printTimes(std::string_view name, std::vector<double> milliseconds) {
    std::sort(milliseconds.begin(), milliseconds.end());
    const auto at = [&](std::size_t percent) {
        return milliseconds[(milliseconds.size() - 1) * percent / 100];
    };
    fmt::print("{0}-median\t{1:.3f}\n{0}-p99\t{2:.3f}\n{0}-longest\t{3:.3f}\n", name, at(50),
               at(99), at(100));
}

/// By turns, so that all meet the same journal and the same disk.
int beside(const std::vector<std::string>& arguments) {
    Hub hub(arguments[1], arguments[2], std::stoull(arguments[3]));
    hub.append(kWarmUpRows);
    const std::array<std::pair<std::string_view, Hub::Load>, 3> loads{
        {{"alone", Hub::Load::none},
         {"fetching", Hub::Load::fetches},
         {"searching", Hub::Load::searches}}};
    std::array<std::vector<double>, loads.size()> taken;
    for (int round = 0; round < kBesideRounds; ++round) {
        for (std::size_t i = 0; i < loads.size(); ++i) {
            hub.load(loads[i].second);
            const auto times = hub.appendMilliseconds(kBesideAppends);
            taken[i].insert(taken[i].end(), times.begin(), times.end());
        }
    }
    hub.load(Hub::Load::none);
    for (std::size_t i = 0; i < loads.size(); ++i) printTimes(loads[i].first, taken[i]);
    return 0;
}

int salvage(const std::vector<std::string>& arguments) {
    Hub hub(arguments[1], arguments[2], std::stoull(arguments[3]), Duration::zero());
    const auto before = hub.status().rows;
    const auto times = hub.appendMilliseconds(kBesideAppends);
    // What came besides the readings: it went on all the time.
    fmt::print("carried\t{}\n", hub.status().rows - before - kBesideAppends);
    printTimes("salvaging", times);
    return 0;
}

int run(const std::vector<std::string>& arguments) {
    orEnd(crypto::initialise());
    if (arguments.size() == 5 && arguments[0] == "fill") return fill(arguments);
    if (arguments.size() == 5 && arguments[0] == "cost") return cost(arguments);
    if (arguments.size() == 4 && arguments[0] == "beside") return beside(arguments);
    if (arguments.size() == 4 && arguments[0] == "salvage") return salvage(arguments);
    fmt::print(stderr,
               "usage: store_bench fill STORE KEY ROWS BYTES | cost STORE KEY BYTES EMPTY | beside "
               "STORE KEY BYTES | salvage STORE KEY BYTES\n");
    return 2;
}

}  // namespace

}  // namespace vitalgate::bench

int main(int count, char** values) {
    return vitalgate::bench::run({values + 1, values + count});
}
