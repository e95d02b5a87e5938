#include <algorithm>
#include <array>

#include "adapters/simulator/model.hpp"

// Heart Rate Service 1.0: 2A37, 2A38, 2A39.
namespace vitalgate::simulator {

namespace {

const Uuid kService{0x180d};
const Uuid kMeasurement{0x2a37};
const Uuid kLocation{0x2a38};
const Uuid kControlPoint{0x2a39};

constexpr std::uint8_t kChest = 1;
constexpr std::uint8_t kResetEnergy = 1;
constexpr auto kControlPointNotSupported = AttError::applicationRefused;

constexpr std::array kValues{ValueSpec{"rate", true, 0, 65535},
                             ValueSpec{"energy", false, 0, 65535},
                             ValueSpec{"interval", false, 0, 63999, true}};
/// Bits of the flags that a status word sets.
constexpr std::array kStatuses{StatusSpec{"contact", 0x06}, StatusSpec{"no-contact", 0x04}};

/// 3.1.1: the flags of a measurement; bits 1 and 2 come from the status.
enum Flag : std::uint8_t { wideRate = 1, contactSupported = 4, energy = 8, interval = 16 };

class HeartRate final : public Model {
  public:
    void describe(Database& database, std::vector<Characteristic> clock) const override {
        std::vector<Characteristic> all{{kMeasurement, {.notify = true}},
                                        {kLocation, {.read = true}},
                                        {kControlPoint, {.write = true}}};
        all.insert(all.end(), clock.begin(), clock.end());
        database.add(kService, std::move(all));
    }
    [[nodiscard]] std::vector<Uuid> advertised() const override { return {kService}; }

    [[nodiscard]] AttResult<Bytes> read(const Uuid& characteristic, Duration age) const override {
        if (characteristic != kLocation) return Model::read(characteristic, age);
        return Bytes{kChest};
    }

    /// What was burnt before counts no more.
    AttResult<Answer> write(const Uuid& characteristic, ByteView value,
                            const Request& request) override {
        if (characteristic != kControlPoint) return Model::write(characteristic, value, request);
        if (value.size() != 1) return std::unexpected(AttError::invalidLength);
        if (value[0] != kResetEnergy) return std::unexpected(kControlPointNotSupported);
        before_ = burnt_;
        return Answer{};
    }

    Outputs measured(const Sample& sample, std::uint64_t number) override {
        if (const auto* burnt = sample.find("energy")) burnt_ = burnt->value;
        return {{kMeasurement, encode(sample), {number}}};
    }

  private:
    /// A strap that has lost the skin says so and gives a rate of zero.
    [[nodiscard]] Bytes encode(const Sample& sample) const {
        const auto rate = sample.failed ? std::uint16_t{0} : scaled16(sample.get("rate").value, 1);
        const bool hasEnergy = sample.find("energy") != nullptr;
        const auto beats = sample.failed ? std::vector<Number>{} : sample.list("interval");
        auto flags = sample.failed ? unsigned{contactSupported} : unsigned(sample.status);
        if (rate > 255) flags |= wideRate;
        if (hasEnergy) flags |= energy;
        if (!beats.empty()) flags |= interval;
        ByteWriter out;
        out.u8(static_cast<std::uint8_t>(flags));
        if (rate > 255) {
            out.u16(rate);
        } else {
            out.u8(static_cast<std::uint8_t>(rate));
        }
        if (hasEnergy) out.u16(scaled16(std::max(burnt_ - before_, 0.0), 1));
        for (const auto& each : beats) out.u16(scaled16(each.value, 1000.0 / 1024.0));
        return out.bytes();
    }

    double burnt_ = 0;   ///< by the scenario
    double before_ = 0;  ///< what of it was burnt before the last reset
};

std::unique_ptr<Model> make(const DeviceSettings&) {
    return std::make_unique<HeartRate>();
}

}  // namespace

ModelSpec heartRateSpec() {
    return {.word = "heart-rate", .values = kValues, .statuses = kStatuses, .make = make};
}

}  // namespace vitalgate::simulator
