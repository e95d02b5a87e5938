#include <algorithm>
#include <array>

#include "adapters/simulator/model.hpp"

// Health Thermometer Service 1.0: 2A1C, 2A1D, 2A1E, 2A21.
namespace vitalgate::simulator {

namespace {

const Uuid kService{0x1809};
const Uuid kMeasurement{0x2a1c};
const Uuid kType{0x2a1d};
const Uuid kIntermediate{0x2a1e};
const Uuid kInterval{0x2a21};
constexpr std::size_t kIntervalOctets = 2;

constexpr std::array kValues{ValueSpec{"temperature", true, -100, 300}};
constexpr std::array<std::string_view, 2> kUnits{"degC", "degF"};
constexpr std::array<std::string_view, 9> kSites{
    "armpit", "body", "ear", "finger", "gastro-intestinal", "mouth", "rectum", "toe", "tympanum"};

/// 3.1.1: the flags of a measurement.
enum Flag : std::uint8_t { fahrenheit = 1, time = 2, type = 4 };

/// How far below the final value the ones before it are, each.
constexpr double kStep = 0.3;

class Thermometer final : public Model {
  public:
    explicit Thermometer(const DeviceSettings& settings)
        : inFahrenheit_(settings.unit == "degF"), own_(settings.thermometer) {}

    void describe(Database& database, std::vector<Characteristic> clock) const override {
        std::vector<Characteristic> all{{kMeasurement, {.indicate = true}}};
        if (own_.site) all.push_back({kType, {.read = true}});
        if (own_.intermediate > 0) all.push_back({kIntermediate, {.notify = true}});
        if (own_.intervalSeconds) all.push_back({kInterval, {.read = true, .write = true}});
        all.insert(all.end(), clock.begin(), clock.end());
        database.add(kService, std::move(all));
    }
    [[nodiscard]] std::vector<Uuid> advertised() const override { return {kService}; }

    [[nodiscard]] AttResult<Bytes> read(const Uuid& characteristic, Duration age) const override {
        if (characteristic == kType && own_.site) return Bytes{*own_.site};
        if (characteristic == kInterval && own_.intervalSeconds) {
            return ByteWriter{}.u16(*own_.intervalSeconds).bytes();
        }
        return Model::read(characteristic, age);
    }

    /// It is kept; when the device measures is the scenario's.
    AttResult<Answer> write(const Uuid& characteristic, ByteView value,
                            const Request& request) override {
        if (characteristic != kInterval || !own_.intervalSeconds) {
            return Model::write(characteristic, value, request);
        }
        if (value.size() != kIntervalOctets) return std::unexpected(AttError::invalidLength);
        own_.intervalSeconds = static_cast<std::uint16_t>(value[0] | value[1] << 8);
        return Answer{};
    }

    Outputs measured(const Sample& sample, std::uint64_t number) override {
        Outputs out;
        for (int left = own_.intermediate; left > 0; --left) {
            auto early = sample.get("temperature");
            early.value -= kStep * left;
            out.push_back({kIntermediate, encode(sample, early)});
        }
        out.push_back({kMeasurement, encode(sample, sample.get("temperature")), {number}});
        return out;
    }

  private:
    [[nodiscard]] Bytes encode(const Sample& sample, const Number& temperature) const {
        int flags = 0;
        if (inFahrenheit_) flags |= fahrenheit;
        if (sample.time) flags |= time;
        if (own_.site) flags |= type;
        ByteWriter out;
        out.u8(static_cast<std::uint8_t>(flags)).u32(float32(temperature));
        if (sample.time) putDateTime(out, *sample.time);
        if (own_.site) out.u8(*own_.site);
        return out.bytes();
    }

    bool inFahrenheit_;
    ThermometerSettings own_;
};

std::unique_ptr<Model> make(const DeviceSettings& settings) {
    return std::make_unique<Thermometer>(settings);
}

}  // namespace

std::optional<std::uint8_t> temperatureSite(std::string_view word) {
    const auto found = std::ranges::find(kSites, word);
    if (found == kSites.end()) return std::nullopt;
    return static_cast<std::uint8_t>(found - kSites.begin() + 1);
}

ModelSpec thermometerSpec() {
    return {.word = "thermometer",
            .values = kValues,
            .units = kUnits,
            .clock = ClockKind::currentTime,
            .memory = 30,
            .make = make};
}

}  // namespace vitalgate::simulator
